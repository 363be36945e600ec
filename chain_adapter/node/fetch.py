"""Asking other people's servers: one time limit for a whole exchange, one limit for its length.

A stranger's answer may be endless, dripping, compressed or a redirect; none of that may hold a
thread longer than was granted, or fill the memory.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

#: No answer is read further, bytes.
MAX_ANSWER: Final = 16 * 1024 * 1024
_CHUNK: Final = 64 * 1024
_MOST_IDLE: Final = 8
_CONNECT: Final = 1.0


class Unreachable(OSError):
    """No answer, or not in time; ``str()`` is one sentence."""


class TooMuch(ValueError):
    """The answer is longer than it may be; ``str()`` is one sentence."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Web:
    """Keeps connections open between requests; for any number of threads."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, str, int], deque[HTTPConnection]] = {}
        self._lock = threading.Lock()

    def get(self, url: str, *, seconds: float, limit: int = MAX_ANSWER) -> Answer:
        """``seconds`` is for the whole exchange. Redirects are not followed.

        Raises:
            Unreachable, TooMuch.
        """
        return self._ask("GET", url, None, {}, seconds, limit)

    def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        seconds: float,
        limit: int = MAX_ANSWER,
    ) -> Answer:
        """As :meth:`get`. What is posted must be safe to post twice: a kept connection may turn out
        to be dead only afterwards."""
        return self._ask("POST", url, body, headers, seconds, limit)

    def close(self) -> None:
        with self._lock:
            for each in self._idle.values():
                while each:
                    each.pop().close()

    def _ask(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        seconds: float,
        limit: int,
    ) -> Answer:
        parts = urlsplit(url)
        host = parts.hostname or ""
        place = (parts.scheme, host, parts.port or (443 if parts.scheme == "https" else 80))
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        end = time.monotonic() + seconds
        while True:
            connection, kept = self._take(place, end)
            guard = _Guard(end)
            try:
                with guard:
                    _connect(connection, guard)
                    answer, again = _exchange(connection, method, path, body, headers, limit)
                if guard.late:
                    raise TimeoutError
            except TooMuch as error:
                connection.close()
                raise TooMuch(f"{url} {error}") from None
            except (HTTPError, http.client.HTTPException, OSError) as error:
                connection.close()
                if kept and not guard.late and time.monotonic() < end:
                    continue  # the other side had hung up meanwhile
                raise Unreachable(_sentence(url, error, guard.late, seconds)) from error
            self._give_back(place, connection, again)
            return answer

    def _take(self, place: tuple[str, str, int], end: float) -> tuple[HTTPConnection, bool]:
        with self._lock:
            idle = self._idle.get(place)
            if idle:
                return idle.pop(), True
        scheme, host, port = place
        patience = max(0.001, min(_CONNECT, end - time.monotonic()))
        if scheme == "https":
            context = ssl.create_default_context()
            return HTTPSConnection(host, port, timeout=patience, ssl_context=context), False
        return HTTPConnection(host, port, timeout=patience), False

    def _give_back(
        self, place: tuple[str, str, int], connection: HTTPConnection, again: bool
    ) -> None:
        with self._lock:
            idle = self._idle.setdefault(place, deque())
            if again and len(idle) < _MOST_IDLE:
                idle.append(connection)
                return
        connection.close()


class _Guard:
    """Shuts the connection when the time is over: socket timeouts alone restart with each byte."""

    def __init__(self, end: float) -> None:
        # Held here, because a connection forgets its socket as soon as the head of an answer says
        # that it will be closed, while the body may still be dripping in.
        self.wire: socket.socket | None = None
        self.late = False
        self._timer = threading.Timer(max(0.0, end - time.monotonic()), self._bite)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _bite(self) -> None:
        self.late = True
        if self.wire is not None:
            with suppress(OSError):
                self.wire.shutdown(socket.SHUT_RDWR)


def _connect(connection: HTTPConnection, guard: _Guard) -> None:
    if connection.sock is None:
        connection.connect()
    guard.wire = connection.sock
    if guard.wire is not None:
        guard.wire.settimeout(None)  # from here on the guard has the clock
        guard.wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.timeout = None


def _exchange(
    connection: HTTPConnection,
    method: str,
    path: str,
    body: bytes | None,
    headers: Mapping[str, str],
    limit: int,
) -> tuple[Answer, bool]:
    connection.request(
        method, path, body=body, headers=headers, preload_content=False, decode_content=False
    )
    response = connection.getresponse()
    told = response.headers.get("Content-Length", "")
    if told.isdigit() and int(told[:19]) > limit:
        raise TooMuch(f"answers with {told[:19]} bytes, more than the {limit} allowed")
    data = bytearray()
    while chunk := response.read1(_CHUNK, decode_content=False):
        data += chunk
        if len(data) > limit:
            raise TooMuch(f"answers with more than the {limit} bytes allowed")
    if told.isdigit() and len(data) != int(told):
        raise http.client.IncompleteRead(bytes(data[:0]))
    found = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, found, bytes(data)), found.get("connection", "") != "close"


def _sentence(url: str, error: BaseException, late: bool, seconds: float) -> str:
    if late or isinstance(error, TimeoutError) or "timed out" in str(error):
        return f"{url} did not answer within {seconds:.1f} s"
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{url} cannot be reached: {str(error).rpartition(': ')[2] or type(error).__name__}"
