"""What is over leaves nothing behind: on hosts, in the vault, in rows."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import delete, select, update

from forensics.desktop.interface import Desktop
from forensics.errors import ForensicsError
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.captures.kit import WORKER, Kit, move, wait
from portal.captures.models import RUNNING, Capture, CaptureFile, CaptureState
from portal.problems import Conflict
from portal.storage import VaultError

_log = structlog.get_logger(__name__)
#: Hosts are looked through for sessions that no row knows this often.
_REAP: Final = timedelta(seconds=30)
_GOING: Final = (CaptureState.DISCARDED, CaptureState.FAILED)


class Clearing:
    """May run in any number of threads and processes at once."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._tools = kit, kit.tools
        self._lock = threading.Lock()
        self._reaped: datetime | None = None

    def advance(self) -> int:
        """Clear what has ended and reap orphans; how much went."""
        gone = sum(self._safely(each) for each in self._uncleared())
        self._expire()
        return gone + self._reap_sometimes()

    def discard(self, actor: Actor, capture: Capture, expected: CaptureState) -> None:
        """Let it go: at once for everybody who looks, in fact by the next rounds.

        Raises:
            Conflict: it has moved on meanwhile.
        """
        with self._tools.database.transaction() as session:
            values = {"ended_at": self._tools.clock(), "next_attempt_at": self._tools.clock()}
            values_ = {**values, "cleared": False}
            if not move(session, capture, expected, CaptureState.DISCARDED, **values_):
                raise Conflict("capture_moved", "The capture has moved on; look at it again.")
            detail = {"state": str(expected), "sha256": capture.sha256 or ""}
            record(session, actor, "capture.discarded", capture.subject, detail)

    def _uncleared(self) -> Sequence[Capture]:
        query = (
            select(Capture)
            .where(Capture.cleared.is_(False), Capture.state.not_in(RUNNING))
            .where(Capture.next_attempt_at <= self._tools.clock())
            .order_by(Capture.created_at)
            .limit(50)
        )
        with self._tools.database.reading() as session:
            return session.scalars(query).all()

    def _safely(self, capture: Capture) -> bool:
        try:
            return self._clear(capture)
        except (ForensicsError, VaultError) as error:
            wait(self._kit, capture, str(error))
        except Exception:  # noqa: BLE001 - tried again, and later captures have their turn
            _log.exception("capture_not_cleared", capture=capture.id)
            wait(self._kit, capture, "It could not be cleared away.")
        return False

    def _clear(self, capture: Capture) -> bool:
        """First the host, then the vault, then the row: a kill in between is gone on from."""
        desktop = self._kit.hosts.desktop(capture.host)
        if desktop is not None:
            desktop.destroy(capture.session)
            self._kit.hosts.forget()
        if capture.state in _GOING:
            self._forget_files(capture)
        with self._tools.database.transaction() as session:
            if capture.state == CaptureState.DISCARDED:
                where = Capture.state == CaptureState.DISCARDED
                session.execute(delete(Capture).where(Capture.id == capture.id, where))
            else:
                session.execute(
                    update(Capture)
                    .where(Capture.id == capture.id, Capture.state == capture.state)
                    .values(cleared=True)
                    .execution_options(synchronize_session=False)
                )
        return True

    def _forget_files(self, capture: Capture) -> None:
        where = CaptureFile.capture_id == capture.id
        with self._tools.database.reading() as session:
            keys = list(session.scalars(select(CaptureFile.vault_key).where(where)))
        for key in keys:
            self._tools.vault.delete(key)
        if capture.manifest_key:
            self._tools.vault.delete(capture.manifest_key)
        with self._tools.database.transaction() as session:
            session.execute(delete(CaptureFile).where(where))

    # -- Nobody came back ---------------------------------------------------------------------

    def _expire(self) -> None:
        """What nobody sealed or discarded for too long is discarded, as its page had said."""
        days = self._tools.settings.capture_keep_days
        query = select(Capture).where(
            Capture.state == CaptureState.REVIEW,
            Capture.ready_at < self._tools.clock() - timedelta(days=days),
        )
        with self._tools.database.reading() as session:
            rows = session.scalars(query.limit(50)).all()
        for capture in rows:
            try:
                self.discard(WORKER, capture, CaptureState.REVIEW)
            except Conflict:
                continue

    # -- Orphans ------------------------------------------------------------------------------

    def _reap_sometimes(self) -> int:
        now = self._tools.clock()
        with self._lock:
            if self._reaped is not None and now - self._reaped < _REAP:
                return 0
            self._reaped = now
        return sum(self._reap(name, desktop) for name, desktop in self._kit.hosts.all())

    def _reap(self, name: str, desktop: Desktop) -> int:
        """End sessions of which no row says that they belong there. A row is always written before
        its session is made, so what has none never will have one."""
        try:
            there = desktop.sessions()
        except ForensicsError:
            return 0
        query = select(Capture).where(Capture.host == name, Capture.cleared.is_(False))
        with self._tools.database.reading() as session:
            known = {row.session for row in session.scalars(query)}
        gone = 0
        for orphan in sorted(set(there) - known):
            try:
                desktop.destroy(orphan)
            except ForensicsError as error:
                _log.warning("orphan_not_reaped", host=name, reason=str(error))
                continue
            with self._tools.database.transaction() as session:
                subject = f"capture-session:{orphan}"
                record(session, WORKER, "capture.orphan_ended", subject, {"host": name})
            gone += 1
        return gone
