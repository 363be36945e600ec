"""A deposit about to be recorded: checked, numbered, and committed to with a salt of its own."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Table, insert

from chain_adapter import Digest
from chain_adapter.canonical import canonical_json
from portal.audit.actor import Actor
from portal.deposits.access import check_depositing
from portal.deposits.models import Deposit, State
from portal.deposits.numbers import CHANCE, new_number
from portal.deposits.records import Metadata, fingerprint, pseudonym, record_of
from portal.deposits.signed import signed_columns
from portal.deposits.tools import Tools
from portal.prepared import Prepared
from portal.problems import BadInput
from portal.signing.cosigning import Signed

_KEY: Final = re.compile(r"[!-~]{1,128}", re.ASCII)
#: bytes of the salt of a record's commitment
_SALT: Final = 32
#: columns that later steps fill in; left out of the insert, they are NULL
_LATER: Final = frozenset(
    {"case_id", "wait_reason", "wait_detail", "awaited", "lease", "lease_until", "token", "stamps"}
    | {"gen_time", "entry", "receipts", "proof", "further", "anchored_at", "follow_at"}
    | {"letter_key", "letter_sha256", "issued_at", "erased_at", "erased_for"}
)
_RECEIVED: Final = frozenset(
    each.key for each in Deposit.__mapper__.column_attrs if each.key not in _LATER
)
_NOT_YET: Final[dict[str, None]] = dict.fromkeys(_LATER)
#: an object with nothing set, as one that is loaded begins: its constructor asks column by column
_EMPTY: Final[Callable[[], Deposit]] = Deposit.__mapper__.class_manager.new_instance
#: the rows of :func:`columns_of`
INSERT: Final = Prepared(insert(cast(Table, Deposit.__table__)), _RECEIVED)


def new_draft(
    tools: Tools,
    actor: Actor,
    digests: Sequence[Digest],
    metadata: Metadata,
    *,
    kind: str,
    size: int | None,
    idempotency_key: str | None,
    letter_on_demand: bool = False,
    files: Mapping[str, int | bool] | None = None,
    signed: Signed | None = None,
) -> Deposit:
    """The row of a deposit that is received now; nothing is written yet.

    Args:
        signed: the depositor's signature of it, verified over these very digests.

    Raises:
        Forbidden: the actor only reads in the organisation they act for; or whose key this is may
            not deposit, as the consortium has it.
    """
    check_depositing(actor)
    tools.members.require(None if signed is None else signed.transaction.by)
    now = tools.clock()
    values = {digest.algorithm: digest.hex for digest in digests}
    depositor = pseudonym(tools.secret, actor.organisation or actor.id)
    # At once: each asking is a call to the system, in which another thread is let in.
    chance = secrets.token_bytes(CHANCE + 16 + _SALT)
    number, code = new_number(now, tools.settings.zone, chance[:CHANCE])
    scheme = None if signed is None else signed.scheme
    said = record_of(
        metadata, kind=kind, size=size, depositor=depositor, files=files, scheme=scheme
    )
    columns: dict[str, object] = dict(
        id=str(UUID(bytes=chance[CHANCE:-_SALT], version=4)),
        number=number,
        code=code,
        owner_id=actor.id,
        organisation_id=actor.organisation or None,
        kind=kind,
        idempotency_key=idempotency_key,
        fingerprint="",
        size=size,
        file_count=files["count"] if files else None,
        files_seen=bool(files["seen"]) if files else None,
        sha256=values["sha256"],
        sm3=values.get("sm3"),
        record=canonical_json(said).decode(),
        salt=chance[-_SALT:],
        received_at=now,
        hashed_at=now,
        letter_on_demand=letter_on_demand,
        state=State.RECEIVED,
        attempts=0,
        next_attempt_at=now,
        **metadata.fields(),
    )
    if signed is not None:
        columns |= signed_columns(signed)
    if idempotency_key is not None:
        columns["fingerprint"] = _fingerprint(actor, metadata, values, columns, signed)
    draft = _EMPTY()
    # Straight into the object, which belongs to no session that would have to learn of each change:
    # to tell it all the same took as long as the insert. :func:`columns_of` checks the names. What
    # later steps fill in is said to be nothing yet, as asking for what was never set takes longer.
    vars(draft).update(_NOT_YET, **columns)
    return draft


def _fingerprint(
    actor: Actor,
    metadata: Metadata,
    digests: Mapping[str, str],
    columns: Mapping[str, object],
    signed: Signed | None,
) -> str:
    """Of what the request asks for, to tell its repetition from another request."""
    request = {"kind": columns["kind"], "size": columns["size"], "digests": dict(digests)}
    request |= metadata.fields()
    if actor.organisation:  # the same words for somebody else are another request
        request["organisation"] = actor.organisation
    if signed is not None:
        request["signed_by"] = signed.transaction.by
        if signed.chosen:
            request["id"] = signed.transaction.id
    return fingerprint(request)


def renumbered(draft: Deposit, tools: Tools) -> Deposit:
    """A fresh row object under another number: the failed one belongs to a session that ended."""
    number, code = new_number(draft.received_at, tools.settings.zone)
    return Deposit(**columns_of(draft) | {"number": number, "code": code})


def columns_of(draft: Deposit) -> dict[str, object]:
    """The row by column name, as a bulk insert takes it; the same names for every draft.

    Raises:
        ValueError: the draft says already what only later steps fill in.
    """
    # What was set stands in the object's dictionary; asking attribute by attribute would have the
    # toolkit look up each one that never was.
    said = dict(vars(draft))
    del said["_sa_instance_state"]
    surplus = [name for name in said.keys() - _RECEIVED if said[name] is not None]
    if surplus:
        raise ValueError(f"no part of a draft: {sorted(surplus)}")
    return {name: said.get(name) for name in _RECEIVED}


def check_key(key: str | None) -> None:
    """Raises BadInput for what is no idempotency key; None is none."""
    if key is not None and not _KEY.fullmatch(key):
        message = "An Idempotency-Key has 1 to 128 printable ASCII characters without spaces."
        raise BadInput("idempotency_key", message, field="Idempotency-Key")


def check_digests(digests: Sequence[Digest]) -> None:
    """Raises BadInput unless there is one SHA-256 and beside it at most one SM3."""
    names = [digest.algorithm for digest in digests]
    if "sha256" not in names:
        raise BadInput("digest_missing", "A SHA-256 digest is always needed.", field="sha256")
    if not set(names) <= {"sha256", "sm3"} or len(set(names)) != len(names):
        message = "A deposit takes one SHA-256 digest and, if wished, one SM3 digest."
        raise BadInput("digest_algorithm", message, field="digests")


def check_size(size: int | None) -> None:
    """Raises BadInput for what is no size: RFC 8785 §3.2.2.3 takes exact numbers only."""
    if size is not None and not 0 <= size < 2**53:
        raise BadInput("size", "A size is a whole number of bytes, at most 2^53 - 1.", field="size")
