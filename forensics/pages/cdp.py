"""A client of the Chrome DevTools Protocol over one WebSocket, in flattened mode.

One thread reads. Answers complete the futures of their questions; events go, in order, to a queue
that another thread empties, so that whoever handles an event may ask questions meanwhile.
"""

from __future__ import annotations

import http.client
import itertools
import json
import queue
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from forensics.pages.errors import BrowserGone, PageRefused

#: Bytes of one message: a screenshot's strip, a body or a snapshot in base64.
MAX_MESSAGE: Final = 192 << 20
#: Events that may wait to be handled; a page that makes more loses some, and this is counted.
MAX_WAITING: Final = 100_000
_SECONDS: Final = 15.0
_CLOSED: Final = "the connection to the browser is closed"


@dataclass(frozen=True, slots=True)
class Event:
    """``session`` is ``""`` for the browser itself."""

    method: str
    params: Mapping[str, Any]
    session: str = ""


class Connection:
    """A connection to the browser that listens on ``port`` of this network's loopback.

    Raises:
        BrowserGone: nothing there, or no browser.
    """

    def __init__(self, port: int, *, timeout: float = _SECONDS) -> None:
        self.version = _version(port, timeout)
        url = str(self.version.get("webSocketDebuggerUrl", ""))
        # The path alone is believed: where the browser listens is known.
        self._open = ExitStack()
        address = f"ws://127.0.0.1:{port}{urlsplit(url).path}"
        try:
            self._socket: ClientConnection = self._open.enter_context(
                connect(
                    address,
                    compression=None,
                    max_size=MAX_MESSAGE,
                    max_queue=None,
                    proxy=None,
                    open_timeout=timeout,
                    ping_interval=None,
                )
            )
        except (OSError, WebSocketException, TimeoutError) as error:
            raise BrowserGone(f"the browser's DevTools did not open: {error}") from error
        self.events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self.lost = 0
        self._numbers = itertools.count(1)
        self._asked: dict[int, Future[dict[str, Any]]] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._reader = threading.Thread(target=self._read, name="cdp-reader", daemon=True)
        self._reader.start()

    @property
    def closed(self) -> bool:
        return self._closed

    def ask(
        self, method: str, params: Mapping[str, Any] | None = None, session: str = ""
    ) -> Future[dict[str, Any]]:
        """Send a command; the future ends in its result, PageRefused or BrowserGone."""
        future: Future[dict[str, Any]] = Future()
        message: dict[str, Any] = {"method": method, "params": dict(params or {})}
        if session:
            message["sessionId"] = session
        with self._lock:
            if self._closed:
                future.set_exception(BrowserGone(_CLOSED))
                return future
            message["id"] = next(self._numbers)
            self._asked[message["id"]] = future
        try:
            self._socket.send(json.dumps(message))
        except (OSError, WebSocketException) as error:
            self._asked.pop(message["id"], None)
            if not future.done():
                future.set_exception(BrowserGone(f"{_CLOSED}: {error}"))
        return future

    def call(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        session: str = "",
        *,
        timeout: float = _SECONDS,
    ) -> dict[str, Any]:
        """Send a command and wait for its result.

        Raises:
            PageRefused: the browser refused, or took longer than ``timeout`` seconds.
            BrowserGone
        """
        return answer(self.ask(method, params, session), method, timeout)

    def close(self) -> None:
        with suppress(OSError, WebSocketException):
            self._open.close()
        self._reader.join(5)

    def _read(self) -> None:
        try:
            while True:
                self._take(self._socket.recv())
        except (OSError, WebSocketException, EOFError):
            pass
        finally:
            with self._lock:
                self._closed = True
                asked, self._asked = list(self._asked.values()), {}
            for future in asked:
                if not future.done():
                    future.set_exception(BrowserGone(_CLOSED))
            self.events.put(None)

    def _take(self, text: str | bytes) -> None:
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            self.lost += 1
            return
        if not isinstance(message, dict):
            return
        if "id" in message:
            with self._lock:
                future = self._asked.pop(message["id"], None)
            if future is not None and not future.done():
                _settle(future, message)
        elif self.events.qsize() >= MAX_WAITING:
            self.lost += 1
        else:
            self.events.put(
                Event(
                    str(message.get("method", "")),
                    _mapping(message.get("params")),
                    str(message.get("sessionId", "")),
                )
            )


def answer(future: Future[dict[str, Any]], what: str, timeout: float) -> dict[str, Any]:
    """The result of ``future`` within ``timeout`` seconds. Raises PageRefused, BrowserGone."""
    try:
        return future.result(timeout)
    except FutureTimeout as error:
        raise PageRefused(f"{what}: no answer within {timeout:g} s") from error


def _settle(future: Future[dict[str, Any]], message: Mapping[str, Any]) -> None:
    error = message.get("error")
    if error is None:
        future.set_result(dict(_mapping(message.get("result"))))
    else:
        future.set_exception(PageRefused(str(_mapping(error).get("message", error))[:300]))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _version(port: int, timeout: float) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", "/json/version")
        value = json.loads(connection.getresponse().read(1 << 20))
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise BrowserGone(f"no DevTools on port {port}: {error}") from error
    finally:
        connection.close()
    if not isinstance(value, dict):
        raise BrowserGone(f"no DevTools on port {port}")
    return value
