"""The head reaches the ledger once, whatever fails on the way, and the log goes on meanwhile."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

import pytest
from sqlalchemy import select

from chain_adapter import Entry, Ledger, LedgerError, Receipt, Retryable
from chain_adapter.supplement import Supplement
from portal.audit.actor import Actor
from portal.audit.anchoring import Anchoring, AnchorState
from portal.audit.custody import Custody
from portal.audit.heads import KIND
from portal.audit.models import AuditAnchor, AuditEntry
from portal.audit.service import head, record
from portal.database import Database
from portal.deposits.tools import Tools
from portal.problems import Conflict, NotFound
from tests.portal.audit.conftest import AUDITOR, HOURS, settle
from tests.portal.deposits.conftest import MovableClock
from timestamping.errors import TsaUnavailable
from timestamping.stamper import Stamper, StamperHealth
from timestamping.trust import TrustStore


class Killed(BaseException):
    """The process is gone at this point; nothing of ours catches it."""


class Fault:
    """Wraps one method: fails before or after its effect, as often as told."""

    def __init__(self, error: BaseException, *, after: bool, times: int = 1) -> None:
        self.error, self.after, self.times = error, after, times

    def __call__(self, call, *args):  # type: ignore[no-untyped-def]
        if self.times > 0:
            self.times -= 1
            if self.after:
                call(*args)
            raise self.error
        return call(*args)


class FaultyLedger:
    """The real ledger, with one fault on append."""

    def __init__(self, ledger: Ledger, fault: Fault) -> None:
        self._ledger, self._fault = ledger, fault

    def __getattr__(self, name: str):  # type: ignore[no-untyped-def]
        return getattr(self._ledger, name)

    def append(
        self, entries: Sequence[Entry], supplements: Sequence[Supplement | None] = ()
    ) -> list[Receipt]:
        return self._fault(self._ledger.append, entries, supplements)  # type: ignore[no-any-return]


class FaultyStamper(Stamper):
    """The real authority, which cannot be reached at first."""

    scheme: ClassVar[str] = "faulty"
    label = "faulty"

    def __init__(self, inner: Stamper, times: int) -> None:
        self._inner, self.times = inner, times

    def _stamp_many(self, digests):  # type: ignore[no-untyped-def]
        if self.times > 0:
            self.times -= 1
            raise TsaUnavailable("https://tsa.example cannot be reached")
        return self._inner.stamp_many(digests)

    def _trust(self) -> TrustStore:
        return self._inner.trust()

    def _health(self) -> StamperHealth:
        return StamperHealth(True, "", self.label)


def with_ledger(tools: Tools, fault: Fault) -> Custody:
    ledger = FaultyLedger(tools.ledger, fault)
    return Custody(dataclasses.replace(tools, ledgers=(ledger,)), HOURS)  # type: ignore[arg-type]


def note(database: Database) -> None:
    with database.transaction() as session:
        record(session, AUDITOR, "x", "y")


def anchors(database: Database) -> list[AuditAnchor]:
    with database.reading() as session:
        return list(session.scalars(select(AuditAnchor).order_by(AuditAnchor.size)))


def on_ledger(tools: Tools) -> list[str]:
    return [entry.id for _, entry in tools.ledger.events() if entry.kind == KIND]


def actions(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.seq)))


def check_anchored(custody: Custody, tools: Tools, count: int = 1) -> None:
    """Everything is anchored exactly once, and proves."""
    rows = anchors(tools.database)
    assert [row.state for row in rows] == [AnchorState.ANCHORED] * count
    assert sorted(on_ledger(tools)) == sorted(row.id for row in rows)
    report = custody.prove(AUDITOR, with_ledger=True)
    assert report.ok, report.failed
    assert all(each.ok for each in report.anchors)
    assert report.proven == max(row.size for row in rows)


def test_the_asking_is_part_of_what_is_anchored(custody: Custody, tools: Tools) -> None:
    note(tools.database)
    anchor = custody.anchoring.ask(AUDITOR)
    with tools.database.reading() as session:
        assert (anchor.size, anchor.hash) == (head(session).size, head(session).hash)
    assert actions(tools.database)[-1] == "audit.anchor_asked"
    settle(custody)
    assert actions(tools.database)[-1] == "audit.anchored"
    check_anchored(custody, tools)


def test_nothing_new_is_not_anchored_again(custody: Custody, tools: Tools) -> None:
    note(tools.database)
    custody.anchoring.ask(AUDITOR)
    settle(custody)
    with pytest.raises(Conflict, match="Nothing has been recorded"):
        custody.anchoring.ask(AUDITOR)
    note(tools.database)
    custody.anchoring.ask(AUDITOR)
    settle(custody)
    check_anchored(custody, tools, 2)


def test_asking_twice_makes_one_anchor_that_is_tried_at_once(
    tools: Tools, clock: MovableClock
) -> None:
    custody = with_ledger(tools, Fault(Retryable("busy"), after=False, times=1))
    note(tools.database)
    custody.anchoring.ask(AUDITOR)
    custody.advance()
    custody.advance()
    waiting = anchors(tools.database)[0]
    assert (waiting.state, waiting.wait_reason) == ("timestamped", "ledger_retryable")
    assert waiting.next_attempt_at > clock()
    custody.anchoring.ask(AUDITOR)
    settle(custody)
    check_anchored(custody, tools)


def test_once_a_day_and_only_when_something_happened(
    custody: Custody, tools: Tools, clock: MovableClock
) -> None:
    custody.housekeeping()
    assert anchors(tools.database) == []  # an empty log
    note(tools.database)
    for _ in range(3):
        custody.housekeeping()
        settle(custody)
    assert len(anchors(tools.database)) == 1
    clock.forward(hours=HOURS + 1)
    custody.housekeeping()
    assert len(anchors(tools.database)) == 1  # only its own entry since
    note(tools.database)
    custody.housekeeping()
    settle(custody)
    check_anchored(custody, tools, 2)


def test_no_daily_anchor_when_it_is_switched_off(tools: Tools) -> None:
    note(tools.database)
    custody = Custody(tools, 0)
    custody.housekeeping()
    assert anchors(tools.database) == []
    custody.anchoring.ask(AUDITOR)
    settle(custody)
    check_anchored(custody, tools)


def test_an_authority_that_is_down_is_waited_for(tools: Tools, clock: MovableClock) -> None:
    silent = dataclasses.replace(tools, stamper=FaultyStamper(tools.stamper, 3))
    custody = Custody(silent, HOURS)
    note(tools.database)
    custody.anchoring.ask(AUDITOR)
    for attempt in range(1, 4):
        assert custody.advance() == 0
        row = anchors(tools.database)[0]
        assert (row.state, row.attempts) == ("taken", attempt)
        assert row.wait_reason == "tsa-unavailable"
        assert "tsa.example cannot be reached" in (row.wait_detail or "")
        assert on_ledger(tools) == []  # no verified token, no ledger write
        note(tools.database)  # the log goes on
        clock.forward(minutes=5)
    assert actions(tools.database).count("audit.anchor_waiting") == 1
    settle(custody)
    check_anchored(custody, tools)


@pytest.mark.parametrize("after", [False, True], ids=["failed", "failed-but-recorded"])
@pytest.mark.parametrize("error", [Retryable("busy"), LedgerError("odd")], ids=["busy", "odd"])
def test_a_ledger_that_fails_is_asked_again_and_holds_it_once(
    tools: Tools, clock: MovableClock, error: LedgerError, after: bool
) -> None:
    custody = with_ledger(tools, Fault(error, after=after))
    note(tools.database)
    custody.anchoring.ask(AUDITOR)
    settle(custody)
    assert anchors(tools.database)[0].state == AnchorState.TIMESTAMPED
    clock.forward(minutes=10)
    settle(custody)
    check_anchored(custody, tools)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_process_that_dies_at_the_ledger_is_continued(tools: Tools, after: bool) -> None:
    dying = with_ledger(tools, Fault(Killed(), after=after))
    note(tools.database)
    dying.anchoring.ask(AUDITOR)
    with pytest.raises(Killed):
        settle(dying)
    assert anchors(tools.database)[0].state == AnchorState.TIMESTAMPED
    custody = Custody(tools, HOURS)
    settle(custody)
    check_anchored(custody, tools)


def test_two_workers_at_once_anchor_once(tools: Tools) -> None:
    note(tools.database)
    first, second = Anchoring(tools, HOURS), Anchoring(tools, HOURS)
    first.ask(AUDITOR)
    rows = anchors(tools.database)
    for worker in (first, second):  # both hold the same row
        worker._step(rows[0])
    rows = anchors(tools.database)
    for worker in (first, second):
        worker._step(rows[0])
    assert actions(tools.database).count("audit.anchored") == 1
    check_anchored(Custody(tools, HOURS), tools)


def test_a_token_that_was_exchanged_meanwhile_stops_at_the_gate(
    custody: Custody, tools: Tools
) -> None:
    note(tools.database)
    custody.anchoring.ask(AUDITOR)
    custody.advance()
    with tools.database.transaction() as session:
        row = session.scalar(select(AuditAnchor))
        assert row is not None
        row.stamps = (row.stamps or "").replace('"der": "MII', '"der": "MIJ')
    settle(custody)
    assert anchors(tools.database)[0].state == AnchorState.TIMESTAMPED
    assert anchors(tools.database)[0].wait_reason is not None
    assert on_ledger(tools) == []


def test_an_anchor_that_does_not_exist_is_not_found(custody: Custody) -> None:
    with pytest.raises(NotFound):
        custody.anchor("nothing")


def test_a_list_says_of_each_whether_it_holds(custody: Custody, tools: Tools) -> None:
    for _ in range(3):
        note(tools.database)
        custody.anchoring.ask(Actor("1", "张伟"))
        settle(custody)
    listed = custody.anchors(size=2)
    assert [each.ok for each in listed] == [True, True]
    rest = custody.anchors(below=listed[-1].anchor.size)
    assert [each.anchor.size for each in rest] == [anchors(tools.database)[0].size]
