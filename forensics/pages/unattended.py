"""A list of addresses, visited and captured one after the other with nobody at the desktop."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from forensics.pages.bounds import line
from forensics.pages.errors import BrowserGone, PageRefused
from forensics.pages.tabs import Tab, evaluate

if TYPE_CHECKING:
    from forensics.pages.agent import PageAgent

_TICK: Final = 0.1
_SCROLL: Final = (
    "scrollBy(0, innerHeight * 0.9), scrollY + innerHeight >= document.body.scrollHeight - 4"
)
_TOP: Final = "scrollTo(0, 0)"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for the page to begin, to load, how long the network must be quiet, how long that is
    waited for; steps of scrolling and seconds between them."""

    begin: float = 30.0
    load: float = 30.0
    quiet: float = 0.8
    settle: float = 10.0
    steps: int = 40
    step: float = 0.25


@dataclass(frozen=True, slots=True)
class Visited:
    """``state`` is ``done``, ``late`` (captured, but not loaded in time) or ``failed`` with a
    ``reason``; ``number`` is that of its capture, 0 without one."""

    url: str
    state: str
    number: int = 0
    reason: str = ""


def run(
    agent: PageAgent,
    emit: Callable[[str, dict[str, Any]], None],
    urls: Sequence[str],
    first: int,
    limits: Limits,
) -> list[Visited]:
    """Visit each of ``urls``; captures are numbered from ``first``."""
    done: list[Visited] = []
    number = first
    for place, url in enumerate(urls, 1):
        emit("visit", {"place": place, "of": len(urls), "url": url, "state": "begun"})
        visited = _visit(agent, url, number, limits)
        number += visited.number > 0
        done.append(visited)
        fields = {"place": place, "of": len(urls), "url": url, "state": visited.state}
        emit("visit", {**fields, "number": visited.number, "reason": visited.reason})
    return done


def _visit(agent: PageAgent, url: str, number: int, limits: Limits) -> Visited:
    try:
        tab = agent.shown()
        loader = agent.navigate(url, timeout=limits.begin)
        late = not _loaded(tab, loader, limits.load)
        if late:  # what grows for ever cannot be pictured
            agent.connection().ask("Page.stopLoading", {}, tab.session)
        _settle(agent, limits)
        _scroll(agent, agent.shown(), limits)
        _settle(agent, limits)
        fields = agent.capture_now(number)
    except (PageRefused, BrowserGone) as error:
        return Visited(url, "failed", 0, line(error, 300))
    if fields["state"] != "done":
        return Visited(url, "failed", 0, str(fields.get("reason", "nothing could be captured")))
    return Visited(
        url,
        "late" if late else "done",
        number,
        "it was not loaded in time and stopped" if late else "",
    )


def _loaded(tab: Tab, loader: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not loader or tab.has_loaded(loader):
            return True
        time.sleep(_TICK)
    return False


def _settle(agent: PageAgent, limits: Limits) -> None:
    """Until the network has been quiet for a while, within a bound."""
    deadline = time.monotonic() + limits.settle
    since = time.monotonic()
    while time.monotonic() < deadline and time.monotonic() - since < limits.quiet:
        time.sleep(_TICK)
        if not agent.idle():
            since = time.monotonic()


def _scroll(agent: PageAgent, tab: Tab, limits: Limits) -> None:
    """Down step by step, for pages that load as one reads, and up again."""
    connection = agent.connection()
    for _ in range(limits.steps):
        if evaluate(connection, tab, _SCROLL) is not False:
            break
        time.sleep(limits.step)
    evaluate(connection, tab, _TOP)
