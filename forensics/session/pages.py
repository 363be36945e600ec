"""The browser's side of a session, behind one thread: nothing of the keeper ever waits for it.

The page agent (:mod:`forensics.pages`) is loaded when there is a browser. When it fails, the
recording goes on and the manifest says what is lacking.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final

_CONNECT: Final = 60.0

Emit = Callable[[str, Mapping[str, Any]], object]
Act = Callable[[Any], Any]


class PageSide:
    """Does what is asked of the page agent, one thing after the other. ``failure`` is why there is
    no agent (any more), in one sentence; ``port`` 0 means that there is no browser at all."""

    def __init__(self, port: int, evidence: Path, emit: Emit) -> None:
        self.port = port
        self.failure = ""
        self.ready = threading.Event()
        self._evidence, self._emit = evidence, emit
        self._wanted: queue.SimpleQueue[tuple[Act, Future[Any]] | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pages", daemon=True)

    def start(self) -> None:
        if self.port:
            self._thread.start()

    def navigate(self, url: str) -> Future[Any]:
        """Send the browser there."""
        return self._do(lambda agent: agent.navigate(url))

    def capture(self, number: int) -> Future[Any]:
        """Capture the page that is shown, into the folder of page ``number``."""
        return self._do(lambda agent: agent.capture(number))

    def close(self) -> threading.Thread | None:
        """Finish the web archive after what is still to do; join the thread to wait for it."""
        self._closing.set()
        self._wanted.put(None)
        return self._thread if self._thread.is_alive() else None

    def _do(self, act: Act) -> Future[Any]:
        future: Future[Any] = Future()
        if not self.port or self.failure or self._closing.is_set():
            future.set_exception(RuntimeError(self.failure or "there is no browser"))
        else:
            self._wanted.put((act, future))
        return future

    def _run(self) -> None:
        agent = None
        try:
            agent = self._connect()
            self.ready.set()
            self._serve(agent)
        except Exception as error:  # noqa: BLE001 - said in the evidence; recording goes on
            self._fail(f"the page capture ended: {type(error).__name__}: {error}"[:500])
        finally:
            self._refuse_rest()
            if agent is not None:
                self._finish(agent)

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

        agent = PageAgent(self.port, self._evidence, self._emit)
        agent.start()
        return agent

    def _serve(self, agent: Any) -> None:
        while (wanted := self._wanted.get()) is not None:
            act, future = wanted
            try:
                future.set_result(act(agent))
            except Exception as error:  # noqa: BLE001 - one page that fails is no dead agent
                future.set_exception(error)

    def _finish(self, agent: Any) -> None:
        try:
            agent.close()
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(f"the web archive is not whole: {type(error).__name__}: {error}"[:500])

    def _fail(self, sentence: str) -> None:
        self.failure = self.failure or sentence
        self._emit("warning", {"what": "pages", "detail": sentence})

    def _refuse_rest(self) -> None:
        while not self._wanted.empty():
            wanted = self._wanted.get()
            if wanted is not None:
                wanted[1].set_exception(RuntimeError(self.failure or "the session ends"))


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
