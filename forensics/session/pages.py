"""The browser's side of a session, behind one thread: nothing of the keeper ever waits for it.

The page agent (:mod:`forensics.pages`) is loaded when there is a browser. When it fails, the
recording goes on and the manifest says what is lacking.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final

from forensics.events import RESERVED

#: Seconds until the browser listens, and until a page that is to be shown is loaded.
_CONNECT: Final = 60.0
_LOADS: Final = 20.0
_AGAIN: Final = 4.0

Emit = Callable[[str, Mapping[str, Any]], object]
Act = Callable[[Any], Any]


class PageSide:
    """Does what is asked of the page agent, one thing after the other. ``failure`` is why there is
    no agent (any more), in one sentence; ``port`` 0 means that there is no browser at all."""

    def __init__(self, port: int, evidence: Path, emit: Emit, *, attended: bool = True) -> None:
        self.port = port
        self.failure = ""
        self.ready = threading.Event()
        self._evidence, self._emit, self._attended = evidence, emit, attended
        self._agent: Any = None
        self._wanted: queue.SimpleQueue[tuple[Act, Future[Any]] | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pages", daemon=True)

    def start(self) -> None:
        if self.port:
            self._thread.start()

    def navigate(self, url: str) -> Future[Any]:
        """Send the browser there."""
        return self._do(lambda agent: agent.navigate(url))

    def show(self, url: str) -> Future[Any]:
        """Send the browser there; the result comes when the page is loaded.

        Raises (as the future's): TimeoutError.
        """
        return self._do(lambda agent: _show(agent, url))

    def capture(self, number: int) -> Future[Any]:
        """Begin to capture the page that is shown, as page ``number``; events tell how it goes."""
        return self._do(lambda agent: agent.capture(number))

    def visit(self, urls: Sequence[str]) -> Future[Any]:
        """Visit and capture each address; what became of each comes as the result."""
        return self._do(lambda agent: agent.run_list(urls))

    def close(self) -> threading.Thread | None:
        """Begin to finish the web archive, whatever is still going on; join the thread to wait for
        it. None when there is nothing to wait for."""
        self._closing.set()
        self._wanted.put(None)
        if not self.port:
            return None
        closing = threading.Thread(target=self._close, name="pages-close", daemon=True)
        closing.start()
        return closing

    def _do(self, act: Act) -> Future[Any]:
        future: Future[Any] = Future()
        if not self.port or self.failure or self._closing.is_set():
            future.set_exception(RuntimeError(self.failure or "there is no browser"))
        else:
            self._wanted.put((act, future))
        return future

    def _run(self) -> None:
        try:
            self._agent = self._connect()
            self.ready.set()
            self._serve(self._agent)
        except Exception as error:  # noqa: BLE001 - said in the evidence; recording goes on
            self._fail(f"the page capture ended: {type(error).__name__}: {error}"[:500])
        finally:
            self._refuse_rest()

    def _connect(self) -> Any:
        deadline = time.monotonic() + _CONNECT
        while not _listens(self.port):
            if self._closing.is_set():
                raise RuntimeError("the session ended before there was a browser")
            if time.monotonic() > deadline:
                raise TimeoutError("the browser does not listen")
            time.sleep(0.1)
        # Loaded only where there is a browser to watch.
        from forensics.pages.agent import PageAgent

        agent = PageAgent(self.port, self._evidence, self._told, attended=self._attended)
        agent.start()
        return agent

    def _serve(self, agent: Any) -> None:
        while (wanted := self._wanted.get()) is not None:
            act, future = wanted
            try:
                future.set_result(act(agent))
            except Exception as error:  # noqa: BLE001 - one page that fails is no dead agent
                future.set_exception(error)

    def _close(self) -> None:
        if self._agent is None:
            self._thread.join(_CONNECT)
            if self._agent is None:
                return
        try:
            self._agent.close()
        except Exception as error:  # noqa: BLE001 - said in the evidence
            self._fail(f"the web archive is not whole: {type(error).__name__}: {error}"[:500])

    def _told(self, kind: str, fields: Mapping[str, Any]) -> None:
        """What the agent says, with other names for what is the event log's own."""
        names = {name: f"its_{name}" if name in RESERVED else name for name in fields}
        self._emit(kind, {names[name]: value for name, value in fields.items()})

    def _fail(self, sentence: str) -> None:
        self.failure = self.failure or sentence
        self._emit("warning", {"what": "pages", "detail": sentence})

    def _refuse_rest(self) -> None:
        while not self._wanted.empty():
            wanted = self._wanted.get()
            if wanted is not None:
                wanted[1].set_exception(RuntimeError(self.failure or "the session ends"))


def _show(agent: Any, url: str) -> None:
    """Until the page is loaded. Sent there again and again: a browser that has just begun may still
    open its own first page over ours."""
    deadline = time.monotonic() + _LOADS
    while time.monotonic() < deadline:
        tab = agent.shown()
        loader = agent.navigate(url)
        again = min(deadline, time.monotonic() + _AGAIN)
        while time.monotonic() < again:
            if not loader or tab.has_loaded(loader):
                return
            time.sleep(0.02)
    raise TimeoutError(f"{url} was not loaded within {_LOADS:.0f} seconds")


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
