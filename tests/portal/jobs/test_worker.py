"""Sidelines have threads of their own: what hangs or breaks in one is no other's trouble."""

from __future__ import annotations

import threading

import pytest

from portal.jobs import Sideline
from portal.jobs import worker as worker_module
from portal.jobs.worker import run_worker
from portal.settings import Settings
from tests.waiting import PATIENCE


@pytest.fixture
def settings() -> Settings:
    return Settings(_env_file=None, environment="test", sweep_seconds=0.02)  # type: ignore[call-arg]


def test_a_hanging_sideline_delays_nobody_and_the_end_is_clean(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, released, moved = threading.Event(), threading.Event(), threading.Event()
    other, broke = threading.Event(), threading.Event()
    seen: set[str] = set()

    def hang() -> int:
        hangs.set()
        released.wait(PATIENCE)
        return 0

    def break_down() -> int:
        broke.set()
        raise OSError("the mail server is away")

    def advance() -> int:
        moved.set()
        return 0

    def consume(*_: object) -> None:
        """In place of the queue's consumer: runs until all of it was seen."""
        assert hangs.wait(PATIENCE)
        assert moved.wait(PATIENCE)
        assert other.wait(PATIENCE)
        assert broke.wait(PATIENCE)
        released.set()

    def count() -> int:
        other.set()
        return 0

    monkeypatch.setattr(worker_module, "_consume", consume)
    sidelines = (
        Sideline("hanging", hang, 0.01),
        Sideline("breaking", break_down, 0.01),
        Sideline("other", count, 0.01),
    )
    run_worker(settings, advance, lambda: None, sidelines, seen.add)
    assert {"deposits", "breaking", "other"} <= seen
    names = {thread.name for thread in threading.enumerate()}
    assert not names & {"deposits", "hanging", "breaking", "other"}


def test_a_sideline_with_more_to_do_goes_on_at_once(settings: Settings) -> None:
    left, stop = [3, 2, 1], threading.Event()

    def advance() -> int:
        if left:
            return left.pop(0)
        stop.set()
        return 0

    sideline = Sideline("busy", advance, 300)
    worker_module._run_aside(stop, sideline, lambda _: None)
    assert left == []


def test_a_resting_loop_gives_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, told = threading.Event(), []

    def beat(loop: str) -> None:
        told.append(loop)
        if len(told) == 3:
            stop.set()

    monkeypatch.setattr(worker_module, "_REST_SECONDS", 0.01)
    worker_module._rest(stop, 300, "deposits", beat)
    assert told == ["deposits"] * 3
