"""Which targets of the browser are attached, and which of its pages a person looks at."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from forensics.pages import bounds
from forensics.pages.bounds import line, mapping, url
from forensics.pages.cdp import Connection
from forensics.pages.errors import BrowserGone, PageRefused

#: Targets with a network of their own; the browser's own surfaces are none of our business.
WATCHED: Final = ("page", "iframe", "worker", "shared_worker", "service_worker")
_SECONDS: Final = 2.0


@dataclass(slots=True)
class Tab:
    """An attached target. ``loaders`` are the documents shown in it, oldest first, ``loaded`` the
    one that was last loaded to the end; ``touched`` grows with each use, ``visit`` is the number of
    what it shows."""

    session: str
    target: str
    kind: str
    address: str = ""
    title: str = ""
    frame: str = ""
    loaders: list[str] = field(default_factory=list)
    loaded: str = ""
    touched: int = 0
    visit: int = 0
    dialog: bool = False

    def began(self, loader: str) -> str:
        """Another document is shown; the one before it."""
        before = self.loaders[-1] if self.loaders else ""
        if loader != before:
            self.loaders = [*self.loaders[-50:], loader]
        return before

    def has_loaded(self, loader: str) -> bool:
        """Whether this document, or one that took its place, was loaded to the end."""
        loaders = self.loaders
        if self.loaded not in loaders or loader not in loaders:
            return self.loaded == loader
        return loaders.index(self.loaded) >= loaders.index(loader)


@dataclass(slots=True)
class Tabs:
    """All attached targets by session; safe to use from several threads."""

    _tabs: dict[str, Tab] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _clock: int = 0

    def add(self, session: str, info: Mapping[str, Any]) -> Tab | None:
        """The new tab; ``None`` when there are too many already."""
        tab = Tab(session, line(info.get("targetId"), 100), line(info.get("type"), 40))
        tab.address, tab.title = url(info.get("url")), line(info.get("title"), bounds.MAX_TITLE)
        with self._lock:
            if len(self._tabs) >= bounds.MAX_SESSIONS:
                return None
            self._tabs[session] = tab
        self.touch(tab)
        return tab

    def remove(self, session: str) -> None:
        with self._lock:
            self._tabs.pop(session, None)

    def get(self, session: str) -> Tab | None:
        with self._lock:
            return self._tabs.get(session)

    def told(self, info: Mapping[str, Any]) -> None:
        """``targetInfoChanged``: titles come this way."""
        with self._lock:
            for tab in self._tabs.values():
                if tab.target == info.get("targetId"):
                    tab.address = url(info.get("url"))
                    tab.title = line(info.get("title"), bounds.MAX_TITLE)

    def touch(self, tab: Tab) -> None:
        with self._lock:
            self._clock += 1
            tab.touched = self._clock

    def pages(self) -> list[Tab]:
        """The pages, the one last touched first."""
        with self._lock:
            pages = [tab for tab in self._tabs.values() if tab.kind == "page"]
        return sorted(pages, key=lambda tab: -tab.touched)

    def shown(self, connection: Connection) -> Tab:
        """The page that is on the screen: the one with the focus, else a visible one, else the last
        one touched.

        Raises:
            PageRefused: there is no page.
        """
        pages = self.pages()
        if not pages:
            raise PageRefused("there is no page")
        states = [(_state(connection, tab), tab) for tab in pages[:20]]
        return max(states, key=lambda each: (each[0], each[1].touched))[1]


def title(history: Mapping[str, Any]) -> str:
    """The present page's title in an answer to ``Page.getNavigationHistory``; "" without one."""
    entries, at = history.get("entries"), history.get("currentIndex")
    if isinstance(entries, list) and isinstance(at, int) and 0 <= at < len(entries):
        return line(mapping(entries[at]).get("title"), bounds.MAX_TITLE)
    return ""


def evaluate(connection: Connection, tab: Tab, expression: str, timeout: float = _SECONDS) -> Any:
    """A JSON value computed in a world of our own, where the page cannot redefine what is asked.

    Raises:
        PageRefused, BrowserGone
    """
    world = connection.call(
        "Page.createIsolatedWorld",
        {"frameId": tab.frame or tab.target, "worldName": "capture"},
        tab.session,
        timeout=timeout,
    )
    answer = connection.call(
        "Runtime.evaluate",
        {
            "expression": expression,
            "contextId": world.get("executionContextId"),
            "returnByValue": True,
            "awaitPromise": False,
            "timeout": timeout * 1000,
        },
        tab.session,
        timeout=timeout,
    )
    return mapping(answer.get("result")).get("value")


def _state(connection: Connection, tab: Tab) -> int:
    try:
        value = evaluate(
            connection, tab, "(document.visibilityState === 'visible') + 2 * document.hasFocus()"
        )
    except (PageRefused, BrowserGone):
        return 0
    return value if isinstance(value, int) and 0 <= value <= 3 else 0
