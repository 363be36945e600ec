"""From received to issued: in batches, exactly once, and never stuck."""

from __future__ import annotations

import dataclasses
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from chain_adapter import Conflict, Digest, Entry, EntryKey, Proof, Receipt, Status
from chain_adapter.tlog import TlogLedger
from portal.audit.actor import Actor
from portal.deposits import anchoring, stamping
from portal.deposits.advancing import Pipeline
from portal.deposits.evidence import receipts_of
from portal.deposits.leases import Leases
from portal.deposits.models import Deposit, State
from portal.deposits.records import Metadata
from portal.deposits.service import DepositService
from portal.deposits.tools import Tools
from tests.portal.deposits.checking import check_spine
from tests.portal.deposits.conftest import MovableClock, put, run
from tests.portal.deposits.doubles import Fate, FatefulLedger, FatefulStamper, FatefulVault, NoSeal
from tests.waiting import wait_for
from timestamping.errors import Permanent, TsaUnavailable


@pytest.fixture
def fate() -> Fate:
    return Fate()


@pytest.fixture
def tools(tools: Tools, fate: Fate) -> Tools:
    return dataclasses.replace(
        tools,
        stamper=FatefulStamper(tools.stamper, fate),
        ledgers=(FatefulLedger(tools.ledger, fate),),
        vault=FatefulVault(tools.vault, fate),
        sealer=NoSeal(),
    )


def row(tools: Tools, deposit: Deposit) -> Deposit:
    with tools.database.reading() as session:
        return session.get_one(Deposit, deposit.id)


@pytest.fixture(autouse=True)
def _still(clock: MovableClock) -> None:
    """Nothing is due because the machine is slow."""
    clock.hold()


def test_a_crowd_advances_together(
    deposits: DepositService, tools: Tools, actor: Actor, fate: Fate
) -> None:
    for _ in range(20):
        put(deposits, actor)
    deposits.receive_digest(actor, [Digest("sha256", bytes(32))], Metadata())
    assert run(deposits) == 3 * 21
    assert fate.calls.count("stamp") == fate.calls.count("append") == 1
    assert len(check_spine(tools, all_issued=True)) == 21
    assert deposits.advance() == 0


def test_nothing_to_do_is_nothing_done(deposits: DepositService) -> None:
    assert deposits.advance() == 0


def test_the_ledger_learns_nothing_personal(
    deposits: DepositService, tools: Tools, actor: Actor
) -> None:
    put(deposits, actor, title="TITLE", filename="FILENAME", note="NOTE")
    run(deposits)
    [(_, entry)] = list(tools.ledger.events())
    text = entry.encode().decode()
    for secret in ("TITLE", "FILENAME", "NOTE", actor.id, actor.name):
        assert secret not in text


