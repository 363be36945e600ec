"""The promises of :class:`~chain_adapter.ledger.Ledger`, one method each."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, timedelta
from functools import partial
from typing import Any, Final

from chain_adapter.conformance.bench import Bench, Broken
from chain_adapter.errors import Conflict, InvalidEntry, LedgerError, NotFound
from chain_adapter.ledger import Ledger
from chain_adapter.merkle import leaf_hash
from chain_adapter.receipt import Receipt, Status
from chain_adapter.trust import Trust
from chain_adapter.verification.kinds import decode_proof
from chain_adapter.verify import Result, verify

#: What only the base class writes; adapters write the underscored ones.
_NORMALISING: Final = ("append", "lookup", "refresh", "prove", "prove_many", "events", "health")


class Promises:
    """Derive, give ``bench``, and the rest follows."""

    def test_the_interface_is_kept(self, bench: Bench) -> None:
        with bench.ledger() as ledger:
            kind = type(ledger)
        for name, declared in inspect.getmembers(Ledger, inspect.isfunction):
            if not name.startswith("__"):
                found = inspect.signature(getattr(kind, name)).parameters
                same = list(found) == list(inspect.signature(declared).parameters)
                require(same, f"{name} takes the base class's arguments")
        for name in _NORMALISING:
            require(getattr(kind, name) is getattr(Ledger, name), f"{name} is the base class's")
        require(kind.caps.finality in ("immediate", "delayed"), "finality is one of two words")

    def test_receipts_come_in_order_and_say_what_was_recorded(self, bench: Bench) -> None:
        with bench.ledger() as ledger:
            entries = bench.entries("order", 5)
            receipts = ledger.append(entries)
            for entry, receipt in zip(entries, receipts, strict=True):
                require(receipt.key == entry.key, "receipts come in the entries' order")
                require(receipt.ledger == ledger.id, "a receipt names its ledger")
                require(receipt.scheme == ledger.scheme, "a receipt names the ledger's scheme")
                require(receipt.entry_hash == leaf_hash(entry.encode()), "a leaf hash, RFC 6962")
                require(receipt.time.tzinfo is UTC, "times are in UTC")
                require(Receipt.from_json(receipt.to_json()) == receipt, "a receipt reads back")
                if ledger.caps.finality == "immediate":
                    require(receipt.status is Status.FINAL, "immediate means final at once")
            positions = [receipt.position for receipt in bench.settled(ledger, receipts)]
            require(positions == sorted(set(positions)), "positions rise")

    def test_what_was_acknowledged_is_there_after_reopening(self, bench: Bench) -> None:
        with bench.ledger() as first:
            receipts = first.append(bench.entries("durable", 3))
        with bench.ledger() as second:
            require(second.id == receipts[0].ledger, "a ledger keeps its id")
            for receipt in bench.settled(second, receipts):
                require(second.lookup(receipt.key) == receipt, "what was acknowledged is kept")

    def test_appending_again_returns_the_original_receipt(self, bench: Bench) -> None:
        entry = bench.entry("again")
        with bench.ledger() as ledger:
            (first,) = bench.appended(ledger, [entry])
            bench.appended(ledger, bench.entries("between", 2))
            require(ledger.append([entry]) == [first], "the original receipt comes back")
        with bench.ledger() as ledger:
            require(ledger.append([entry]) == [first], "also from another process")
            keys = [each.key for _, each in ledger.events()]
            require(keys.count(entry.key) == 1, "and nothing is recorded twice")

    def test_a_final_receipt_stays_as_it_is(self, bench: Bench) -> None:
        with bench.ledger() as ledger:
            (final,) = bench.appended(ledger, [bench.entry("final")])
            bench.appended(ledger, bench.entries("later", 3))
            require(ledger.refresh(final) == final, "refreshing a final receipt changes nothing")
            require(ledger.lookup(final.key) == final, "looking it up gives the same one")
            require(ledger.awaited(final) == (), "a final receipt waits for nobody")

    def test_the_same_entry_twice_in_one_batch_is_one_record(self, bench: Bench) -> None:
        entry = bench.entry("twice")
        with bench.ledger() as ledger:
            batch = [entry, bench.entry("single"), entry]
            one, other, two = bench.appended(ledger, batch)
            require(one == two, "the same entry twice is one record")
            require(other.position != one.position, "and no other entry's place")
            require(len(list(ledger.events())) == 2, "also among the events")

    def test_the_same_key_with_other_content_is_a_conflict(self, bench: Bench) -> None:
        taken, fresh = bench.entry("taken"), bench.entry("fresh")
        with bench.ledger() as ledger:
            ledger.append([taken])
            error = raises(
                Conflict,
                lambda: ledger.append([bench.entry("innocent"), bench.entry("taken", "other")]),
            )
            require(taken.key in str(error), "a conflict names the key")
            require(ledger.lookup("deposit:innocent") is None, "a batch is all or nothing")
            raises(Conflict, lambda: ledger.append([fresh, bench.entry("fresh", "other")]))
            require(ledger.lookup(fresh.key) is None, "also within one batch")

    def test_an_unknown_key_is_none_and_an_unknown_receipt_not_found(self, bench: Bench) -> None:
        with bench.ledger() as ledger:
            require(ledger.lookup("deposit:never") is None, "an unknown key is None")
            (receipt,) = bench.appended(ledger, [bench.entry("known")])
            for strange in (
                replace(receipt, key="deposit:never"),
                replace(receipt, entry_hash=bytes(32)),
                replace(receipt, ledger="elsewhere.example"),
            ):
                raises(NotFound, partial(ledger.refresh, strange))
                raises(NotFound, partial(ledger.prove, strange))

    def test_nothing_and_too_much(self, bench: Bench) -> None:
        with bench.ledger() as ledger:
            require(ledger.append([]) == [], "nothing is nothing")
            many = [bench.entry("one")] * (ledger.caps.max_batch + 1)
            error = raises(ValueError, lambda: ledger.append(many))
            require("at once" in str(error), "too many are refused")

    def test_an_entry_without_the_platform_is_refused(self, bench: Bench) -> None:
        unsigned = replace(bench.entry("unsigned"), signatures=())
        with bench.ledger() as ledger:
            raises(InvalidEntry, lambda: ledger.append([bench.entry("good"), unsigned]))
            require(ledger.lookup("deposit:good") is None, "nothing of the batch is recorded")

    def test_supplements_go_beside_their_own_entries(self, bench: Bench) -> None:
        entries = bench.entries("beside", 3)
        beside = [bench.supplement("beside-0"), None, bench.supplement("beside-2")]
        with bench.ledger() as ledger:
            receipts = bench.settled(ledger, ledger.append(entries, beside))
            require([each.key for each in receipts] == [each.key for each in entries], "in order")
            require(ledger.append(entries) == receipts, "they are no part of what is recorded")
            raises(ValueError, lambda: ledger.append(bench.entries("few", 2), [None]))
            swapped = bench.supplement("swapped-1")
            raises(InvalidEntry, lambda: ledger.append(bench.entries("swapped", 1), [swapped]))
            require(ledger.lookup("deposit:swapped-0") is None, "another's supplement is refused")

    def test_events_are_everything_in_order_from_anywhere(self, bench: Bench) -> None:
        entries = bench.entries("event", 300)
        with bench.ledger() as ledger:
            receipts = bench.appended(ledger, entries)
            events = list(ledger.events())
            require([entry for _, entry in events] == entries, "events are all entries, in order")
            places = [receipt.position for receipt in receipts]
            require([place for place, _ in events] == places, "each with its position")
            require(list(ledger.events(since=places[270])) == events[270:], "from anywhere on")
            require(list(ledger.events(since=places[-1] + 1)) == [], "nothing beyond the end")
            raises(ValueError, lambda: list(ledger.events(since=-1)))

    def test_final_records_verify_offline(self, bench: Bench) -> None:
        entries = bench.entries("proof", 5)
        with bench.ledger() as ledger:
            receipts, trust = bench.appended(ledger, entries), bench.trust(ledger)
            proofs = [ledger.prove(receipt) for receipt in receipts]
            require(ledger.prove_many(receipts) == proofs, "many proofs are each one's")
        require(ledger.caps.offline_proof, "a ledger without offline proofs proves nothing")
        for entry, receipt, proof in zip(entries, receipts, proofs, strict=True):
            encoded = proof.encode()
            encoded.decode("utf-8")
            read = decode_proof(receipt.scheme, encoded)
            require(read == proof, "a proof reads back")
            verdict = verify(entry.encode(), receipt, read, trust)
            failed = verdict.failed
            require(verdict.ok, f"a final record verifies: {failed and failed.detail}")

    def test_what_was_tampered_with_does_not_verify(self, bench: Bench) -> None:
        entries = bench.entries("tampered", 3)
        with bench.ledger() as ledger:
            one, other, _ = receipts = bench.appended(ledger, entries)
            proofs = [ledger.prove(receipt) for receipt in receipts]
            trust = bench.trust(ledger)
        later = replace(one, time=one.time + timedelta(seconds=1))
        elsewhere = replace(one, position=other.position)
        swapped = replace(one, checkpoint=one.checkpoint[::-1])
        for what, receipt, proof in (
            ("another time", later, proofs[0]),
            ("another place", elsewhere, proofs[0]),
            ("another place and its proof", elsewhere, proofs[1]),
            ("another checkpoint", swapped, proofs[0]),
        ):
            verdict = verify(entries[0], receipt, proof, trust)
            require(not verdict.ok, f"a receipt with {what} does not verify")
        verdict = verify(bench.entry("tampered-0", "other"), one, proofs[0], trust)
        require(verdict.result is Result.TAMPERED, "another entry is not this one")
        platform = Trust(platforms=dict(trust.platforms))
        verdict = verify(entries[0], one, proofs[0], platform)
        require(verdict.result is Result.UNTRUSTED_KEY, "without the ledger's key nothing is sure")

    def test_no_byte_of_a_proof_may_change(self, bench: Bench) -> None:
        entries = bench.entries("byte", 3)
        with bench.ledger() as ledger:
            receipt = bench.appended(ledger, entries)[1]
            encoded, trust = ledger.prove(receipt).encode(), bench.trust(ledger)
        for place in range(0, len(encoded), max(1, len(encoded) // 200)):
            changed = bytearray(encoded)
            changed[place] ^= 1 << place % 7
            try:
                proof = decode_proof(receipt.scheme, bytes(changed))
            except LedgerError:
                continue
            verdict = verify(entries[1], receipt, proof, trust)
            require(not verdict.ok, f"byte {place} of a proof may be another")

    def test_what_is_not_final_is_pending(self, bench: Bench) -> None:
        entry = bench.entry("pending")
        with bench.ledger() as ledger:
            (receipt,) = ledger.append([entry])
            awaited = ledger.awaited(receipt)
            require(isinstance(awaited, tuple), "awaited names are a tuple")
            require(all(isinstance(name, str) for name in awaited), "of names")
            (final,) = bench.settled(ledger, [receipt])
            proof, trust = ledger.prove(final), bench.trust(ledger)
        for status in (Status.QUEUED, Status.SUBMITTED, Status.INCLUDED):
            verdict = verify(entry, replace(final, status=status), proof, trust)
            require(verdict.result is Result.PENDING, f"{status} is pending")
        early = verify(entry, replace(receipt, status=Status.FINAL), proof, trust)
        same = (receipt.checkpoint, receipt.position) == (final.checkpoint, final.position)
        require(same or not early.ok, "calling an early receipt final does not make it so")

    def test_many_threads_append_at_once(self, bench: Bench) -> None:
        entries = bench.entries("thread", 64)
        with bench.ledger() as ledger:
            with ThreadPoolExecutor(16) as pool:
                # Every entry is sent twice, by different threads.
                sent = pool.map(lambda entry: ledger.append([entry])[0], entries * 2)
                receipts = bench.settled(ledger, list(sent))
            require(receipts[:64] == receipts[64:], "each entry is one record")
            require(len({each.position for each in receipts}) == 64, "each has its own place")

    def test_health_tells_the_size(self, bench: Bench) -> None:
        with bench.ledger() as ledger:
            bench.appended(ledger, bench.entries("health", 3))
            health = ledger.health()
        require(health.ok, f"a good ledger is healthy: {health.detail}")
        require(health.size == 3, f"health tells the number of entries, not {health.size}")
        require(health.checked.tzinfo is UTC, "times are in UTC")

    def test_trust_is_the_ledgers_own_key(self, bench: Bench) -> None:
        with bench.ledger() as ledger:
            trust = ledger.trust()
            require(ledger.id in trust.ledgers, "trust names the ledger's key")
            require(not trust.platforms, "a ledger vouches for no platform")
        with bench.ledger() as ledger:
            require(ledger.trust() == trust, "and it stays")

    def test_a_closed_ledger_fails_within_the_family(self, bench: Bench) -> None:
        ledger = bench.reopen()
        ledger.close()
        raises(LedgerError, lambda: ledger.append([bench.entry("late")]))
        raises(LedgerError, lambda: ledger.lookup("deposit:late"))
        require(not ledger.health().ok, "a closed ledger is not healthy")


def require(kept: bool, promise: str) -> None:
    """Raise :class:`Broken` unless ``kept``."""
    if not kept:
        raise Broken(f"broken promise: {promise}")


def raises(kind: type[Exception], call: Callable[[], Any]) -> Exception:
    """The error of ``kind`` that ``call`` raises."""
    try:
        call()
    except kind as error:
        return error
    except Exception as error:
        raise Broken(f"broken promise: {kind.__name__}, not {type(error).__name__}") from error
    raise Broken(f"broken promise: {kind.__name__} is raised")
