"""What the recording's first time-stamp says of this host's clock.

The chain's head came to be at a time of this clock, and its token arrived at another; the
authority's genTime lies between the two, or the clock is wrong. Both stand in the session's own
logs, so the portal's clock plays no part.
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from forensics.desktop import layout
from forensics.desktop.layout import SessionFolder
from forensics.environment.target import Attested

_MOST: Final = 1 << 20


def attested(folder: SessionFolder) -> Attested | None:
    """The first token over the recording's first line; None while there is none."""
    chain = _lines(folder.evidence / layout.CHAIN)
    events = [_object(line) for line in _lines(folder.evidence / layout.EVENTS)]
    if not chain:
        return None
    head = hashlib.sha256(chain[0]).hexdigest()
    for event in events:
        if event.get("kind") == "token" and event.get("head") == head:
            try:
                return Attested(
                    gen_time=datetime.fromisoformat(event["gen_time"]),
                    sent=datetime.fromisoformat(_object(chain[0])["at"]),
                    received=datetime.fromisoformat(event["at"]),
                    authority=str(event.get("tsa", "")),
                )
            except (KeyError, TypeError, ValueError):
                return None
    return None


def _lines(path: Path) -> list[bytes]:
    """Whole lines of the beginning of a log; none when it cannot be read."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
            return file.read(_MOST).split(b"\n")[:-1]
    except OSError:
        return []


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
