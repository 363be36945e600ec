"""The page agent: watches a browser through DevTools and keeps what its pages were made of.

::

    agent = PageAgent(9222, evidence, emit)
    agent.start()                 # attaches before the first page is opened
    agent.navigate("https://…")
    agent.capture(1)              # returns at once; events tell how it goes
    agent.close()                 # finishes the archive

Events (``emit(kind, fields)``): ``navigation`` {url, title, state: shown|changed|loaded|failed},
``page`` {number, state: begun|page.png|page.mhtml|page.pdf|done|failed, …}, ``download`` {state:
begun|kept|canceled|missing, name, url, document, file, sha256, size}, ``visit`` (unattended) and
``warning`` {what, detail}.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from forensics.pages import unattended
from forensics.pages.bounds import line
from forensics.pages.captures import Captures
from forensics.pages.cdp import Connection
from forensics.pages.downloads import Downloads
from forensics.pages.errors import BrowserGone, PageRefused
from forensics.pages.exchange import Exchange
from forensics.pages.keeping import Keeping
from forensics.pages.tabs import Tab
from forensics.pages.watch import Watch

Emit = Callable[[str, dict[str, Any]], None]
_NAVIGATION: Final = 30.0
#: Seconds between two attempts to reach a browser again, and for how long.
_AGAIN: Final = 0.5
_PATIENCE: Final = 10.0
_FOLDERS: Final = ("pages", "web", "downloads")


class PageAgent:
    """One browser's agent. ``folder`` is the evidence folder; ``downloads`` the desktop's folder of
    downloads (by default ``home/Downloads`` beside the evidence). Methods may be called from any
    thread."""

    def __init__(
        self,
        cdp_port: int,
        folder: Path,
        emit: Emit,
        *,
        downloads: Path | None = None,
        attended: bool = True,
        software: Mapping[str, str] | None = None,
    ) -> None:
        self._port, self._folder, self._listener = cdp_port, Path(folder), emit
        self._source = downloads or self._folder.parent / "home" / "Downloads"
        self._attended = attended
        self._software = dict(software or {"software": "notary-evidence-portal"})
        self._connection: Connection | None = None
        self._closing = False
        self._captures = Captures(self._live, self.shown, self._folder, self._emit)

    def start(self, timeout: float = 15.0) -> None:
        """Connect and attach to every target.

        Raises:
            BrowserGone: no browser answered within ``timeout`` seconds.
            OSError: the evidence folder cannot be written.
        """
        for each in _FOLDERS:
            (self._folder / each).mkdir(mode=0o2750, exist_ok=True)
        connection = self._connect(timeout)
        self._software["browser"] = line(connection.version.get("Browser"), 100)
        self._software["user_agent"] = line(connection.version.get("User-Agent"), 300)
        self._downloads = Downloads(self._source, self._folder, self._emit)
        self._keeping = Keeping(self._folder, self._software)
        self._watch = Watch(self._emit, self._downloads, self._finished, attended=self._attended)
        self._connection = connection
        self._run("pages-events", self._events)
        self._captures.start()
        self._watch.follow(connection)

    @property
    def alive(self) -> bool:
        """Whether the browser is being watched."""
        return self._connection is not None and not self._connection.closed and not self._closing

    @property
    def busy(self) -> str:
        """What is being captured now, in a few words; empty when nothing is."""
        return self._captures.busy

    def counts(self) -> dict[str, int]:
        """What has been seen so far: ``exchanges``, ``missing`` bodies, ``left_out`` exchanges,
        ``lost`` events, ``visits``."""
        tally, connection = self._keeping.tally, self._connection
        return {
            "exchanges": tally.exchanges,
            "missing": tally.missing,
            "left_out": tally.left_out,
            "lost": connection.lost if connection else 0,
            "visits": len(self._watch.visits),
        }

    def idle(self) -> bool:
        """Whether nothing is being loaded."""
        return self._watch.idle()

    def shown(self) -> Tab:
        """The page on the screen. Raises PageRefused, BrowserGone."""
        return self._watch.tabs.shown(self._live())

    def connection(self) -> Connection:
        """Raises BrowserGone."""
        return self._live()

    def navigate(self, url: str, *, timeout: float = _NAVIGATION) -> str:
        """Send the page on the screen somewhere; returns when the new page begins, not when it is
        loaded. The answer names the new document (:meth:`Tab.has_loaded`), ``""`` within the same
        one.

        Raises:
            PageRefused: the address cannot be reached; the sentence says why.
            BrowserGone
        """
        connection, tab = self._live(), self.shown()
        answer = connection.call("Page.navigate", {"url": url}, tab.session, timeout=timeout)
        failure = line(answer.get("errorText"), 200)
        if failure and not answer.get("isDownload"):
            raise PageRefused(failure)
        return line(answer.get("loaderId"), 100)

    def capture(self, number: int) -> None:
        """Capture the page on the screen as ``pages/<number>``; returns at once."""
        self._captures.ask(number)

    def capture_now(self, number: int) -> dict[str, Any]:
        """The same, waiting for it; the fields of the last ``page`` event."""
        return self._captures.now(number)

    def run_list(
        self, urls: Sequence[str], *, first: int = 1, limits: unattended.Limits | None = None
    ) -> list[unattended.Visited]:
        """Visit and capture each address with nobody at the desktop; see :mod:`unattended`.
        Returns when all are done; a failure is recorded and the list goes on."""
        self._watch.attended = False
        return unattended.run(self, self._emit, urls, first, limits or unattended.Limits())

    def close(self, seconds: float = 20.0) -> None:
        """End the watch and finish the archive; takes little more than ``seconds``. Repeating it
        is harmless.

        Raises:
            OSError: the archive cannot be written.
        """
        if self._closing or self._connection is None:
            return
        deadline = time.monotonic() + seconds
        self._captures.close(seconds / 2)
        drained = min(deadline, time.monotonic() + 1.0)
        while self._connection.events.qsize() and time.monotonic() < drained:
            time.sleep(0.02)
        self._closing = True
        self._watch.end()
        self._downloads.close(max(1.0, seconds / 4))
        try:
            left = max(2.0, deadline - time.monotonic())
            self._keeping.close(list(self._watch.visits), left)
        finally:
            self._connection.close()
        if self._keeping.trouble:
            self._emit("warning", {"what": "archive", "detail": self._keeping.trouble})
        self._emit("archive", self.counts())

    def _finished(self, exchange: Exchange) -> None:
        self._keeping.take(exchange, self._connection)

    def _events(self) -> None:
        while not self._closing:
            connection = self._connection
            event = connection.events.get() if connection else None
            if event is not None:
                try:
                    self._watch.handle(event)
                except (ValueError, TypeError, KeyError, AttributeError) as error:
                    self._emit("warning", {"what": "event", "detail": line(error, 200)})
            elif self._closing or not self._again():
                return

    def _again(self) -> bool:
        """The browser went away; whether it is back."""
        self._watch.end()
        self._emit("warning", {"what": "browser", "detail": "the connection to it was lost"})
        try:
            connection = self._connect(_PATIENCE)
            self._connection = connection
            # In another thread: its answers must be read while this one empties the queue.
            self._run("pages-follow", lambda: self._follow(connection))
        except BrowserGone as error:
            if not self._closing:
                self._emit("warning", {"what": "browser", "detail": str(error)})
            return False
        return True

    def _follow(self, connection: Connection) -> None:
        with suppress(BrowserGone, PageRefused):
            self._watch.follow(connection)

    def _connect(self, timeout: float) -> Connection:
        deadline = time.monotonic() + timeout
        while True:
            try:
                return Connection(self._port)
            except BrowserGone:
                if time.monotonic() > deadline or self._closing:
                    raise
                time.sleep(_AGAIN / 5)

    def _live(self) -> Connection:
        connection = self._connection
        if connection is None or connection.closed:
            raise BrowserGone("the browser is not connected")
        return connection

    def _run(self, name: str, target: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=target, name=name, daemon=True)
        thread.start()
        return thread

    def _emit(self, kind: str, fields: dict[str, Any]) -> None:
        # The log may be full or closed; the recording goes on regardless.
        with suppress(Exception):
            self._listener(kind, fields)
