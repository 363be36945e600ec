"""Erasing content: requested → erasing → done. The worker's side.

The bytes go, and the keys of packets that nodes have; letter, token, entry, receipt, proof and
custody entries stay, so that whoever still has the file can prove it.

``erasing`` is written before the first byte goes: a process that dies in the middle is continued,
and deleting what is gone already is no error. ``done`` and the deposit's ``erased_at`` are written
together, after the last byte went. A legal hold stops an erasure until it is lifted.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.service import record
from portal.database import Database, advance
from portal.deposits.folders import SEVERAL
from portal.deposits.models import Deposit, DepositFile, State
from portal.packets.service import forget_keys
from portal.privacy.holds import held
from portal.privacy.models import Erasure, ErasureState
from portal.storage import Vault, VaultError

_log = structlog.get_logger(__name__)
WORKER: Final = Actor.process("worker")
_BATCH: Final = 100


class Eraser:
    """May run in any number of threads and processes at once."""

    def __init__(self, database: Database, vault: Vault, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    def advance(self) -> int:
        """Erase what is due; the number of deposits whose content went."""
        query = (
            select(Erasure.id)
            .where(Erasure.state.in_((ErasureState.REQUESTED, ErasureState.ERASING)))
            .where(Erasure.due_at <= self._clock())
            .order_by(Erasure.due_at)
            .limit(_BATCH)
        )
        with self._database.reading() as session:
            due = list(session.scalars(query))
        return sum(self._erase(erasure_id) for erasure_id in due)

    def _erase(self, erasure_id: str) -> bool:
        keys = self._begin(erasure_id)
        if keys is None:
            return False
        try:
            for key in keys:
                self._vault.delete(key)
        except VaultError:  # the vault is down: the next round goes on
            _log.warning("erasure_waits", erasure=erasure_id, exc_info=True)
            return False
        return self._end(erasure_id)

    def _begin(self, erasure_id: str) -> list[str] | None:
        """The point of no return, unless something stands against it; where the bytes are."""
        with self._database.transaction() as session:
            erasure = session.get_one(Erasure, erasure_id)
            deposit = session.get_one(Deposit, erasure.deposit_id, with_for_update=True)
            if erasure.state == ErasureState.ERASING:
                return content_keys(session, deposit)
            if erasure.state != ErasureState.REQUESTED:
                return None
            if held(session, deposit.id) or deposit.state != State.ISSUED:
                # Looked at again tomorrow; the page says what it waits for.
                erasure.due_at = self._clock() + timedelta(days=1)
                return None
            if not advance(
                session, Erasure, erasure_id, ErasureState.REQUESTED, state=ErasureState.ERASING
            ):
                return None
            return content_keys(session, deposit)

    def _end(self, erasure_id: str) -> bool:
        now = self._clock()
        with self._database.transaction() as session:
            values = {"state": ErasureState.DONE, "open_for": None, "ended_at": now}
            if not advance(session, Erasure, erasure_id, ErasureState.ERASING, **values):
                return False
            erasure = session.get_one(Erasure, erasure_id)
            deposit = session.get_one(Deposit, erasure.deposit_id)
            deposit.erased_at, deposit.erased_for = now, erasure.asked_as
            forget_keys(session, deposit.id)
            if deposit.kind in SEVERAL:
                _forget_files(session, deposit.id)
            else:
                deposit.vault_key = None
            detail = {"for": erasure.asked_as, "reason": erasure.reason}
            record(session, WORKER, "erasure.done", deposit.subject, detail)
        return True


def content_keys(session: Session, deposit: Deposit) -> list[str]:
    """Where the content lies. A folder's list of files is no content: the proof is over it."""
    if deposit.kind in SEVERAL:
        query = select(DepositFile.vault_key).where(DepositFile.deposit_id == deposit.id)
        return [key for key in session.scalars(query) if key]
    return [deposit.vault_key] if deposit.vault_key else []


def _forget_files(session: Session, deposit_id: str) -> None:
    session.execute(
        update(DepositFile)
        .where(DepositFile.deposit_id == deposit_id)
        .values(vault_key=None)
        .execution_options(synchronize_session=False)
    )
