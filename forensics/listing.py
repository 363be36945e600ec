"""The files of an evidence folder, each with what is known of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from forensics import clock
from forensics.desktop import layout
from forensics.events import Event
from forensics.fingerprint import digest_stream

_ORIGINS: Final = (
    (layout.TOKENS, "time-stamp"),
    (layout.RECORDING, "recorder"),
    (layout.STILLS, "recorder"),
    (layout.PAGES, "page capture"),
    (layout.WEB, "page capture"),
    (layout.DOWNLOADS, "download"),
    (layout.UPLOADS, "upload"),
    (layout.DNS, "desktop service"),
    (layout.EGRESS, "desktop service"),
    (layout.ENVIRONMENT, "desktop service"),
)
#: What an event may add to the entry of the file it names.
_TOLD: Final = ("name", "url", "number", "title", "mime")


def list_files(evidence: Path, events: list[Event]) -> Iterator[dict[str, Any]]:
    """The entries of the manifest's ``files``, in the order of the paths' code points.

    Raises:
        OSError: a file cannot be read.
    """
    told = {path: event for event in events for path in files_of(event)}
    for path in sorted(_paths(evidence)):
        with os.fdopen(os.open(evidence / path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as stream:
            sha256, size = digest_stream(stream)
            changed = datetime.fromtimestamp(os.fstat(stream.fileno()).st_mtime, UTC)
        entry = {"path": path, "size": size, "sha256": sha256, "origin": _origin(path)}
        event = told.get(path)
        entry["at"] = clock.rfc3339(event.at if event else changed)
        if event:
            entry |= {k: event.fields[k] for k in _TOLD if k in event.fields}
        yield entry


def files_of(event: Event) -> dict[str, str]:
    """The files an event names, each with its SHA-256 (empty when it does not say)."""
    named = event.fields.get("files")
    entries = [each for each in named if isinstance(each, dict)] if isinstance(named, list) else []
    found = {each.get("path"): each.get("sha256") for each in entries}
    found[event.fields.get("file")] = event.fields.get("sha256")
    return {path: str(sha256 or "") for path, sha256 in found.items() if isinstance(path, str)}


def _paths(evidence: Path) -> Iterator[str]:
    """Every file below ``evidence`` but the manifest itself; only regular ones can be there."""
    for folder, _, names in os.walk(evidence):
        for name in names:
            path = Path(folder, name)
            relative = path.relative_to(evidence).as_posix()
            if relative != layout.MANIFEST and stat.S_ISREG(path.lstat().st_mode):
                yield relative


def _origin(path: str) -> str:
    named = (
        origin for prefix, origin in _ORIGINS if path == prefix or path.startswith(f"{prefix}/")
    )
    return next(named, "keeper")
