"""One answer for all who ask together, and none older than its question."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from portal.asking import Together
from tests.waiting import PATIENCE, wait_for


class Slow:
    """Answers with the number of the call, once it is let; each call can be waited for."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.let = threading.Semaphore(0)
        self.error: Exception | None = None
        self._begin = threading.Condition()

    def __call__(self, question: str) -> int:
        with self._begin:
            self.begun.append(question)
            number = len(self.begun)
            self._begin.notify_all()
        assert self.let.acquire(timeout=PATIENCE)
        if self.error is not None:
            raise self.error
        return number

    def wait_for(self, calls: int) -> None:
        with self._begin:
            assert self._begin.wait_for(lambda: len(self.begun) >= calls, PATIENCE)


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def _crowd(
    pool: ThreadPoolExecutor, together: Together[str, int], count: int, question: str = "key"
) -> list[Future[int]]:
    """``count`` threads that ask; all of them have joined when this returns."""
    asking = [pool.submit(together, question) for _ in range(count)]
    wait_for(lambda: together.waiting(question) >= count, "all of them have joined")
    return asking


def test_one_alone_is_answered_at_once() -> None:
    together: Together[str, int] = Together(len)
    assert [together("ab"), together("abc"), together("ab")] == [2, 3, 2]


def test_a_crowd_shares_the_next_answer(slow: Slow, pool: ThreadPoolExecutor) -> None:
    together = Together(slow)
    first = pool.submit(together, "key")
    slow.wait_for(1)
    crowd = _crowd(pool, together, 9)
    slow.let.release(2)
    assert first.result(20) == 1
    assert {each.result(20) for each in crowd} == {2}, "asked after they came, once for all"
    assert slow.begun == ["key", "key"]


def test_who_comes_while_it_is_asked_takes_no_older_answer(
    slow: Slow, pool: ThreadPoolExecutor
) -> None:
    together = Together(slow)
    first = pool.submit(together, "key")
    slow.wait_for(1)
    late = pool.submit(together, "key")
    slow.let.release()
    assert first.result(20) == 1
    slow.wait_for(2)
    later = pool.submit(together, "key")  # the second is being asked: too late for that, too
    slow.let.release(2)
    assert (late.result(20), later.result(20)) == (2, 3)


def test_other_questions_do_not_wait(slow: Slow, pool: ThreadPoolExecutor) -> None:
    together = Together(slow)
    asking = [pool.submit(together, question) for question in ("a", "b")]
    slow.wait_for(2)
    slow.let.release(2)
    assert {each.result(20) for each in asking} == {1, 2}


def test_a_failure_is_told_to_all_who_waited_and_ends_there(
    slow: Slow, pool: ThreadPoolExecutor
) -> None:
    together = Together(slow)
    first = pool.submit(together, "key")
    slow.wait_for(1)
    crowd = _crowd(pool, together, 5)
    slow.error = OSError("the database is away")
    slow.let.release(2)
    for each in (first, *crowd):
        with pytest.raises(OSError, match="away"):
            each.result(20)
    slow.error = None
    slow.let.release()
    assert together("key") == 3
