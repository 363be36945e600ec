"""One answer for all who ask the same at the same time.

Requests with one API key come in crowds, and each must know how the key stands *now*. Who asks
while nobody does asks the database at once. Who comes while that is going on is too late to share
its answer, which may be older than their question: they gather, one of them asks next, and all of
them take that answer. So none is older than its question, and a crowd of eight asks twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Question = TypeVar("Question", bound=Hashable)
Answer = TypeVar("Answer")


class _Round(Future[Answer]):
    """An answer to come, and how many take it."""

    company = 1


class Together(Generic[Question, Answer]):
    """``ask`` by as few as it takes. Thread-safe.

    Args:
        ask: what answers a question; it is called in the thread of one of those who wait for it.
    """

    def __init__(self, ask: Callable[[Question], Answer]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        #: rounds whose question is not asked yet: whoever comes joins
        self._gathering: dict[Question, _Round[Answer]] = {}
        #: rounds whose question is being asked: too late to join
        self._asked: dict[Question, _Round[Answer]] = {}

    def __call__(self, question: Question) -> Answer:
        """The answer to ``question``, asked after this was called.

        Raises:
            BaseException: whatever ``ask`` raised, to all who waited for that answer.
        """
        with self._lock:
            joined = self._gathering.get(question)
            if joined is not None:
                joined.company += 1
            else:
                mine = self._gathering[question] = _Round()
                before = self._asked.get(question)
        if joined is not None:
            return joined.result()
        if before is not None:
            before.exception()  # one at a time: the later this one asks, the more have joined
        return self._answer(question, mine)

    def waiting(self, question: Question) -> int:
        """How many wait for the next answer to ``question``."""
        with self._lock:
            gathering = self._gathering.get(question)
            return 0 if gathering is None else gathering.company

    def _answer(self, question: Question, mine: _Round[Answer]) -> Answer:
        with self._lock:
            del self._gathering[question]
            self._asked[question] = mine
        try:
            mine.set_result(self._ask(question))
        except BaseException as error:  # noqa: BLE001 - handed to all who wait
            mine.set_exception(error)
        with self._lock:
            if self._asked.get(question) is mine:
                del self._asked[question]
        return mine.result()
