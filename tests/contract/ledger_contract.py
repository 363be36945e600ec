"""What every ledger must do, whatever it is made of.

A test module derives from :class:`LedgerContract` and gives the fixture ``reopen``: a function that
opens the ledger under test, the same one each time, as another process would.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC

import pytest

from chain_adapter import (
    Conflict,
    InvalidEntry,
    Ledger,
    LedgerError,
    NotFound,
    Result,
    Status,
    verify,
)
from chain_adapter.merkle import leaf_hash
from chain_adapter.trust import Trust
from tests.chain_adapter.records import PLATFORM, make_entries, make_entry, make_supplement

Reopen = Callable[[], Ledger]


class LedgerContract:
    """Derive, give ``reopen``, and the rest follows."""

    @pytest.fixture
    def ledger(self, reopen: Reopen):
        with reopen() as opened:
            yield opened

    def test_the_interface_is_kept(self, ledger: Ledger) -> None:
        for name, declared in inspect.getmembers(Ledger, inspect.isfunction):
            if name.startswith("__"):
                continue
            found = getattr(type(ledger), name)
            assert inspect.signature(found) == inspect.signature(declared), name
        public = [name for name in vars(Ledger) if not name.startswith("_")]
        normalising = {"append", "lookup", "refresh", "prove", "events", "health"}
        assert normalising <= set(public)
        for name in normalising:
            assert getattr(type(ledger), name) is getattr(Ledger, name), name

    def test_receipts_come_in_order_and_say_what_was_recorded(self, ledger: Ledger) -> None:
        entries = make_entries("order", 5)
        receipts = ledger.append(entries)
        for entry, receipt in zip(entries, receipts, strict=True):
            assert receipt.key == entry.key
            assert receipt.ledger == ledger.id
            assert receipt.scheme == ledger.scheme
            assert receipt.entry_hash == leaf_hash(entry.encode())
            assert receipt.time.tzinfo is UTC
        positions = [receipt.position for receipt in receipts]
        assert positions == sorted(set(positions))

    def test_what_was_acknowledged_is_there_after_reopening(self, reopen: Reopen) -> None:
        with reopen() as first:
            receipts = first.append(make_entries("durable", 3))
        with reopen() as second:
            for receipt in receipts:
                assert second.lookup(receipt.key) == second.refresh(receipt)

    def test_appending_again_returns_the_original_receipt(self, ledger: Ledger) -> None:
        entry = make_entry("again")
        (first,) = ledger.append([entry])
        ledger.append(make_entries("between", 2))
        assert ledger.append([entry]) == [ledger.refresh(first)]
        assert ledger.append([entry])[0].position == first.position
        assert [each.key for _, each in ledger.events()].count(entry.key) == 1

    def test_the_same_entry_twice_in_one_batch_is_one_record(self, ledger: Ledger) -> None:
        entry = make_entry("twice")
        one, other, two = ledger.append([entry, make_entry("single"), entry])
        assert one == two
        assert other.position != one.position

    def test_the_same_key_with_other_content_is_a_conflict(self, ledger: Ledger) -> None:
        ledger.append([make_entry("taken")])
        with pytest.raises(Conflict, match="deposit:taken"):
            ledger.append([make_entry("innocent"), make_entry("taken", "other")])
        assert ledger.lookup("deposit:innocent") is None
        with pytest.raises(Conflict):
            ledger.append([make_entry("fresh"), make_entry("fresh", "other")])
        assert ledger.lookup("deposit:fresh") is None

    def test_an_unknown_key_is_none_and_an_unknown_receipt_not_found(self, ledger: Ledger) -> None:
        assert ledger.lookup("deposit:never") is None
        (receipt,) = ledger.append([make_entry("known")])
        for strange in (
            replace(receipt, key="deposit:never"),
            replace(receipt, entry_hash=bytes(32)),
            replace(receipt, ledger="elsewhere.example"),
        ):
            with pytest.raises(NotFound):
                ledger.refresh(strange)
            with pytest.raises(NotFound):
                ledger.prove(strange)

    def test_nothing_and_too_much(self, ledger: Ledger) -> None:
        assert ledger.append([]) == []
        with pytest.raises(ValueError, match="at once"):
            ledger.append([make_entry("one")] * (ledger.caps.max_batch + 1))

    def test_an_entry_without_the_platform_is_refused(self, ledger: Ledger) -> None:
        with pytest.raises(InvalidEntry, match="not signed"):
            ledger.append([make_entry("good"), replace(make_entry("unsigned"), signatures=())])
        assert ledger.lookup("deposit:good") is None

    def test_supplements_go_beside_their_own_entries(self, ledger: Ledger) -> None:
        entries = make_entries("beside", 3)
        supplements = [make_supplement("beside-0"), None, make_supplement("beside-2")]
        receipts = ledger.append(entries, supplements)
        assert [receipt.key for receipt in receipts] == [entry.key for entry in entries]
        assert ledger.append(entries) == [ledger.refresh(receipt) for receipt in receipts]
        with pytest.raises(ValueError, match="1 supplements for 2 entries"):
            ledger.append(make_entries("few", 2), [None])
        with pytest.raises(InvalidEntry, match="is another's"):
            ledger.append(make_entries("swapped", 1), [make_supplement("swapped-1")])
        assert ledger.lookup("deposit:swapped-0") is None

    def test_events_are_everything_in_order_from_anywhere(self, ledger: Ledger) -> None:
        entries = make_entries("event", 300)
        ledger.append(entries)
        events = list(ledger.events())
        assert [entry for _, entry in events] == entries
        assert list(ledger.events(since=events[270][0])) == events[270:]
        assert list(ledger.events(since=events[-1][0] + 1)) == []
        with pytest.raises(ValueError, match="begin at 0"):
            list(ledger.events(since=-1))

    def test_final_records_verify_offline(self, ledger: Ledger) -> None:
        entries = make_entries("proof", 5)
        receipts = [ledger.refresh(receipt) for receipt in ledger.append(entries)]
        trust = ledger.trust() | Trust(platforms={PLATFORM.key_id: PLATFORM.public})
        for entry, receipt in zip(entries, receipts, strict=True):
            verdict = verify(entry, receipt, ledger.prove(receipt), trust)
            final = receipt.status is Status.FINAL
            assert verdict.result is (Result.UNTAMPERED if final else Result.PENDING)

    def test_many_threads_append_at_once(self, ledger: Ledger) -> None:
        entries = make_entries("thread", 64)
        with ThreadPoolExecutor(16) as pool:
            # Every entry is sent twice, by different threads.
            receipts = list(pool.map(lambda entry: ledger.append([entry])[0], entries * 2))
        assert receipts[:64] == receipts[64:]
        assert len({receipt.position for receipt in receipts}) == 64

    def test_health_tells_the_size(self, ledger: Ledger) -> None:
        ledger.append(make_entries("health", 3))
        health = ledger.health()
        assert health.ok
        assert health.size == 3
        assert health.checked.tzinfo is UTC

    def test_a_closed_ledger_fails_within_the_family(self, reopen: Reopen) -> None:
        ledger = reopen()
        ledger.close()
        with pytest.raises(LedgerError):
            ledger.append([make_entry("late")])
        with pytest.raises(LedgerError):
            ledger.lookup("deposit:late")
        assert not ledger.health().ok
