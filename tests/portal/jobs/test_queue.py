"""The nudge reaches a consumer, is coalesced, and its loss is never the request's trouble."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from huey import Huey

from portal.jobs import worker
from portal.jobs.queue import Queue, open_huey
from portal.settings import Settings
from tests.waiting import PATIENCE, wait_for


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(environment="test", data_dir=tmp_path, sweep_seconds=0.05)


def test_many_nudges_become_few_messages(settings: Settings) -> None:
    queue = Queue(settings)
    for _ in range(500):
        queue.nudge()
    queue.close()
    waiting = open_huey(settings).pending_count()
    assert 1 <= waiting <= 5


def test_a_nudge_is_sent_at_once_and_one_that_follows_a_little_later(settings: Settings) -> None:
    queue, waiting = Queue(settings), open_huey(settings)
    for count in (1, 2):
        queue.nudge()
        _wait_for(waiting, count)
    queue.close()
    assert waiting.pending_count() == 2, "nothing is sent that nobody asked for"


def test_what_was_wanted_at_a_fork_holds_nothing_up(settings: Settings) -> None:
    queue = Queue(settings)
    queue._wanted = True  # the thread that was about to send stayed behind in the parent
    queue.nudge()
    _wait_for(open_huey(settings), 1)
    queue.close()


def _wait_for(huey: Huey, messages: int) -> None:
    wait_for(lambda: huey.pending_count() >= messages, "a nudge is sent")


def test_close_hands_on_the_last_nudge(settings: Settings) -> None:
    queue = Queue(settings)
    queue.nudge()
    queue.close()
    assert open_huey(settings).pending_count() == 1


def test_an_unusable_queue_does_not_raise(tmp_path: Path) -> None:
    (tmp_path / "queue.db").mkdir()  # a folder where the queue's file should be
    queue = Queue(Settings(environment="test", data_dir=tmp_path))
    queue.nudge()
    queue.close()


def test_drain_goes_on_until_nothing_moves() -> None:
    batches = iter([3, 2, 0])
    assert worker.drain(lambda: next(batches)) == 5


def test_drain_ends_when_it_is_to_stop() -> None:
    moved: list[int] = []

    def advance() -> int:
        moved.append(1)
        return 1

    assert worker.drain(advance, lambda: len(moved) == 3) == 3


def test_a_long_queue_holds_up_neither_signs_of_life_nor_cleaning_nor_the_end() -> None:
    beats, cleaned, stop = [], threading.Event(), threading.Event()

    def beat(loop: str) -> None:
        beats.append(loop)
        if len(beats) == 5:
            stop.set()

    worker._sweep(stop, 60, lambda: 1000, cleaned.set, beat)
    assert beats == [worker.SWEEPER] * 5
    assert cleaned.is_set()


def test_drain_survives_a_failure() -> None:
    def broken() -> int:
        raise OSError("the disk is away")

    assert worker.drain(broken) == 0


def test_the_sweeper_works_without_any_nudge(settings: Settings) -> None:
    seen = threading.Event()
    stop = threading.Event()
    cleaned = threading.Event()

    def advance() -> int:
        seen.set()
        return 0

    thread = threading.Thread(
        target=worker._sweep, args=(stop, settings.sweep_seconds, advance, cleaned.set)
    )
    thread.start()
    assert seen.wait(PATIENCE)
    assert cleaned.wait(PATIENCE)
    stop.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_a_consumer_runs_the_task_that_a_nudge_asked_for(settings: Settings) -> None:
    ran = threading.Event()
    huey = open_huey(settings)

    def work() -> None:
        ran.set()

    worker.advance_task(huey, work)
    queue = Queue(settings)
    queue.nudge()

    def consumed() -> bool:
        task = huey.dequeue()
        if task is not None:
            huey.execute(task)
        return ran.is_set()

    wait_for(consumed, "the task ran")
    queue.close()
