"""Depositing from the command line: the same use cases, and a wait for the letter."""

from __future__ import annotations

import hashlib
import mimetypes
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from chain_adapter import Digest
from portal.audit.actor import Actor
from portal.deposits.models import Deposit, State
from portal.deposits.service import Accepted, DepositService, Download, Metadata
from portal.problems import BadInput
from portal.storage import VaultError
from portal.vault_problems import vault_problem

_BLOCK: Final = 1 << 20
_LOOK_AGAIN_SECONDS: Final = 0.1


def deposit_and_wait(
    deposits: DepositService,
    actor: Actor,
    file: Path,
    *,
    digest_only: bool,
    title: str,
    note: str,
    folder: Path,
    patience: timedelta,
) -> dict[str, Any]:
    """Deposit ``file``, help to advance it, and save what was issued into ``folder``.

    Returns:
        ``id``, ``number``, ``state``, and once issued the paths ``letter``, ``package``, ``token``;
        while it still waits, ``waits_for`` in words.
    """
    media_type = mimetypes.guess_type(file.name)[0] or ""
    meta = Metadata(title, note, file.name, media_type)
    accepted = (_digest if digest_only else _file)(deposits, actor, file, meta)
    deposit = _issued(deposits, actor, accepted.deposit.id, patience)
    done: dict[str, Any] = {"id": deposit.id, "number": deposit.number, "state": str(deposit.state)}
    if deposit.state != State.ISSUED:
        return done | {"waits_for": deposit.wait_detail or "a worker"}
    folder.mkdir(parents=True, exist_ok=True)
    for name, get in {
        "letter": deposits.letter,
        "package": deposits.package,
        "token": deposits.token,
    }.items():
        done[name] = str(_save(lambda get=get: get(actor, deposit.id), folder))  # type: ignore[misc]
    return done


def _file(deposits: DepositService, actor: Actor, file: Path, meta: Metadata) -> Accepted:
    intake = deposits.intake()
    try:
        with file.open("rb") as source:
            while block := source.read(_BLOCK):
                intake.write(block)
    except VaultError as error:
        raise vault_problem(error) from error
    except BaseException:
        intake.abort()
        raise
    return deposits.receive_file(actor, intake, meta)


def _digest(deposits: DepositService, actor: Actor, file: Path, meta: Metadata) -> Accepted:
    size = file.stat().st_size
    if size == 0:
        raise BadInput("file_empty", "An empty file has nothing to prove.", field="file")
    digests = []
    for algorithm in deposits.limits().algorithms:
        with file.open("rb") as source:
            state = hashlib.file_digest(source, lambda name=algorithm: hashlib.new(name))  # type: ignore[misc]
        digests.append(Digest(algorithm, state.digest()))
    return deposits.receive_digest(actor, digests, meta, size=size)


def _issued(
    deposits: DepositService, actor: Actor, deposit_id: str, patience: timedelta
) -> Deposit:
    """The deposit when it is issued or patience ends. Advances it itself, so that no worker need
    run; when one does, leases keep the two apart."""
    end = time.monotonic() + patience.total_seconds()
    while True:
        deposits.advance()
        deposit = deposits.get(actor, deposit_id)
        if deposit.state == State.ISSUED or time.monotonic() > end:
            return deposit
        time.sleep(_LOOK_AGAIN_SECONDS)


def _save(get: Callable[[], Download], folder: Path) -> Path:
    download = get()
    path = (folder / download.filename).resolve()
    with path.open("wb") as target:
        for block in download.stream:
            target.write(block)
    return path
