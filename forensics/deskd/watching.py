"""What the desktop service itself watches while a session is live: X, processes, limits.

The keeper watches the recording; this is the second pair of eyes, and the only one that sees
processes of other users and the limits' counters.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Final

from forensics.desktop.interface import Isolation
from forensics.desktop.making import Making
from forensics.errors import DeskUnavailable

#: Seconds between two questions to X, and how long it may take to answer: together less than the
#: three seconds within which a dead screen has to be noticed.
_PING_EVERY: Final = 0.5
_PING_SECONDS: Final = 1.5
_BROWSER_AGAIN: Final = "the browser ended and was started again"
_BROWSER_EVERY: Final = 2.0
#: Free bytes below which a desktop's disk counts as full.
_FULL: Final = 4 << 20
#: How old the keeper's status may be, seconds. It writes three a second.
STALE: Final = 3.0


class ScreenWatch:
    """Asks X for a sign of life from a thread of its own: a stopped server blocks whoever asks."""

    def __init__(self, making: Making) -> None:
        self._making = making
        self._end = threading.Event()
        self.trouble = ""
        self._thread = threading.Thread(target=self._watch, name="screen-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._end.set()
        self._thread.join(_PING_SECONDS + 1)

    def _watch(self) -> None:
        try:
            client = self._making.ping(_PING_SECONDS)
        except DeskUnavailable as error:
            self.trouble = str(error)
            return
        try:
            while not self._end.wait(_PING_EVERY):
                client.ping()
        except DeskUnavailable as error:
            self.trouble = str(error)
        finally:
            client.close()


class LimitWatch:
    """Counts what the kernel refused or ended since the session began, and the browser's starts."""

    def __init__(self, making: Making) -> None:
        self._making = making
        self.usage = making.usage()
        self._said: set[str] = set()
        self._browser, self._looked = making.browser_pid(), 0.0

    def look(self) -> str:
        """Why the session cannot go on; empty while it can. More processes than allowed are
        refused, and no harm to the evidence; somebody killed for memory is a harm."""
        before, self.usage = self.usage, self._making.usage()
        if self.usage.killed > before.killed:
            return "the desktop reached its memory limit"
        return ""

    def news(self) -> list[tuple[str, str]]:
        """What the event log should know: kind and sentence. Comes again until :meth:`told`."""
        found = []
        if self.usage.refused:
            found.append(("limit", "the desktop asked for more processes than it may have"))
        if self._home_is_full():
            found.append(("limit", "the desktop's disk is full"))
        return [each for each in found if each[1] not in self._said] + self._browser_news()

    def told(self, sentence: str) -> None:
        """The event log has it; each limit stands there once."""
        self._said.add(sentence)

    def _browser_news(self) -> list[tuple[str, str]]:
        if time.monotonic() - self._looked < _BROWSER_EVERY:
            return []
        self._looked = time.monotonic()
        now, before = self._making.browser_pid(), self._browser
        if now == 0 or now == before:
            return []
        self._browser = now
        return [("browser", _BROWSER_AGAIN)] if before else []

    def _home_is_full(self) -> bool:
        if self._making.isolation is not Isolation.ISOLATED:
            return False
        try:
            found = os.statvfs(self._making.folder.home)
        except OSError:
            return False
        return found.f_bavail * found.f_frsize < _FULL


def dead(making: Making) -> str:
    """The first process of the session that ended and should not have; empty while all run."""
    names = {
        "screen": "the X server",
        "browser": "the browser's sandbox",
        "name server": "the name server",
    }
    for name, words in names.items():
        child = making.children.get(name)
        if child is not None and child.poll() is not None:
            return f"{words} ended unexpectedly"
    return ""


def keeper_stands_still(making: Making) -> bool:
    """Whether the keeper's status is too old, though the keeper runs."""
    try:
        age = time.time() - making.folder.status.stat().st_mtime
    except OSError:
        return False
    return age > STALE
