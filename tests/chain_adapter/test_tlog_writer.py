"""Group commit: who leads, who shares, and what becomes of those who wait."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from chain_adapter import Conflict, LedgerError, Retryable, Unknown
from chain_adapter.tlog import TlogLedger
from chain_adapter.tlog.sequencer import Item, Place
from chain_adapter.tlog.writer import GroupWriter
from tests.chain_adapter.records import check_log, make_entries, make_entry
from tests.chain_adapter.test_note import SIGNED
from tests.waiting import PATIENCE


class Recorder:
    """Stands for the sequencer: remembers the groups, and can be held up or made to fail."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.error: BaseException | None = None

    def append(self, requests: Sequence[Sequence[Item]]) -> list[list[Place] | Conflict]:
        self.groups.append([item.key for request in requests for item in request])
        self.entered.set()
        assert self.gate.wait(PATIENCE)
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return [
            Conflict("taken") if request[0].key == "bad" else [Place(0, SIGNED)] * len(request)
            for request in requests
        ]


class Callers:
    """Threads that submit one item each, started in a known order."""

    def __init__(self, writer: GroupWriter) -> None:
        self.writer = writer
        self.outcomes: dict[str, object] = {}
        self.threads: list[threading.Thread] = []

    def start(self, key: str) -> None:
        waiting = len(self.writer._waiting)
        thread = threading.Thread(target=self._submit, args=(key,))
        self.threads.append(thread)
        thread.start()
        while self.writer._led and len(self.writer._waiting) == waiting and len(self.threads) > 1:
            pass  # until it stands in the queue

    def _submit(self, key: str) -> None:
        try:
            self.outcomes[key] = self.writer.submit([Item(key, b"")])
        except BaseException as error:  # noqa: BLE001 - the outcome is what is examined
            self.outcomes[key] = error

    def join(self) -> None:
        for thread in self.threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def callers(recorder: Recorder) -> Callers:
    """One caller leads and is held up; three wait behind it."""
    callers = Callers(GroupWriter(recorder.append))
    callers.start("a")
    assert recorder.entered.wait(PATIENCE)
    for key in ("b", "bad", "c"):
        callers.start(key)
    return callers


def test_those_who_wait_share_the_next_append(recorder: Recorder, callers: Callers) -> None:
    recorder.gate.set()
    callers.join()
    assert recorder.groups == [["a"], ["b", "bad", "c"]]
    assert isinstance(callers.outcomes["bad"], Conflict)
    assert [len(callers.outcomes[key]) for key in "abc"] == [1, 1, 1]  # type: ignore[arg-type]


def test_a_failure_befalls_its_group_only(recorder: Recorder, callers: Callers) -> None:
    recorder.error = Retryable("busy")
    recorder.gate.set()
    callers.join()
    assert isinstance(callers.outcomes["a"], Retryable)
    assert isinstance(callers.outcomes["b"], list)


def test_each_of_a_failed_group_gets_an_error_of_its_own(callers: Callers) -> None:
    recorder_append = callers.writer._append

    def fail_second(requests: Sequence[Sequence[Item]]) -> list[list[Place] | Conflict]:
        if len(requests) > 1:
            raise Retryable("busy")
        return recorder_append(requests)

    callers.writer._append = fail_second
    recorder_append.__self__.gate.set()  # type: ignore[attr-defined]
    callers.join()
    errors = [callers.outcomes[key] for key in ("b", "bad", "c")]
    assert all(isinstance(error, Retryable) and str(error) == "busy" for error in errors)
    assert len(set(map(id, errors))) == 3


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ZeroDivisionError()])
def test_an_interrupted_leader_hands_the_lead_on(
    recorder: Recorder, callers: Callers, error: BaseException
) -> None:
    recorder.error = error
    recorder.gate.set()
    callers.join()
    assert callers.outcomes["a"] is error
    assert isinstance(callers.outcomes["b"], list)
    assert isinstance(callers.outcomes["c"], list)


