"""Group commit: callers who arrive while one append is under way share the next one.

There is no thread of its own. The first to arrive leads: appends for all who wait, wakes them, and
hands the lead to the first of those who came meanwhile.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from chain_adapter.errors import Conflict, LedgerError, Unknown
from chain_adapter.tlog.sequencer import Item, Place

#: A group ends with the request that brings it to this many entries.
_GROUP: Final = 4096

Append = Callable[[Sequence[Sequence[Item]]], list[list[Place] | Conflict]]


class _Request:
    """One caller's items. Woken without an outcome, the caller leads."""

    def __init__(self, items: Sequence[Item], leads: bool) -> None:
        self.items = items
        self.leads = leads
        self.woken = threading.Event()
        self.outcome: list[Place] | LedgerError | None = None

    def settle(self, outcome: list[Place] | LedgerError) -> None:
        self.outcome = outcome
        self.woken.set()


class GroupWriter:
    """``append`` is called by one thread at a time with everything that waits."""

    def __init__(self, append: Append) -> None:
        self._append = append
        self._lock = threading.Lock()
        self._waiting: deque[_Request] = deque()
        self._led = False

    def submit(self, items: Sequence[Item]) -> list[Place]:
        """Append ``items``; returns when they are durable.

        Raises:
            LedgerError: this request's own conflict, or what befell the whole group.
        """
        with self._lock:
            request = _Request(items, leads=not self._led)
            self._waiting.append(request)
            self._led = True
        try:
            if not request.leads:
                request.woken.wait()
            if request.outcome is None:
                self._lead()
        except BaseException:
            self._abandon(request)
            raise
        if isinstance(request.outcome, list):
            return request.outcome
        raise request.outcome or Unknown("the append was interrupted")

    def _lead(self) -> None:
        """Append one group, this thread's own request first among it."""
        with self._lock:
            group = self._take()
        try:
            self._settle(group)
        finally:
            for request in group:
                if request.outcome is None:  # the leader was interrupted
                    request.settle(Unknown("the append was interrupted"))
            self._hand_over()

    def _take(self) -> list[_Request]:
        group: list[_Request] = []
        count = 0
        while self._waiting and count < _GROUP:
            group.append(self._waiting.popleft())
            count += len(group[-1].items)
        return group

    def _settle(self, group: list[_Request]) -> None:
        try:
            outcomes = self._append([request.items for request in group])
        except LedgerError as error:
            for request in group:
                request.settle(_again(error))
            return
        for request, outcome in zip(group, outcomes, strict=True):
            request.settle(outcome)

    def _hand_over(self) -> None:
        with self._lock:
            self._led = bool(self._waiting)
            if self._waiting:
                self._waiting[0].leads = True
                self._waiting[0].woken.set()

    def _abandon(self, request: _Request) -> None:
        """The caller was interrupted: it must not hold up those who wait behind it."""
        with self._lock:
            if request not in self._waiting:
                return
            self._waiting.remove(request)
        if request.leads:
            self._hand_over()


def _again(error: LedgerError) -> LedgerError:
    """The same error for another thread: a shared one would gather everybody's traceback."""
    copy = type(error)(str(error))
    copy.__cause__ = error
    return copy
