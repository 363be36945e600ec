"""What was downloaded: from the desktop's folder into the evidence, with where it came from."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from forensics.pages import bounds
from forensics.pages.bounds import line, number, url
from forensics.pages.files import Kept, take

INTO: Final = "downloads"
#: Seconds a finished download may not be readable yet.
_OPENED: Final = 10.0
_UNFINISHED: Final = (".crdownload", ".tmp", ".part")
Emit = Callable[[str, dict[str, Any]], None]


@dataclass(slots=True)
class _Download:
    address: str
    name: str
    document: str
    received: int = 0
    done: bool = False


class Downloads:
    """Copies what the browser says is complete; at the end, whatever else lies there.

    ``folder`` is the desktop's, ``None`` where there is none to be seen. Events come from one
    thread; copying has its own, so that a large file holds up nothing.
    """

    def __init__(self, folder: Path | None, evidence: Path, emit: Emit) -> None:
        self._folder, self._evidence, self._emit = folder, evidence, emit
        self._known: dict[str, _Download] = {}
        self._copied: dict[str, tuple[int, int]] = {}
        self._jobs: queue.SimpleQueue[tuple[str, _Download] | None] = queue.SimpleQueue()
        self._deadline = float("inf")
        self._thread = threading.Thread(target=self._work, name="pages-downloads", daemon=True)
        self._thread.start()

    def begun(self, params: Mapping[str, Any], document: str) -> None:
        """``downloadWillBegin``; ``document`` is the page it came from."""
        guid = line(params.get("guid"), 80)
        if guid in self._known or len(self._known) >= bounds.MAX_DOWNLOADS:
            return
        name = line(params.get("suggestedFilename"), 400)
        self._known[guid] = _Download(url(params.get("url")), name, document)
        self._say(self._known[guid], "begun")

    def progress(self, params: Mapping[str, Any]) -> None:
        """``downloadProgress``."""
        download = self._known.get(line(params.get("guid"), 80))
        if download is None or download.done:
            return
        download.received = int(number(params.get("receivedBytes")))
        state = params.get("state")
        if state == "completed":
            download.done = True
            # Told by the browser alone; only a name in the folder is ever made of it.
            path = line(params.get("filePath"), 4000)
            self._jobs.put((path.rpartition("/")[2] or download.name, download))
        elif state == "canceled":
            download.done = True
            self._say(download, "canceled", bytes=download.received)

    def close(self, seconds: float) -> None:
        """Copy what is left, for at most ``seconds``."""
        self._deadline = time.monotonic() + seconds
        self._jobs.put(None)
        self._thread.join(seconds + 2)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._copy(*job)
        for name in self._left():
            self._copy(name, _Download("", name, ""))

    def _left(self) -> list[str]:
        if self._folder is None:
            return []
        found: list[str] = []
        with suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                if len(found) >= bounds.MAX_DOWNLOADS:
                    break
                with suppress(OSError):
                    if entry.is_file(follow_symlinks=False) and not self._has(entry):
                        found.append(entry.name)
        return sorted(name for name in found if not name.endswith(_UNFINISHED))

    def _has(self, entry: os.DirEntry[str]) -> bool:
        info = entry.stat(follow_symlinks=False)
        return self._copied.get(entry.name) == (info.st_size, info.st_mtime_ns)

    def _copy(self, name: str, download: _Download) -> None:
        if self._folder is None or not name or "/" in name:
            self._say(download, "missing", reason="the folder of downloads is not known")
            return
        try:
            info, kept = self._take(self._folder, name)
        except (OSError, ValueError) as error:
            self._say(download, "missing", reason=line(error, 200))
            return
        self._copied[name] = (info.st_size, info.st_mtime_ns)
        fields = {"file": kept.path, "sha256": kept.sha256, "size": kept.size}
        self._say(download, "kept", **fields)

    def _take(self, folder: Path, name: str) -> tuple[os.stat_result, Kept]:
        """Copied once it may be read: the browser keeps files for its own user, and the desktop
        service opens them to us a moment later. Raises OSError, ValueError."""
        until = min(time.monotonic() + _OPENED, self._deadline)
        while True:
            try:
                info = (folder / name).lstat()
                return info, take(
                    folder,
                    name,
                    self._evidence,
                    INTO,
                    bounds.MAX_DOWNLOAD,
                    lambda: time.monotonic() < self._deadline,
                )
            except PermissionError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def _say(self, download: _Download, state: str, **more: Any) -> None:
        self._emit(
            "download",
            {
                "state": state,
                "name": download.name,
                "url": download.address,
                "document": download.document,
                **more,
            },
        )