def test_those_in_an_interrupted_group_are_told_it_is_open() -> None:
    recorder = Recorder()
    callers = Callers(GroupWriter(recorder.append))
    callers.start("a")
    assert recorder.entered.wait(PATIENCE)
    callers.start("b")
    callers.start("c")
    real = recorder.append

    def once(requests: Sequence[Sequence[Item]]) -> list[list[Place] | Conflict]:
        if len(requests) == 2:
            raise KeyboardInterrupt
        return real(requests)

    callers.writer._append = once
    recorder.gate.set()
    callers.join()
    assert isinstance(callers.outcomes["b"], KeyboardInterrupt)
    assert isinstance(callers.outcomes["c"], Unknown)


def test_a_group_is_bounded(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chain_adapter.tlog.writer._GROUP", 2)
    callers = Callers(GroupWriter(recorder.append))
    callers.start("a")
    assert recorder.entered.wait(PATIENCE)
    for key in "bcdef":
        callers.start(key)
    recorder.gate.set()
    callers.join()
    assert recorder.groups == [["a"], ["b", "c"], ["d", "e"], ["f"]]


def test_an_interrupted_waiter_does_not_hold_up_the_rest(
    recorder: Recorder, callers: Callers
) -> None:
    """Wherever it is interrupted: still waiting, or already holding the lead."""
    writer = callers.writer
    with writer._lock:
        waiter = writer._waiting[0]
    writer._abandon(waiter)
    assert waiter not in writer._waiting
    waiter.settle(Unknown("interrupted"))
    recorder.gate.set()
    callers.join()
    assert recorder.groups == [["a"], ["bad", "c"]]


def test_an_abandoned_lead_passes_to_the_next() -> None:
    recorder = Recorder()
    recorder.gate.set()
    writer = GroupWriter(recorder.append)
    writer._led = True  # somebody leads who will be interrupted before beginning
    callers = Callers(writer)
    for key in ("a", "b"):
        callers.start(key)
    while len(writer._waiting) < 2:
        pass
    first = writer._waiting[0]
    first.leads = True
    writer._abandon(first)
    first.settle(Unknown("interrupted"))
    callers.join()
    assert recorder.groups == [["b"]]


def test_one_callers_conflict_leaves_the_others_of_its_group(ledger: TlogLedger) -> None:
    ledger.append([make_entry("taken")])
    groups = [
        [Item("deposit:x", make_entry("x").encode())],
        [
            Item("deposit:y", make_entry("y").encode()),
            Item("deposit:taken", make_entry("taken", "other").encode()),
        ],
        [Item("deposit:x", make_entry("x").encode())],
        [Item("deposit:x", make_entry("x", "other").encode())],
        [Item("deposit:z", make_entry("z").encode())],
    ]
    outcomes = ledger._writer._append(groups)
    positions = [
        None if isinstance(outcome, LedgerError) else outcome[0].position for outcome in outcomes
    ]
    assert positions == [1, None, 1, None, 2]
    assert check_log(ledger) == 3


def test_the_logs_time_never_goes_back(ledger: TlogLedger) -> None:
    (first,) = ledger.append([make_entry("first")])
    sequencer = ledger._writer._append.__self__  # type: ignore[attr-defined]
    real = sequencer._now
    sequencer._now = lambda: real().replace(year=2001)
    (second,) = ledger.append([make_entry("second")])
    assert second.time >= first.time


def test_a_ledger_opened_and_used_before_a_fork_works_in_the_child(folder: Path) -> None:
    with TlogLedger(folder) as ledger:
        ledger.append([make_entry("parent")])
        child = os.fork()
        if child == 0:
            try:
                ledger.append(make_entries("child", 3))
                os._exit(0 if ledger.size() == 4 else 1)
            finally:
                os._exit(2)
        assert os.waitpid(child, 0)[1] == 0
        ledger.append([make_entry("parent-again")])
        assert check_log(ledger) == 5
