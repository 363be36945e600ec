"""Ledgers that are not final at once, and further ones: waited for by name, and to the end."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from chain_adapter import Digest, verify
from chain_adapter.tlog import TlogLedger
from portal.audit.actor import Actor
from portal.deposits.advancing import Pipeline
from portal.deposits.evidence import entry_of, receipts_of
from portal.deposits.further import finals_of, standings_of
from portal.deposits.models import Deposit, State
from portal.deposits.rail import Progress, steps
from portal.deposits.schemas import shown
from portal.deposits.service import DepositService, Metadata, NewDigest
from portal.deposits.tools import Tools
from tests.portal.deposits.checking import check_spine
from tests.portal.deposits.conftest import MovableClock, put, run
from tests.portal.deposits.doubles import NoSeal
from tests.portal.deposits.pending import NODES, PendingLedger


@pytest.fixture(autouse=True)
def _still(clock: MovableClock) -> None:
    clock.hold()


@pytest.fixture
def ledger(tools: Tools) -> PendingLedger:
    return PendingLedger(tools.ledger)


@pytest.fixture
def second(tmp_path: Path) -> Iterator[PendingLedger]:
    with TlogLedger(tmp_path / "second", origin="court.example/log") as inner:
        yield PendingLedger(inner)


@pytest.fixture
def watched(tools: Tools, ledger: PendingLedger) -> Tools:
    return dataclasses.replace(tools, ledgers=(ledger,), sealer=NoSeal())


@pytest.fixture
def deposits(watched: Tools) -> DepositService:
    return DepositService(watched)


def both(tools: Tools, second: PendingLedger, required: int) -> Tools:
    settings = tools.settings.model_copy(update={"ledgers_required": required})
    ledgers = (PendingLedger(tools.ledger), second)
    return dataclasses.replace(tools, settings=settings, ledgers=ledgers, sealer=NoSeal())


def row(tools: Tools, deposit: Deposit) -> Deposit:
    with tools.database.reading() as session:
        return session.get_one(Deposit, deposit.id)


class TestNodes:
    def test_all_is_final_at_once_and_supplements_went_along(
        self, deposits: DepositService, watched: Tools, ledger: PendingLedger, actor: Actor
    ) -> None:
        deposit = put(deposits, actor)
        run(deposits)
        check_spine(watched, all_issued=True)
        found = row(watched, deposit)
        (supplement,) = ledger.supplements.values()
        assert supplement is not None
        assert supplement.token == found.token
        assert found.awaited is None
        assert ledger.refreshed == 0

    def test_too_few_nodes_are_waited_for_by_name(
        self,
        deposits: DepositService,
        watched: Tools,
        ledger: PendingLedger,
        actor: Actor,
        clock: MovableClock,
    ) -> None:
        ledger.up = set(NODES[:2])
        deposit = put(deposits, actor)
        run(deposits)
        found = row(watched, deposit)
        assert (found.state, found.wait_reason) == (State.TIMESTAMPED, "ledger_quorum")
        assert found.wait_detail == (
            "the ledger has the record and waits for node-c.example, node-d.example"
        )
        (step,) = [each for each in steps(found) if each.state is Progress.WAITING]
        assert step.awaited == NODES[2:]
        api = next(each for each in shown(found, {})["steps"] if each["state"] == "waiting")
        assert api["awaited"] == list(NODES[2:])
        check_spine(watched)

        ledger.up = set(NODES[:3])
        clock.forward(seconds=5)  # never longer, however often it was asked in vain
        run(deposits)
        check_spine(watched, all_issued=True)
        assert row(watched, deposit).awaited is None
        acts = [entry.action for entry in deposits.custody(actor, deposit.id)]
        assert acts.count("deposit.issued") == acts.count("deposit.waiting") == 1

    def test_it_asks_again_within_seconds_for_however_long_it_has_waited(
        self,
        deposits: DepositService,
        watched: Tools,
        ledger: PendingLedger,
        actor: Actor,
        clock: MovableClock,
    ) -> None:
        ledger.up = set()
        deposit = put(deposits, actor)
        for _ in range(12):
            run(deposits)
            assert row(watched, deposit).next_attempt_at - clock() <= timedelta(seconds=5)
            clock.forward(seconds=6)
        acts = [entry.action for entry in deposits.custody(actor, deposit.id)]
        assert acts.count("deposit.waiting") == 1

    def test_a_crowd_that_waits_asks_once_a_round(
        self,
        deposits: DepositService,
        watched: Tools,
        ledger: PendingLedger,
        actor: Actor,
        clock: MovableClock,
    ) -> None:
        ledger.up = set(NODES[:1])
        for _ in range(10):
            put(deposits, actor)
        run(deposits)
        clock.forward(seconds=6)
        run(deposits)
        assert ledger.refreshed == 1
        ledger.up = set(NODES)
        clock.forward(seconds=6)
        run(deposits)
        assert len(check_spine(watched, all_issued=True)) == 10

    def test_a_refusal_is_a_sentence_and_nothing_is_written(
        self,
        deposits: DepositService,
        watched: Tools,
        ledger: PendingLedger,
        actor: Actor,
        clock: MovableClock,
    ) -> None:
        ledger.denied = "node-a.example, node-b.example refuse it: no permitted member"
        deposit = put(deposits, actor)
        run(deposits)
        found = row(watched, deposit)
        assert (found.wait_reason, found.wait_detail) == ("ledger_denied", ledger.denied)
        assert list(watched.ledger.events()) == []
        ledger.denied = ""
        clock.forward(seconds=6)
        run(deposits)
        check_spine(watched, all_issued=True)

    def test_an_orphaned_record_is_given_again(
        self,
        deposits: DepositService,
        watched: Tools,
        ledger: PendingLedger,
        actor: Actor,
        clock: MovableClock,
    ) -> None:
        ledger.up = set()
        deposit = put(deposits, actor)
        run(deposits)
        ledger.orphaned.add(f"deposit:{deposit.id}")
        ledger.up = set(NODES)
        clock.forward(seconds=6)
        run(deposits)
        assert not ledger.orphaned
        assert len(list(ledger.events())) == 1
        check_spine(watched, all_issued=True)

    def test_a_single_log_gets_no_supplements(self, tools: Tools, actor: Actor) -> None:
        """Nobody reads them there, and a deposit must not pay for them."""
        plain = PendingLedger(tools.ledger)
        plain.caps = dataclasses.replace(plain.caps, finality="immediate")  # type: ignore[misc]
        deposits = DepositService(dataclasses.replace(tools, ledgers=(plain,), sealer=NoSeal()))
        put(deposits, actor)
        run(deposits)
        assert list(plain.supplements.values()) == [None]


class TestFurther:
    def test_followed_until_final_and_proved(
        self, tools: Tools, second: PendingLedger, actor: Actor, clock: MovableClock
    ) -> None:
        second.up = set(NODES[:2])
        many = both(tools, second, 1)
        deposits = DepositService(many)
        deposit = put(deposits, actor)
        run(deposits)
        check_spine(many, all_issued=True)  # nothing is held up
        assert deposits.follow() == 0
        standing = standings_of(row(many, deposit))[second.id]
        assert (standing.reason, standing.awaited) == ("ledger_quorum", NODES[2:])
        assert list(receipts_of(row(many, deposit))) == [tools.ledger.id]

        second.orphaned.add(f"deposit:{deposit.id}")
        clock.forward(seconds=3)
        assert deposits.follow() == 0
        assert not second.orphaned  # it was given again

        second.up = set(NODES)
        clock.forward(seconds=5)
        assert deposits.follow() == 1
        found = row(many, deposit)
        assert found.follow_at is None
        (further,) = finals_of(found)
        verdict = verify(entry_of(found), further.receipt, further.proof, many.ledger_trust())
        assert verdict.ok
        assert list(receipts_of(found)) == [tools.ledger.id, second.id]
        acts = [entry.action for entry in deposits.custody(actor, deposit.id)]
        assert acts.count("deposit.followed") == 1
        assert deposits.follow() == 0

    def test_a_letter_waits_for_as_many_ledgers_as_are_required(
        self, tools: Tools, second: PendingLedger, actor: Actor, clock: MovableClock
    ) -> None:
        second.denied = "no"
        many = both(tools, second, 2)
        deposits = DepositService(many)
        deposit = put(deposits, actor)
        run(deposits)
        deposits.follow()
        found = row(many, deposit)
        assert (found.state, found.wait_reason) == (State.ANCHORED, "ledger_further")
        assert found.awaited == second.id
        assert standings_of(found)[second.id].reason == "ledger_denied"
        second.denied = ""
        clock.forward(seconds=200)
        assert deposits.follow() == 1
        run(deposits)  # due at once, whatever its next attempt was
        check_spine(many, all_issued=True)
        assert Pipeline(many)._issuing._letters.data(found, clock()).further == ()
        assert len(Pipeline(many)._issuing._letters.data(row(many, deposit), clock()).further) == 1

    def test_letters_on_demand_wait_likewise(
        self, tools: Tools, second: PendingLedger, actor: Actor, clock: MovableClock
    ) -> None:
        second.up = set()
        many = both(tools, second, 2)
        deposits = DepositService(many)
        new = NewDigest((Digest("sha256", bytes(32)),), Metadata(), None, None)
        (accepted,) = deposits.receive_many(actor, [new])
        deposit = accepted.deposit  # type: ignore[union-attr]
        run(deposits)
        deposits.follow()
        run(deposits)
        assert row(many, deposit).state == State.ANCHORED
        assert not row(many, deposit).has_letter
        second.up = set(NODES)
        clock.forward(seconds=30)
        deposits.follow()
        run(deposits)
        assert row(many, deposit).state == State.ISSUED
        check_spine(many, all_issued=True)

    def test_what_is_final_is_numbered_in_the_order_it_came(
        self, tools: Tools, second: PendingLedger, actor: Actor, clock: MovableClock, tmp_path: Path
    ) -> None:
        with TlogLedger(tmp_path / "third", origin="third.example/log") as third:
            second.up = set()
            many = both(tools, second, 1)
            many = dataclasses.replace(many, ledgers=(*many.ledgers, third))
            deposits = DepositService(many)
            deposit = put(deposits, actor)
            run(deposits)
            deposits.follow()
            assert [each.ledger for each in finals_of(row(many, deposit))] == [third.id]
            second.up = set(NODES)
            clock.forward(seconds=30)
            deposits.follow()
            finals = [each.ledger for each in finals_of(row(many, deposit))]
            assert finals == [third.id, second.id]
