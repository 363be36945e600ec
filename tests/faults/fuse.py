"""What burns down with each crossing of an outside boundary; at its end the process is gone.

A crossing is the moment before and the moment after each call that has an effect elsewhere.
Counting crossings up from 1 kills between every two effects there are.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any


class Fuse:
    """Counts ``crossings`` down, whichever thread crosses; the last one is SIGKILL."""

    def __init__(self, crossings: int) -> None:
        self._left = crossings
        self._lock = threading.Lock()

    def cross(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def guard(self, owner: type, name: str) -> None:
        """Before and after each call of a method."""
        method: Callable[..., Any] = getattr(owner, name)

        @wraps(method)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            self.cross()
            result = method(*args, **kwargs)
            self.cross()
            return result

        setattr(owner, name, guarded)

    def guard_transactions(self, owner: type, name: str) -> None:
        """Before each transaction that a method opens, within it at its end, and after it."""
        transaction = getattr(owner, name)

        @contextmanager
        def guarded(database: Any) -> Iterator[Any]:
            self.cross()
            with transaction(database) as session:
                yield session
                self.cross()  # everything is written and nothing committed
            self.cross()

        setattr(owner, name, guarded)

    def guard_stream(self, owner: type, name: str) -> None:
        """As :meth:`guard`, and before each piece that is read of the stream, which is the
        method's last argument."""
        method: Callable[..., Any] = getattr(owner, name)

        @wraps(method)
        def guarded(*args: Any) -> Any:
            self.cross()
            result = method(*args[:-1], _Stream(args[-1], self))
            self.cross()
            return result

        setattr(owner, name, guarded)


class _Stream:
    def __init__(self, stream: Any, fuse: Fuse) -> None:
        self._stream, self._fuse = stream, fuse

    def read(self, size: int = -1) -> bytes:
        self._fuse.cross()
        data: bytes = self._stream.read(size)
        return data
