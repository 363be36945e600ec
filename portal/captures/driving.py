"""What moves captures from the queue to their end: one step a round, each safe to repeat.

The row is written before a host is asked, so that whatever dies in between leaves a row that knows
of the session. Hosts are asked outside of any transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import structlog
from sqlalchemy import func, select, update

from forensics.desktop.interface import Desktop, Observation, Phase, Terminal
from forensics.errors import (
    CaptureSwitchedOff,
    ForensicsError,
    InvalidSpec,
    NoCapacity,
    UnknownSession,
)
from portal.audit.service import record
from portal.captures.figures import figures_text
from portal.captures.kit import WORKER, Kit, move, spec_of, wait
from portal.captures.models import RUNNING, Capture, CaptureState

_log = structlog.get_logger(__name__)
#: A start that takes longer than this has failed; so has a host that is silent for so long.
_START: Final = timedelta(minutes=2)
_SILENCE: Final = timedelta(minutes=10)


class Driver:
    """May run in any number of threads and processes at once."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._tools = kit, kit.tools

    def advance(self) -> int:
        """Take every capture that wants or has a desktop one step on; how many moved."""
        moved = sum(self._safely(each) for each in self._rows(CaptureState.LIVE))
        moved += sum(self._safely(each) for each in self._rows(CaptureState.STARTING))
        return moved + sum(self._safely(each) for each in self._waiting())

    def _rows(self, state: CaptureState) -> Sequence[Capture]:
        """All of them: who has to wait must not stand in the way of those behind."""
        query = (
            select(Capture)
            .where(Capture.state == state, Capture.next_attempt_at <= self._tools.clock())
            .order_by(Capture.created_at, Capture.id)
        )
        with self._tools.database.reading() as session:
            return session.scalars(query).all()

    def _waiting(self) -> Sequence[Capture]:
        """Of the queue, those whose people have no more desktops than they may."""
        rows = self._rows(CaptureState.QUEUED)
        if not rows:
            return rows
        query = select(Capture.owner_id, func.count()).where(Capture.state.in_(RUNNING))
        with self._tools.database.reading() as session:
            found = session.execute(query.group_by(Capture.owner_id))
            held = {owner: count for owner, count in found}  # noqa: C416
        most, chosen = self._tools.settings.capture_concurrent, []
        for row in rows:
            held[row.owner_id] = held.get(row.owner_id, 0) + 1
            if held[row.owner_id] <= most:
                chosen.append(row)
        return chosen

    def _safely(self, capture: Capture) -> bool:
        """One step; one capture's trouble is no other's."""
        try:
            return self._step(capture)
        except ForensicsError as error:
            wait(self._kit, capture, str(error))
        except Exception as error:  # noqa: BLE001 - it waits with its reason and is tried again
            _log.exception("capture_step_failed", capture=capture.id)
            wait(self._kit, capture, f"An operator is needed: {type(error).__name__}.")
        return False

    def _step(self, capture: Capture) -> bool:
        if capture.state == CaptureState.QUEUED:
            return self._place(capture)
        desktop = self._kit.hosts.desktop(capture.host)
        if desktop is None:
            return self._silent(capture, "Its desktop host is no longer registered.")
        try:
            seen = desktop.observe(capture.session)
        except UnknownSession:
            return self._unknown(capture, desktop)
        except ForensicsError as error:
            return self._silent(capture, str(error))
        if capture.state == CaptureState.STARTING:
            return self._starting(capture, desktop, seen)
        return self._live(capture, seen)

    # -- Queue --------------------------------------------------------------------------------

    def _place(self, capture: Capture) -> bool:
        host = self._kit.hosts.place()
        desktop = self._kit.hosts.desktop(host)
        if host is None or desktop is None:
            return False
        now = self._tools.clock()
        with self._tools.database.transaction() as session:
            if not move(
                *(session, capture, CaptureState.QUEUED, CaptureState.STARTING),
                host=host,
                started_at=now,
                cleared=False,
            ):
                return False
            record(session, WORKER, "capture.started", capture.subject, {"host": host})
        return self._begin(capture, desktop)

    def _begin(self, capture: Capture, desktop: Desktop) -> bool:
        """Ask the host; repeating it is harmless."""
        try:
            desktop.create(spec_of(capture, self._kit))
            desktop.launch(capture.session)
        except NoCapacity:
            return self._back(capture)
        except (CaptureSwitchedOff, InvalidSpec) as error:
            return self.fail(capture, CaptureState.STARTING, str(error))
        finally:
            self._kit.hosts.forget()
        return True

    def _back(self, capture: Capture) -> bool:
        """Into the queue again: somebody else was quicker."""
        with self._tools.database.transaction() as session:
            values: dict[str, Any] = {"host": None, "started_at": None, "cleared": True}
            move(session, capture, CaptureState.STARTING, CaptureState.QUEUED, **values)
        return False

    # -- Start --------------------------------------------------------------------------------

    def _starting(self, capture: Capture, desktop: Desktop, seen: Observation) -> bool:
        if seen.phase in (Phase.ENDING, Phase.ENDED):
            return self.finish(capture, CaptureState.STARTING, "itself", seen)
        if seen.phase is Phase.LIVE:
            return self._went_live(capture, seen)
        if all(step.state == "waiting" for step in seen.steps):
            desktop.launch(capture.session)
        began = capture.started_at
        if began is not None and self._tools.clock() - began > _START:
            return self.finish(capture, CaptureState.STARTING, "limit", seen)
        return False

    def _went_live(self, capture: Capture, seen: Observation) -> bool:
        now = self._tools.clock()
        with self._tools.database.transaction() as session:
            if not move(
                *(session, capture, CaptureState.STARTING, CaptureState.LIVE),
                live_at=now,
                figures=figures_text(seen),
            ):
                return False
            detail: dict[str, str | int] = {"host": capture.host or "", **_checks(seen)}
            record(session, WORKER, "capture.live", capture.subject, detail)
        return True

    # -- Live ---------------------------------------------------------------------------------

    def _live(self, capture: Capture, seen: Observation) -> bool:
        if capture.attempts:
            self._heard(capture)
        if seen.phase in (Phase.ENDING, Phase.ENDED) or seen.terminal is not None:
            by = "limit" if seen.seconds >= self._tools.settings.capture_minutes * 60 else "itself"
            return self.finish(capture, CaptureState.LIVE, by, seen)
        if seen.seconds >= self._tools.settings.capture_minutes * 60:
            return self.finish(capture, CaptureState.LIVE, "limit", seen)
        idle = self._tools.settings.capture_idle_minutes * 60
        if not capture.unattended and seen.idle_seconds >= idle:
            return self.finish(capture, CaptureState.LIVE, "idle", seen)
        return False

    def finish(
        self, capture: Capture, expected: CaptureState, by: str, seen: Observation | None = None
    ) -> bool:
        """It ends: the collector asks the desktop to, and takes what there is."""
        values: dict[str, Any] = {"figures": figures_text(seen)} if seen is not None else {}
        now = self._tools.clock()
        with self._tools.database.transaction() as session:
            moved = move(
                *(session, capture, expected, CaptureState.FINISHING),
                ended_by=by,
                finished_at=now,
                next_attempt_at=now,
                **values,
            )
            if moved:
                record(session, WORKER, "capture.finished", capture.subject, {"by": by})
        return moved

    # -- Trouble ------------------------------------------------------------------------------

    def _unknown(self, capture: Capture, desktop: Desktop) -> bool:
        """The host does not know the session: it was never made there, or it is lost."""
        if capture.state == CaptureState.STARTING:
            return self._begin(capture, desktop)
        reason = "The desktop host lost the session: nothing of it could be kept."
        return self.fail(capture, CaptureState(capture.state), reason)

    def _silent(self, capture: Capture, reason: str) -> bool:
        """The host does not answer; the session may well go on there: it is not given up soon."""
        live = timedelta(minutes=self._tools.settings.capture_minutes)
        limit = _SILENCE + (live if capture.state == CaptureState.LIVE else timedelta())
        began = capture.live_at or capture.started_at
        if began is not None and self._tools.clock() - began > limit:
            return self.fail(capture, CaptureState(capture.state), reason)
        wait(self._kit, capture, reason)
        return False

    def _heard(self, capture: Capture) -> None:
        """It answers again: the page stops saying that it does not."""
        with self._tools.database.transaction() as session:
            session.execute(
                update(Capture)
                .where(Capture.id == capture.id, Capture.state == capture.state)
                .values(wait_detail=None, attempts=0)
                .execution_options(synchronize_session=False)
            )

    def fail(self, capture: Capture, expected: CaptureState, reason: str) -> bool:
        """Give it up: there is nothing that could be sealed."""
        now = self._tools.clock()
        with self._tools.database.transaction() as session:
            moved = move(
                *(session, capture, expected, CaptureState.FAILED),
                terminal=Terminal.FAILED.value,
                reason=reason[:2000],
                ended_at=now,
            )
            if moved:
                detail = {"reason": reason[:300]}
                record(session, WORKER, "capture.failed", capture.subject, detail)
        return moved


def _checks(seen: Observation) -> dict[str, int]:
    """How many cleanliness checks ended how, for the custody log."""
    return {f"checks_{name}": int(count) for name, count in seen.checks.items()}
