"""One time limit for a whole exchange with a stranger's server."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable


class Watchdog:
    """Shuts the connection when the time is over: socket timeouts alone restart with each byte."""

    def __init__(self, wire: Callable[[], socket.socket | None], seconds: float) -> None:
        """``wire`` gives the connected socket, once there is one. An ``http.client`` connection
        forgets its own as soon as the head of an answer says that it will be closed, while the
        body may still be dripping in."""
        self._wire = wire
        self._timer = threading.Timer(seconds, self._bite)
        self._timer.daemon = True
        self.bitten = False

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def check(self) -> None:
        """Raises TimeoutError when the time is over."""
        if self.bitten:
            raise TimeoutError

    def _bite(self) -> None:
        self.bitten = True
        wire = self._wire()
        if wire is not None:
            with contextlib.suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)
