"""The suite itself: for each promise a ledger that breaks it, and is found out by that promise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chain_adapter import Caps, Ledger, Receipt, Status
from chain_adapter.conformance import Bench, Broken, Promises
from tests.contract.plugins import installed

PROMISES = [name for name in vars(Promises) if name.startswith("test_")]


@pytest.fixture(autouse=True)
def _installed(toy: Path) -> Iterator[None]:
    with installed(toy):
        yield


def _forgets(base: type[Any]) -> dict[str, Any]:
    """Opens empty each time."""

    def opened(self: Any, folder: Path) -> None:
        opened.count += 1  # type: ignore[attr-defined]
        base.__init__(self, folder / str(opened.count))  # type: ignore[attr-defined]

    opened.count = 0  # type: ignore[attr-defined]
    return {"__init__": opened}


def _changing(**fields: Callable[[Receipt], Any]) -> Callable[[type[Any]], dict[str, Any]]:
    """Whose receipts are otherwise."""

    def methods(base: type[Any]) -> dict[str, Any]:
        def receipt(self: Any, entry: Any) -> Receipt:
            made = base._receipt(self, entry)
            return replace(made, **{name: make(made) for name, make in fields.items()})

        return {"_receipt": receipt}

    return methods


def _appending(change: Callable[[Any, Any, Any], Any]) -> Callable[[type[Any]], dict[str, Any]]:
    """Which appends otherwise: ``change(base's append, self, entries)``."""
    return lambda base: {
        "_append": lambda self, entries, supplements: change(
            lambda some: base._append(self, some, supplements), self, entries
        )
    }


def _overwriting(_: Any, ledger: Any, entries: Any) -> Any:
    """Takes other content under a key it knows."""
    with ledger._turn():
        ledger._write("entries", b"".join(entry.encode() + b"\n" for entry in entries))
        return [ledger._receipt(entry) for entry in entries]


def _one_by_one(append: Any, _: Any, entries: Any) -> Any:
    return [append([entry])[0] for entry in entries]


def _wobbling(base: type[Any]) -> dict[str, Any]:
    """Final receipts get a new seal each time they are asked for."""

    def refresh(self: Any, receipt: Receipt) -> Receipt:
        with self._turn():
            self._seals.clear()
            self._seal()
            self._seals.pop(0) if len(self._seals) > 1 else None
            return replace(self._receipt(self._own(receipt)), time=receipt.time + timedelta(1))

    return {"_refresh": refresh}


#: The promise → what is written otherwise than in the toy.
BREAKING: dict[str, Callable[[type[Any]], dict[str, Any]]] = {
    "the_interface_is_kept": lambda base: {"append": lambda self, entries: []},
    "receipts_come_in_order_and_say_what_was_recorded": _changing(key=lambda made: made.key + "x"),
    "what_was_acknowledged_is_there_after_reopening": _forgets,
    "appending_again_returns_the_original_receipt": _appending(
        lambda append, _, entries: [replace(each, position=99) for each in append(entries)]
    ),
    "a_final_receipt_stays_as_it_is": _wobbling,
    "the_same_entry_twice_in_one_batch_is_one_record": _appending(_overwriting),
    "the_same_key_with_other_content_is_a_conflict": _appending(_one_by_one),
    "an_unknown_key_is_none_and_an_unknown_receipt_not_found": lambda base: {
        "_own": lambda self, receipt: self._entries[0]
    },
    "nothing_and_too_much": lambda base: {"append": lambda self, entries, supplements=(): []},
    "an_entry_without_the_platform_is_refused": lambda base: {
        "append": lambda self, entries, supplements=(): self._append(entries, supplements)
    },
    "supplements_go_beside_their_own_entries": lambda base: {
        "append": lambda self, entries, supplements=(): self._append(entries, supplements)
    },
    "events_are_everything_in_order_from_anywhere": lambda base: {
        "_events": lambda self, since: iter(list(enumerate(self._entries))[since + 1 :])
    },
    "final_records_verify_offline": lambda base: {
        "_prove": lambda self, receipt: type(base._prove(self, receipt))(())
    },
    "what_was_tampered_with_does_not_verify": _changing(time=lambda made: made.time),
    "no_byte_of_a_proof_may_change": _changing(time=lambda made: made.time),
    "what_is_not_final_is_pending": lambda base: {"awaited": lambda self, receipt: ["somebody"]},
    "many_threads_append_at_once": _changing(position=lambda made: 0),
    "health_tells_the_size": lambda base: {
        "_health": lambda self: replace(base._health(self), size=7)
    },
    "trust_is_the_ledgers_own_key": lambda base: {
        "trust": lambda self: replace(base.trust(self), ledgers={})
    },
    "a_closed_ledger_fails_within_the_family": lambda base: {"close": lambda self: None},
}
#: Broken by a verifier, not by a ledger: shown with one that has a step too few.
BY_THE_VERIFIER = {
    "what_was_tampered_with_does_not_verify": (42, 44),
    "no_byte_of_a_proof_may_change": (43, 44),
}


def bench_of(kind: type[Ledger], tmp_path: Path) -> Bench:
    return Bench(lambda: kind(tmp_path / "ledger"), patience=0.5)  # type: ignore[call-arg]


def test_every_promise_has_a_ledger_that_breaks_it() -> None:
    assert {f"test_{name}" for name in BREAKING} == set(PROMISES)


@pytest.mark.parametrize("name", BREAKING)
def test_a_broken_promise_is_found_out(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toy_ledger import ToyLedger
    from toy_ledger.verifier import ToyExamination

    if name in BY_THE_VERIFIER:
        left_out = BY_THE_VERIFIER[name]
        steps = tuple(step for step in ToyExamination.steps if step.number not in left_out)
        monkeypatch.setattr(ToyExamination, "steps", steps)
    kind = type("BrokenLedger", (ToyLedger,), BREAKING[name](ToyLedger))
    with pytest.raises(Broken):
        getattr(Promises(), f"test_{name}")(bench_of(kind, tmp_path))


def test_what_never_becomes_final_is_told_with_whom_it_waits_for(tmp_path: Path) -> None:
    from toy_ledger import ToyLedger

    class Waiting(ToyLedger):  # type: ignore[misc, unused-ignore]
        def _seal(self) -> None:
            """Nobody seals."""

    bench = bench_of(Waiting, tmp_path)
    with bench.ledger() as ledger, pytest.raises(Broken, match=r"still included.*the next seal"):
        bench.appended(ledger, [bench.entry("one")])


def test_a_rejection_ends_the_waiting(tmp_path: Path) -> None:
    from toy_ledger import ToyLedger

    fields = _changing(status=lambda _: Status.REJECTED)(ToyLedger)
    bench = bench_of(type("Rejecting", (ToyLedger,), fields), tmp_path)
    with bench.ledger() as ledger, pytest.raises(Broken, match="then rejected"):
        bench.appended(ledger, [bench.entry("one")])


def test_immediate_means_at_once(tmp_path: Path) -> None:
    from toy_ledger import ToyLedger

    caps = Caps("immediate", 1000, offline_proof=True, reorgs=False)
    bench = bench_of(type("Boasting", (ToyLedger,), {"caps": caps}), tmp_path)
    with pytest.raises(Broken, match="final at once"):
        Promises().test_receipts_come_in_order_and_say_what_was_recorded(bench)
