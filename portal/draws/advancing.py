"""The worker's side: whatever can be made of what is waiting becomes the next step.

One step at a time, and the next only when the one before it is on the ledger. Everything here may
be done by any number of workers, be killed at any moment and be done again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from lottery.canonical import canonical
from lottery.drafting import Result
from lottery.errors import BeaconUnavailable, LotteryError, Retryable
from lottery.randomness.drand import Beacon
from lottery.record import Record
from lottery.statements import Signed
from portal.audit.service import record
from portal.deposits.models import Deposit, State
from portal.draws.beacons import Beacons
from portal.draws.drawing import Drawing
from portal.draws.kit import WORKER, Kit, wait
from portal.draws.models import Draw, DrawList, DrawState, DrawStatement, DrawStep
from portal.draws.portal_party import PortalParty
from portal.draws.records import Records, signed, waiting
from portal.draws.snapshots import Snapshots
from portal.draws.stepping import Stepping
from portal.jobs.waiting import Wait, wait_for
from portal.problems import PortalError

_log = structlog.get_logger(__name__)
#: A draw that waits for people is looked at again after this, should a nudge have been lost.
_REST: Final = timedelta(seconds=60)
_MANY: Final = 100
SEALED: Final = (State.ANCHORED, State.ISSUED)
#: Phases in which a secret may still be missing.
_BEFORE_BEACON: Final = ("commit", "shares", "acknowledge", "ready", "dice", "reveal")
#: Phases after which nothing follows, and what the draw then is.
_ENDS: Final = {
    "audited": DrawState.COMPLETE,
    "void": DrawState.CANCELLED,
    "cancelled": DrawState.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class _Standing:
    """What one look finds."""

    record: Record
    rows: Sequence[DrawStatement]
    list_body: dict[str, Any] | None

    @property
    def pending(self) -> list[Signed]:
        return [signed(each) for each in self.rows]

    @property
    def findings(self) -> list[dict[str, Any]] | None:
        found = [each.extra for each in self.rows if each.type == "audit" and each.extra]
        return json.loads(found[-1])["findings"] if found else None


class Advancing:
    """``advance`` is idempotent."""

    def __init__(
        self,
        kit: Kit,
        records: Records,
        portal: PortalParty,
        stepping: Stepping,
        beacons: Beacons,
        drawing: Drawing,
        snapshots: Snapshots,
    ) -> None:
        self._kit, self._tools, self._records = kit, kit.tools, records
        self._portal, self._stepping, self._beacons = portal, stepping, beacons
        self._drawing, self._snapshots = drawing, snapshots

    def advance(self) -> int:
        """One step of every draw that can make one; how many were made."""
        query = (
            select(Draw)
            .where(Draw.state == DrawState.RUNNING, Draw.next_attempt_at <= self._kit.now)
            .order_by(Draw.next_attempt_at)
            .limit(_MANY)
        )
        with self._tools.database.reading() as session:
            due = session.scalars(query).all()
        return sum(self._one(draw) for draw in due)

    def _one(self, draw: Draw) -> int:
        """Never raises for what concerns one draw alone: it waits, and says why."""
        try:
            return self._step(draw)
        except LotteryError as error:
            passing = isinstance(error, Retryable)
            code = "beacon" if isinstance(error, BeaconUnavailable) else "draw"
            wait(self._kit, draw, Wait(code, str(error)[:2000], passing))
        except PortalError as error:
            wait(self._kit, draw, Wait(error.code, str(error), True))
        except Exception as error:  # noqa: BLE001 - recorded as the reason
            wait(self._kit, draw, wait_for(error))
        return 0

    def _step(self, draw: Draw) -> int:
        if not self._sealed(draw):
            return 0  # the deposit says why it waits; it is looked at again in a moment
        self._snapshots.refresh(draw)
        standing = self._standing(draw)
        known = standing.record
        self._bind(draw, known)
        if self._speak(draw, standing):
            return 1
        draft = known.next(
            standing.pending,
            self._kit.now,
            beacon=self._beacon(draw, known),
            list_body=standing.list_body,
            results=self._results(known),
            findings=standing.findings,
        )
        if draft is None:
            return int(self._ended(draw, known)) or self._rest(draw, known)
        if draft.type == "final":
            self._drawing.keep(known)
        return int(self._stepping.make(draw, known, draft, standing.rows) is not None)

    def _sealed(self, draw: Draw) -> bool:
        """Whether the last step is on the ledger."""
        if draw.steps == 0:
            return True
        query = (
            select(Deposit.state)
            .join(DrawStep, DrawStep.deposit_id == Deposit.id)
            .where(DrawStep.draw_id == draw.id, DrawStep.n == draw.steps - 1)
        )
        with self._tools.database.reading() as session:
            return session.scalar(query) in SEALED

    def _standing(self, draw: Draw) -> _Standing:
        with self._tools.database.reading() as session:
            known = self._records.load(session, draw)
            listed = session.get(DrawList, draw.id) if known.phase == "list" else None
            rows = waiting(session, draw.id, known.attempt)
        body = json.loads(listed.document) if listed is not None and listed.document else None
        return _Standing(known, rows, body)

    def _speak(self, draw: Draw, standing: _Standing) -> bool:
        """Hand in what the portal's own party has to say, by the door that all use: durable first,
        a step of the record later."""
        now = self._kit.now
        with self._tools.database.reading() as session:
            party = self._portal.open(session, draw.id)
        said = self._portal.says(party, standing.record, standing.pending, now)
        for each in said:
            standing.record.check(each.statement, each.signature)
        if said:
            try:
                with self._tools.database.transaction() as session:
                    session.add_all([_row(draw, each, now) for each in said])
                    for each in said:
                        record(session, WORKER, "draw.stated", draw.subject, _detail(each))
            except IntegrityError:  # another worker spoke first, with the same words
                return True
        return bool(said)

    def _beacon(self, draw: Draw, known: Record) -> Beacon | None:
        """The attempt's beacon, when the record waits for it and its time has come."""
        if known.phase != "beacon" or known.beacon_at is None:
            return None
        kept = self._beacons.kept(draw.id, known.attempt)
        if kept is not None or self._kit.now < known.beacon_at:
            return kept
        return self._beacons.fetch(draw, known)

    def _results(self, known: Record) -> Sequence[Result] | None:
        """Every stage of what the seed on the record gives."""
        if known.phase != "draw" or known.seed is None:
            return None
        return self._drawing.results(known)

    def _bind(self, draw: Draw, known: Record) -> None:
        """Deposit the whole draw where the record ends, or may end: once for each such step."""
        if known.phase not in (*_ENDS, "final") or draw.bound_n == known.n - 1:
            return
        from portal.draws.binding import bind

        if bind(self._kit, draw.id) is not None:
            draw.bound_n = known.n - 1

    def _ended(self, draw: Draw, known: Record) -> bool:
        """Nothing follows any more; only a void might, where there is no audit."""
        state = _ENDS.get(known.phase)
        if known.phase == "final" and not known.config.audit_sample:
            state = DrawState.COMPLETE
        return state is not None and draw.bound_n == known.n - 1 and self._end(draw, state)

    def _end(self, draw: Draw, state: DrawState) -> bool:
        now = self._kit.now
        with self._tools.database.transaction() as session:
            # A void that came meanwhile goes first.
            moved = session.execute(
                update(Draw)
                .where(Draw.id == draw.id, Draw.state == DrawState.RUNNING)
                .where(Draw.steps == draw.steps, Draw.next_attempt_at == draw.next_attempt_at)
                .values(state=state, wait_reason=None, wait_detail=None)
                .values(ended_at=func.coalesce(Draw.ended_at, now))
                .execution_options(synchronize_session=False)
            )
            if not moved.rowcount:  # type: ignore[attr-defined]
                return False
            if draw.ended_at is None:  # else a statement came that changed nothing
                record(session, WORKER, f"draw.{state}", draw.subject)
        draw.state = state
        self._snapshots.refresh(draw)
        return True

    def _rest(self, draw: Draw, known: Record) -> int:
        """Nothing to be done before somebody hands something in, or the beacon's time comes."""
        now = self._kit.now
        until = now + _REST
        if known.phase == "beacon" and known.beacon_at is not None:
            until = min(until, max(known.beacon_at, now))
        reason, detail = self._trouble(draw, known)
        with self._tools.database.transaction() as session:
            session.execute(
                update(Draw)
                .where(Draw.id == draw.id, Draw.next_attempt_at == draw.next_attempt_at)
                .where(Draw.steps == draw.steps)
                .values(next_attempt_at=until, tries=0, wait_reason=reason, wait_detail=detail)
                .execution_options(synchronize_session=False)
            )
        return 0

    def _trouble(self, draw: Draw, known: Record) -> tuple[str | None, str | None]:
        """What waiting alone does not mend: a code and one English sentence."""
        late = known.deadline is not None and self._kit.now > known.deadline
        if late and known.phase in _BEFORE_BEACON:
            return "late_reveal", "The beacon's time has come before all secrets were known."
        if known.phase == "acknowledge":
            with self._tools.database.reading() as session:
                party = self._portal.open(session, draw.id)
            if trouble := self._portal.trouble(party, known, self._kit.now):
                return "bad_share", trouble
        return None, None


def _row(draw: Draw, said: Signed, now: Any) -> DrawStatement:
    about = str(said.statement["dealer"]) if said.type == "share" else ""
    return DrawStatement(
        draw_id=draw.id,
        attempt=said.attempt,
        party=said.party,
        type=said.type,
        about=about,
        document=canonical(dict(said.statement)).decode(),
        signature=said.signature,
        received_at=now,
    )


def _detail(said: Signed) -> dict[str, str | int]:
    return {"type": said.type, "party": said.party, "attempt": said.attempt}
