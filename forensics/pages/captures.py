"""Captures of the page on the screen, one after the other, away from whoever asks for them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forensics.pages.bounds import line
from forensics.pages.capture import capture
from forensics.pages.cdp import Connection
from forensics.pages.errors import BrowserGone, PageRefused
from forensics.pages.tabs import Tab, title

Emit = Callable[[str, dict[str, Any]], None]


class Captures:
    """A thread that captures. ``connection`` and ``shown`` give what there is at that moment and
    raise BrowserGone or PageRefused. ``busy`` says what is being done."""

    def __init__(
        self,
        connection: Callable[[], Connection],
        shown: Callable[[], Tab],
        evidence: Path,
        emit: Emit,
    ) -> None:
        self.busy = ""
        self._connection, self._shown = connection, shown
        self._evidence, self._emit = evidence, emit
        self._wanted: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="pages-capture", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask(self, number: int) -> None:
        """Capture as ``pages/<number>`` in turn; returns at once."""
        self._wanted.put(number)

    def now(self, number: int) -> dict[str, Any]:
        """Capture in this thread; the fields of the last ``page`` event."""
        fields: dict[str, Any] = {"number": number, "state": "failed"}
        try:
            fields |= self._capture(number)
        except (PageRefused, BrowserGone, OSError) as error:
            fields["reason"] = line(error, 300)
        self.busy = ""
        self._emit("page", fields)
        return fields

    def close(self, seconds: float) -> None:
        """Wait for what was asked for, at most ``seconds``."""
        self._wanted.put(None)
        self._thread.join(seconds)

    def _work(self) -> None:
        while (number := self._wanted.get()) is not None:
            self.now(number)

    def _capture(self, number: int) -> dict[str, Any]:
        connection, tab = self._connection(), self._shown()
        with suppress(PageRefused):
            history = connection.call("Page.getNavigationHistory", session=tab.session, timeout=5)
            tab.title = title(history) or tab.title
        about: dict[str, Any] = {
            "number": number,
            "url": tab.address,
            "title": tab.title,
            "at": datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        }
        self._emit("page", {**about, "state": "begun"})

        def progress(part: str) -> None:
            self.busy = f"page {number}: {part}"
            self._emit("page", {"number": number, "state": part})

        folder = f"pages/{number:04d}"
        done = capture(connection, tab.session, self._evidence, folder, about, progress)
        about |= {"height": done.height, "pictured": done.pictured}
        # page.json is always among the files; a capture is something besides.
        state = "done" if len(done.files) > 1 else "failed"
        files = [each.to_json() for each in done.files]
        return {**about, "state": state, "files": files, "missing": done.missing}