class TestWaiting:
    @pytest.mark.parametrize("failing", range(4))
    @pytest.mark.parametrize("how", [Fate.FAILS, Fate.LOST])
    def test_each_outside_call_may_fail_or_lose_its_answer(
        self,
        deposits: DepositService,
        tools: Tools,
        actor: Actor,
        clock: MovableClock,
        fate: Fate,
        failing: int,
        how: str,
    ) -> None:
        """Calls in order: stamp, append, prove, put."""
        deposit = put(deposits, actor)
        fate.plan = [Fate.WORKS] * failing + [how]
        run(deposits)
        waiting = row(tools, deposit)
        assert waiting.state != State.ISSUED
        assert waiting.wait_reason
        assert waiting.wait_detail
        assert waiting.lease is None
        assert waiting.next_attempt_at > clock()
        check_spine(tools)
        assert run(deposits) == 0  # not before its time
        clock.forward(seconds=2)
        run(deposits)
        check_spine(tools, all_issued=True)
        acts = [entry.action for entry in deposits.custody(actor, deposit.id)]
        assert acts.count("deposit.waiting") == 1

    def test_no_token_no_ledger_write(
        self, deposits: DepositService, tools: Tools, actor: Actor, fate: Fate
    ) -> None:
        put(deposits, actor)
        fate.plan = [Fate.FAILS]
        run(deposits)
        assert "append" not in fate.calls
        assert list(tools.ledger.events()) == []

    def test_the_waits_grow_and_the_log_is_not_flooded(
        self,
        deposits: DepositService,
        tools: Tools,
        actor: Actor,
        clock: MovableClock,
        fate: Fate,
    ) -> None:
        deposit = put(deposits, actor)
        fate.plan = [Fate.FAILS] * 12
        spans = []
        for _ in range(12):
            run(deposits)
            spans.append(row(tools, deposit).next_attempt_at - clock())
            clock.forward(seconds=61)
        assert spans[0] <= timedelta(seconds=1)
        assert timedelta(seconds=25) < spans[-1] <= timedelta(seconds=60)
        assert row(tools, deposit).attempts == 12
        acts = [entry.action for entry in deposits.custody(actor, deposit.id)]
        assert acts.count("deposit.waiting") == 1
        run(deposits)
        assert row(tools, deposit).attempts == 0
        check_spine(tools, all_issued=True)

    def test_a_bug_is_a_reason_too(
        self,
        deposits: DepositService,
        tools: Tools,
        actor: Actor,
        clock: MovableClock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        deposit = put(deposits, actor)
        with monkeypatch.context() as patch:
            patch.setattr(stamping, "new_entry", lambda *_: 1 / 0)
            run(deposits)
        assert row(tools, deposit).wait_reason == "internal"
        assert "ZeroDivisionError" in (row(tools, deposit).wait_detail or "")
        clock.forward(seconds=6)
        run(deposits)
        check_spine(tools, all_issued=True)

    def test_the_rail_names_the_step_and_the_reason(
        self, deposits: DepositService, actor: Actor, fate: Fate
    ) -> None:
        deposit = put(deposits, actor)
        fate.plan = [Fate.WORKS, Fate.FAILS]
        run(deposits)
        rail = deposits.steps(deposits.get(actor, deposit.id))
        assert [(step.code, str(step.state)) for step in rail] == [
            ("received", "done"),
            ("hashed", "done"),
            ("timestamped", "done"),
            ("anchored", "waiting"),
            ("issued", "pending"),
        ]
        assert rail[3].reason == "ledger_retryable"
        assert rail[3].detail == "the ledger is locked"
        assert rail[3].next_at is not None


class TestNeighbours:
    def test_one_refused_digest_holds_nobody_up(
        self, deposits: DepositService, tools: Tools, actor: Actor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rows = [put(deposits, actor) for _ in range(5)]
        stamper = tools.stamper
        assert isinstance(stamper, FatefulStamper)
        real = stamper.inner.stamp_many

        def picky(digests: list[Digest]) -> object:
            if rows[2].sha256 in {digest.hex for digest in digests}:
                raise Permanent("this digest is not liked")
            return real(digests)

        monkeypatch.setattr(stamper.inner, "stamp_many", picky)
        run(deposits)
        assert [row(tools, each).state for each in rows] == [
            "received" if each is rows[2] else "issued" for each in rows
        ]
        check_spine(tools)

    def test_a_tsa_that_refuses_all_is_not_asked_for_each(
        self, deposits: DepositService, tools: Tools, actor: Actor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(20):
            put(deposits, actor)
        stamper = tools.stamper
        assert isinstance(stamper, FatefulStamper)
        asked = []

        def refuse(digests: list[Digest]) -> object:
            asked.append(len(digests))
            raise Permanent("go away")

        monkeypatch.setattr(stamper.inner, "stamp_many", refuse)
        run(deposits)
        assert asked == [20, 1, 1, 1]

    def test_a_tsa_that_is_down_is_asked_once(
        self, deposits: DepositService, tools: Tools, actor: Actor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(20):
            put(deposits, actor)
        stamper = tools.stamper
        assert isinstance(stamper, FatefulStamper)
        asked = []

        def down(digests: list[Digest]) -> object:
            asked.append(len(digests))
            raise TsaUnavailable("refused connection")

        monkeypatch.setattr(stamper.inner, "stamp_many", down)
        run(deposits)
        assert asked == [20]

    def test_more_letters_than_one_worker_takes_at_once(
        self, deposits: DepositService, tools: Tools, actor: Actor
    ) -> None:
        nudges: list[None] = []
        more = DepositService(dataclasses.replace(tools, nudge=lambda: nudges.append(None)))
        for _ in range(10):
            put(deposits, actor)
        assert more.advance() == 10 + 10 + 8
        assert nudges
        assert run(more) == 2
        check_spine(tools, all_issued=True)


class TestGate:
    def test_a_token_that_no_longer_verifies_never_reaches_the_ledger(
        self, deposits: DepositService, tools: Tools, actor: Actor, clock: MovableClock, fate: Fate
    ) -> None:
        """Somebody exchanged the stored token for another deposit's, genuine one."""
        first, second = put(deposits, actor), put(deposits, actor)
        fate.plan = [Fate.WORKS, Fate.FAILS]
        run(deposits)
        assert row(tools, first).state == State.TIMESTAMPED
        other = row(tools, second)
        with tools.database.transaction() as session:
            one = session.get_one(Deposit, first.id)
            one.token, one.stamps = other.token, other.stamps
        clock.forward(seconds=2)
        run(deposits)
        assert row(tools, first).wait_reason == "token-refused"
        assert row(tools, second).state == State.ISSUED
        assert len(list(tools.ledger.events())) == 1

    def test_an_entry_about_something_else_never_reaches_the_ledger(
        self, deposits: DepositService, tools: Tools, actor: Actor, clock: MovableClock, fate: Fate
    ) -> None:
        first, second = put(deposits, actor), put(deposits, actor)
        fate.plan = [Fate.WORKS, Fate.FAILS]
        run(deposits)
        with tools.database.transaction() as session:
            session.get_one(Deposit, first.id).entry = row(tools, second).entry
        clock.forward(seconds=2)
        run(deposits)
        assert row(tools, first).wait_reason == "ledger_fatal"
        assert len(list(tools.ledger.events())) == 1

    def test_a_receipt_that_does_not_verify_makes_no_letter(
        self,
        deposits: DepositService,
        tools: Tools,
        actor: Actor,
        clock: MovableClock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        deposit = put(deposits, actor)
        real = FatefulLedger._prove

        def tampered(self: FatefulLedger, receipt: Receipt) -> Proof:
            return dataclasses.replace(real(self, receipt), path=(bytes(32),))

        with monkeypatch.context() as patch:
            patch.setattr(FatefulLedger, "_prove", tampered)
            run(deposits)
        assert row(tools, deposit).state == State.TIMESTAMPED
        assert "does not verify" in (row(tools, deposit).wait_detail or "")
        clock.forward(seconds=6)
        run(deposits)
        check_spine(tools, all_issued=True)

    def test_a_record_that_is_not_final_waits(
        self,
        deposits: DepositService,
        tools: Tools,
        actor: Actor,
        clock: MovableClock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        deposit = put(deposits, actor)
        real = FatefulLedger._append

        def pending(self: FatefulLedger, entries: list[Entry], beside: object) -> list[Receipt]:
            found = real(self, entries, beside)
            return [dataclasses.replace(each, status=Status.SUBMITTED) for each in found]

        with monkeypatch.context() as patch:
            patch.setattr(FatefulLedger, "_append", pending)
            run(deposits)
        assert row(tools, deposit).wait_reason == "ledger_pending"
        clock.forward(seconds=2)
        run(deposits)
        check_spine(tools, all_issued=True)

    def test_a_key_taken_by_other_content_is_a_conflict(
        self, deposits: DepositService, tools: Tools, actor: Actor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        deposit = put(deposits, actor)

        def taken(*_: object) -> object:
            raise Conflict("the key holds other content")

        monkeypatch.setattr(FatefulLedger, "_append", taken)
        run(deposits)
        assert row(tools, deposit).wait_reason == "ledger_conflict"


class TestRotation:
    def test_a_new_platform_key_does_not_record_twice(
        self, deposits: DepositService, tools: Tools, actor: Actor, clock: MovableClock, fate: Fate
    ) -> None:
        """The entry is stored before it is sent, so a restart with another key sends the same."""
        put(deposits, actor)
        fate.plan = [Fate.WORKS, Fate.LOST]
        run(deposits)
        old = tools.entry_key
        rotated = dataclasses.replace(tools, entry_key=EntryKey.generate())
        clock.forward(seconds=2)
        # The old key is still a trusted one: letters made under it must verify for ever.
        both = rotated.ledger_trust() | tools.ledger_trust()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Tools, "ledger_trust", lambda _: both)
            run(DepositService(rotated))
            [only] = check_spine(rotated, all_issued=True)
        assert Entry.decode(only.entry or b"").platform == old.key_id


class TestLeases:
    def test_two_workers_do_not_do_the_same_work(
        self, deposits: DepositService, tools: Tools, actor: Actor, fate: Fate
    ) -> None:
        put(deposits, actor)
        leases = Leases(tools)
        with leases.taken((State.RECEIVED,), 10) as mine:
            assert len(mine) == 1
            with Leases(tools).taken((State.RECEIVED,), 10) as theirs:
                assert theirs == []
            assert deposits.advance() == 0
        assert run(deposits) == 3
        assert fate.calls.count("stamp") == 1

    def test_a_dead_workers_lease_is_retaken(
        self, deposits: DepositService, tools: Tools, actor: Actor, clock: MovableClock
    ) -> None:
        put(deposits, actor)
        Leases(tools)._take("dead", (State.RECEIVED,), 10)
        assert run(deposits) == 0
        clock.forward(seconds=31)
        assert run(deposits) == 3
        check_spine(tools, all_issued=True)

    def test_a_long_step_keeps_its_lease(
        self, deposits: DepositService, tools: Tools, actor: Actor, clock: MovableClock
    ) -> None:
        deposit = put(deposits, actor)
        clock.hold()  # the lease runs out by this clock, however late its keeper comes
        with Leases(tools, timedelta(seconds=3)).taken((State.RECEIVED,), 10) as (mine,):
            first = mine.lease_until
            assert first is not None
            clock.forward(seconds=2)

            def renewed() -> bool:
                until = row(tools, deposit).lease_until
                return until is not None and until > first

            wait_for(renewed, "the lease is renewed")
            clock.forward(seconds=2)
            assert first < clock(), "what was taken at first would have run out"
            with Leases(tools).taken((State.RECEIVED,), 10) as theirs:
                assert theirs == []

    def test_a_worker_that_lost_its_lease_harms_nothing(
        self,
        deposits: DepositService,
        tools: Tools,
        actor: Actor,
        clock: MovableClock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """It was stopped for an hour between stamping and anchoring; the others have finished."""
        put(deposits, actor)
        real = anchoring.Anchoring.advance
        paused: list[bool] = []

        def slow(self: anchoring.Anchoring, rows: list[Deposit], fresh: set[str]) -> object:
            if rows and not paused:
                paused.append(True)
                clock.forward(hours=1)
                run(DepositService(tools))
            return real(self, rows, fresh)

        monkeypatch.setattr(anchoring.Anchoring, "advance", slow)
        run(deposits)
        assert paused
        check_spine(tools, all_issued=True)

    def test_many_workers_at_once(
        self, deposits: DepositService, tools: Tools, actor: Actor
    ) -> None:
        for _ in range(12):
            put(deposits, actor)
        small = dataclasses.replace(
            tools, settings=tools.settings.model_copy(update={"batch_size": 3})
        )
        threads = [
            threading.Thread(target=run, args=(DepositService(small, Pipeline(small)),))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        run(deposits)
        check_spine(tools, all_issued=True)


class TestFurtherLedgers:
    @pytest.fixture
    def second(self, tmp_path: Path) -> object:
        with TlogLedger(tmp_path / "second", origin="court.example/log") as ledger:
            yield ledger

    def test_they_follow_and_are_shown_as_they_arrive(
        self,
        tools: Tools,
        actor: Actor,
        clock: MovableClock,
        second: TlogLedger,
    ) -> None:
        fate = Fate()
        fate.plan = [Fate.FAILS]
        both = dataclasses.replace(tools, ledgers=(tools.ledger, FatefulLedger(second, fate)))
        deposits = DepositService(both)
        deposit = put(deposits, actor)
        run(deposits)
        deposits.follow()
        assert row(tools, deposit).state == State.ISSUED  # nothing is held up
        assert list(receipts_of(row(tools, deposit))) == [tools.ledger.id]
        clock.forward(seconds=120)
        deposits.follow()
        assert list(receipts_of(row(tools, deposit))) == [tools.ledger.id, second.id]
        assert row(tools, deposit).follow_at is None
        assert second.size() == 1
        check_spine(both, all_issued=True)
        acts = [entry.action for entry in deposits.custody(actor, deposit.id)]
        assert acts.count("deposit.followed") == 1

    def test_a_lost_answer_records_once(
        self, tools: Tools, actor: Actor, clock: MovableClock, second: TlogLedger
    ) -> None:
        fate = Fate()
        fate.plan = [Fate.LOST]
        both = dataclasses.replace(tools, ledgers=(tools.ledger, FatefulLedger(second, fate)))
        deposits = DepositService(both)
        put(deposits, actor)
        run(deposits)
        deposits.follow()
        clock.forward(seconds=120)
        deposits.follow()
        assert second.size() == 1
