"""Following the browser: every target from its first request, every exchange, every page shown."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from forensics.pages import bounds
from forensics.pages.bounds import line, mapping, url
from forensics.pages.cdp import Connection, Event
from forensics.pages.downloads import Downloads
from forensics.pages.exchange import Exchange
from forensics.pages.exchanges import Exchanges
from forensics.pages.tabs import WATCHED, Tab, Tabs, title
from forensics.pages.wacz import Visit

Emit = Callable[[str, dict[str, Any]], None]
#: Bodies kept outside of the page's process: they survive its navigation, and come as the bytes
#: that were received, not as text decoded and encoded again.
_NETWORK: Final = {
    "maxTotalBufferSize": bounds.MAX_BODIES,
    "maxResourceBufferSize": bounds.MAX_BODY,
    "maxPostDataSize": bounds.MAX_POST,
}


class Watch:
    """Handles the events of one connection, all in one thread.

    ``finished`` receives each exchange that ended, in that thread; ``tabs``, ``visits`` and
    ``exchanges`` outlive the connection.
    """

    def __init__(
        self,
        emit: Emit,
        downloads: Downloads,
        finished: Callable[[Exchange], None],
        *,
        attended: bool = True,
    ) -> None:
        self.tabs = Tabs()
        self.visits: list[Visit] = []
        self.exchanges = Exchanges()
        self.lock = threading.Lock()
        self.attended = attended
        self._emit, self._downloads, self._finished = emit, downloads, finished
        self._connection: Connection | None = None

    def follow(self, connection: Connection) -> None:
        """Attach to everything there is and will be. Raises BrowserGone, PageRefused."""
        self._connection = connection
        self.tabs = Tabs()
        connection.call("Target.setDiscoverTargets", {"discover": True})
        connection.call("Target.setAutoAttach", _attaching())
        # "default" leaves the folder to the browser's policy; this only asks to be told.
        connection.ask(
            "Browser.setDownloadBehavior", {"behavior": "default", "eventsEnabled": True}
        )

    def handle(self, event: Event) -> None:
        """One event."""
        handler = _HANDLERS.get(event.method)
        if handler is not None:
            handler(self, event)
        elif event.method.startswith("Network."):
            with self.lock:
                ended = self.exchanges.take(event)
            for each in ended:
                self._finished(each)

    def end(self, session: str | None = None) -> None:
        """What has not ended of one target, or at all, never will."""
        with self.lock:
            ended = self.exchanges.drop(session)
        for each in ended:
            self._finished(each)

    def idle(self) -> bool:
        """Whether nothing is being loaded."""
        with self.lock:
            return self.exchanges.under_way() == 0

    def _attached(self, event: Event) -> None:
        connection, params = self._connection, event.params
        session = str(params.get("sessionId", ""))
        info = mapping(params.get("targetInfo"))
        if connection is None or not session:
            return
        tab = self.tabs.add(session, info) if info.get("type") in WATCHED else None
        if tab is not None:
            connection.ask("Network.enable", {**_NETWORK, "enableDurableMessages": True}, session)
            connection.ask("Target.setAutoAttach", _attaching(), session)
            if tab.kind in ("page", "iframe"):
                connection.ask("Page.enable", {}, session)
            if tab.kind == "page":
                connection.ask("Page.setLifecycleEventsEnabled", {"enabled": True}, session)
        # It waits until it is told to go on, so that not even its first request is missed.
        connection.ask("Runtime.runIfWaitingForDebugger", {}, session)
        if tab is None:
            connection.ask("Target.detachFromTarget", {"sessionId": session})

    def _detached(self, event: Event) -> None:
        session = str(event.params.get("sessionId", ""))
        self.end(session)
        self.tabs.remove(session)

    def _told(self, event: Event) -> None:
        self.tabs.told(mapping(event.params.get("targetInfo")))

    def _navigated(self, event: Event) -> None:
        frame, tab = mapping(event.params.get("frame")), self._page(event)
        if tab is None or frame.get("parentId"):
            return
        tab.frame, tab.title = str(frame.get("id", ""))[:100], ""
        tab.address = url(frame.get("url")) + url(frame.get("urlFragment"))
        self.tabs.touch(tab)
        loader = line(frame.get("loaderId"), 100)
        left = tab.began(loader)
        if left and left != loader:
            with self.lock:
                ended = self.exchanges.leave(left)
            for each in ended:
                self._finished(each)
        unreachable = url(frame.get("unreachableUrl"))
        if unreachable:
            tab.visit = 0
            self._emit("navigation", {"url": unreachable, "state": "failed"})
        else:
            self._visit(tab, "shown")

    def _navigated_within(self, event: Event) -> None:
        tab = self._page(event)
        if tab is not None and event.params.get("frameId") == tab.frame:
            tab.address = url(event.params.get("url"))
            self._visit(tab, "changed")

    def _lifecycle(self, event: Event) -> None:
        tab, params = self._page(event), event.params
        if tab is None or params.get("name") != "load" or params.get("frameId") != tab.frame:
            return
        tab.loaded = line(params.get("loaderId"), 100)
        if tab.visit and bounds.is_web(tab.address) and self._connection is not None:
            asked = self._connection.ask("Page.getNavigationHistory", {}, tab.session)
            asked.add_done_callback(lambda told: self._titled(tab, told))

    def _titled(self, tab: Tab, told: Future[dict[str, Any]]) -> None:
        """The title as the browser has it, which is asked for once a page is loaded."""
        if told.exception() is None:
            tab.title = title(told.result()) or tab.title
        if 0 < tab.visit <= len(self.visits):
            visit = self.visits[tab.visit - 1]
            self.visits[tab.visit - 1] = replace(visit, title=tab.title)
        self._emit(
            "navigation",
            {"url": tab.address, "title": tab.title, "state": "loaded", "visit": tab.visit},
        )

    def _visit(self, tab: Tab, state: str) -> None:
        if not bounds.is_web(tab.address) or len(self.visits) >= bounds.MAX_VISITS:
            return
        visit = Visit(len(self.visits) + 1, tab.address, tab.title, datetime.now(UTC))
        self.visits.append(visit)
        tab.visit = visit.number
        self._emit(
            "navigation",
            {"url": visit.address, "title": tab.title, "state": state, "visit": visit.number},
        )

    def _dialog(self, event: Event) -> None:
        tab = self._page(event)
        if tab is None:
            return
        tab.dialog = True
        if not self.attended and self._connection is not None:
            self._connection.ask("Page.handleJavaScriptDialog", {"accept": False}, tab.session)

    def _dialog_closed(self, event: Event) -> None:
        if tab := self._page(event):
            tab.dialog = False

    def _download_begun(self, event: Event) -> None:
        frame = event.params.get("frameId")
        pages = self.tabs.pages()
        tab = next((each for each in pages if each.frame == frame), pages[0] if pages else None)
        self._downloads.begun(event.params, tab.address if tab else "")

    def _download_progress(self, event: Event) -> None:
        self._downloads.progress(event.params)

    def _page(self, event: Event) -> Tab | None:
        tab = self.tabs.get(event.session)
        return tab if tab is not None and tab.kind == "page" else None


def _attaching() -> Mapping[str, Any]:
    return {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}


_HANDLERS: dict[str, Callable[[Watch, Event], None]] = {
    "Target.attachedToTarget": Watch._attached,
    "Target.detachedFromTarget": Watch._detached,
    "Target.targetInfoChanged": Watch._told,
    "Page.frameNavigated": Watch._navigated,
    "Page.navigatedWithinDocument": Watch._navigated_within,
    "Page.lifecycleEvent": Watch._lifecycle,
    "Page.javascriptDialogOpening": Watch._dialog,
    "Page.javascriptDialogClosed": Watch._dialog_closed,
    "Browser.downloadWillBegin": Watch._download_begun,
    "Browser.downloadProgress": Watch._download_progress,
}
