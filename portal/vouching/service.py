"""What the rest of the portal may ask of the voucher check. No Flask in here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, func, select, update

from portal.audit.actor import Actor
from portal.checks.evidence import evidence_of
from portal.deposits.access import readable
from portal.deposits.models import Deposit
from portal.deposits.numbers import read_number
from portal.deposits.tools import Tools
from portal.jobs import Sideline
from portal.problems import Conflict, NotFound
from portal.vouching.alarm import Post
from portal.vouching.following import Following
from portal.vouching.judging import Finding, Pace, Throttle, decidable, judge, unhurried
from portal.vouching.models import Outcome, Voucher, VouchStanding
from portal.vouching.overseeing import Overseeing, last_reading, reading_of
from portal.vouching.picking import Picking
from portal.vouching.recording import Recording
from portal.vouching.shapes import Overview, Standing

#: May check what is not theirs.
OVERSEERS: Final = ("operator", "administrator")
#: What is larger is not read while a request waits.
AT_ONCE: Final = 32 * 1024 * 1024
#: How long readings that found nothing are remembered.
_REMEMBERED: Final = timedelta(days=400)
_WORKER: Final = Actor.process("worker")


@dataclass(frozen=True, slots=True)
class Figures:
    """For monitoring. ``oldest`` seconds since anything was last read."""

    everything: int
    outcomes: dict[str, int]
    alarms: int
    oldest: float


class VouchService:
    """Every method raises the errors of :mod:`portal.problems`. Whoever may read a deposit may
    have it checked, and so may operators, who see of it no more than its number."""

    def __init__(self, tools: Tools, post: Post) -> None:
        self._tools = tools
        self._following = Following(tools.database)
        self._picking = Picking(tools.settings, tools.database)
        self._recording = Recording(tools, post)
        self._overseeing = Overseeing(tools, self._picking)

    def verify(self, actor: Actor, deposit_id: str) -> Finding:
        """Read it again from end to end now, and say whether it is untampered.

        Raises:
            NotFound: no such deposit for this actor. Conflict: it is not on the ledger yet.
        """
        return self._check(actor, self._deposit(actor, deposit_id), unhurried)

    def verify_or_ask(self, actor: Actor, deposit_id: str) -> Finding | None:
        """As :meth:`verify`; of what takes long the worker takes care, soon, and None is given."""
        deposit = self._deposit(actor, deposit_id)
        if deposit.kind == "digest" or (deposit.size or 0) <= AT_ONCE:
            return self._check(actor, deposit, unhurried)
        if not self.ask(actor, deposit.id):
            raise Conflict("vouch_early", "Its letter is not issued yet; ask again then.")
        return None

    def ask(self, actor: Actor, deposit_id: str) -> bool:
        """Have the worker read it next; False when it is not kept, or not issued yet. Who may ask
        is the caller's matter."""
        with self._tools.database.transaction() as session:
            asked = session.execute(
                update(VouchStanding)
                .where(VouchStanding.deposit_id == deposit_id)
                .values(asked_at=self._tools.clock(), asked_by=actor.id[:36], claimed_until=None)
                .execution_options(synchronize_session=False)
            )
        return bool(asked.rowcount)  # type: ignore[attr-defined]

    def find(self, text: str) -> str:
        """The id of a deposit by letter number or short code, for operators.

        Raises:
            NotFound: there is none.
        """
        read = read_number(text)
        if read is not None:
            number, code = read
            query = select(Deposit.id).where(Deposit.code == code)
            if number is not None:
                query = query.where(Deposit.number == number)
            with self._tools.database.reading() as session:
                found = session.scalar(query)
            if found is not None:
                return found
        message = "There is no deposit of this number."
        raise NotFound("deposit_not_found", message, field="number")

    def standing(self, deposit: Deposit) -> Standing | None:
        """For the page of a deposit that may be read; None while there is nothing to tell."""
        if not decidable(deposit):
            return None
        with self._tools.database.reading() as session:
            row = session.get(VouchStanding, deposit.id)
            last = last_reading(session, deposit.id)
        content = deposit.kind != "digest" and deposit.erased_at is None
        return Standing(
            deposit.id,
            reading_of(last) if last is not None else None,
            row is not None and row.asked_at is not None,
            content,
            (row.trouble or "") if row is not None else "",
        )

    def overview(self) -> Overview:
        """For operators."""
        return self._overseeing.overview()

    def alarms(self) -> int:
        """How many nobody has taken note of."""
        return self._overseeing.alarms()

    def settle(self, actor: Actor, deposit_id: str) -> None:
        """Take note of an alarm. Raises NotFound: there is no such one."""
        self._overseeing.settle(actor, deposit_id)

    def figures(self) -> Figures:
        """For monitoring."""
        now, counted = self._tools.clock(), func.count()
        with self._tools.database.reading() as session:
            outcomes = session.execute(
                select(VouchStanding.outcome, counted).group_by(VouchStanding.outcome)
            )
            by = {each or "never": count for each, count in outcomes}
            oldest = session.scalar(select(func.min(VouchStanding.read_at)))
        age = (now - oldest).total_seconds() if oldest is not None else 0.0
        return Figures(sum(by.values()), by, self.alarms(), age)

    # -- The worker's side --------------------------------------------------------------------

    def sidelines(self) -> tuple[Sideline, ...]:
        """Slow reading has a thread of its own."""
        return (Sideline("vouching", self.advance, 5.0),)

    def advance(self) -> int:
        """Take up what was issued and erased, then read one deposit that is due, slowly."""
        moved = self._following.advance()
        picked = self._picking.take(self._tools.clock())
        if picked is None:
            return moved
        with self._tools.database.reading() as session:
            deposit = session.get_one(Deposit, picked.deposit_id)
        rate = self._tools.settings.vouch_bytes_per_second
        pace: Pace = unhurried if picked.asked_by else Throttle(rate)
        self._check(_WORKER, deposit, pace)
        return moved + 1

    def housekeeping(self) -> None:
        """Forget readings of long ago that found nothing."""
        old = Voucher.at < self._tools.clock() - _REMEMBERED
        with self._tools.database.transaction() as session:
            session.execute(delete(Voucher).where(old, Voucher.outcome != Outcome.TAMPERED))

    def _check(self, actor: Actor, deposit: Deposit, pace: Pace) -> Finding:
        with self._tools.database.reading() as session:
            evidence = evidence_of(session, deposit)
        finding = judge(self._tools, evidence, pace)
        self._recording.record(actor, deposit, finding)
        return finding

    def _deposit(self, actor: Actor, deposit_id: str) -> Deposit:
        query = select(Deposit).where(Deposit.id == deposit_id)
        if not actor.has(*OVERSEERS) and actor.via not in ("cli", "worker"):
            query = query.where(readable(actor))
        with self._tools.database.reading() as session:
            deposit = session.scalar(query)
        if deposit is None:
            raise NotFound("deposit_not_found", "There is no such deposit.")
        if not decidable(deposit):
            message = "It is not on the ledger yet: there is nothing to compare it with."
            raise Conflict("vouch_early", message)
        return deposit
