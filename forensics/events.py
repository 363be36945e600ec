"""What happened in a session, in order: one chained line an event.

Every line has ``n`` (from 1), ``at`` (UTC), ``mono`` (seconds, monotonic), ``kind``, what the kind
says besides, and ``prev`` (:mod:`forensics.chained`). Kinds::

    step           step, state, detail         how the start goes
    input_on, input_off    reason
    mark           note
    paste          sha256, characters          never the text itself
    upload         name, file, size, sha256
    download       name, file, size, sha256, url …
    navigation     url, title …
    still, page    number, file, sha256 …
    viewer         joined (yes or no), role
    token          head, file, gen_time        the recording's head, time-stamped
    gap            from, to, seconds, reason   the screen was not seen
    clock          step                        the time of day jumped, seconds
    warning        what, detail …
    limit          what, seconds
    ending, ended  reason, terminal
"""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from forensics import clock
from forensics.canonical import storable
from forensics.chained import ChainedLog, Line, read_lines
from forensics.errors import InvalidEvidence

_KIND: Final = re.compile(r"[a-z][a-z_]{0,39}", re.ASCII)
#: Fields that are the log's own.
RESERVED: Final = frozenset({"n", "at", "mono", "kind", "prev"})
#: Longest text of one field, characters; the rest is cut off with an ellipsis.
MAX_TEXT: Final = 8000
#: Most items of one list.
MAX_ITEMS: Final = 100


@dataclass(frozen=True, slots=True)
class Event:
    """One event as read back; ``fields`` without those of the log."""

    n: int
    at: datetime
    mono: float
    kind: str
    fields: Mapping[str, Any]


class EventLog:
    """The log of a live session. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._log = ChainedLog(path)
        self._lock = threading.Lock()

    @property
    def head(self) -> str:
        return self._log.head

    @property
    def count(self) -> int:
        return self._log.count

    @property
    def path(self) -> Path:
        return self._log.path

    def emit(self, kind: str, fields: Mapping[str, Any] | None = None) -> int:
        """Write one event; returns its number.

        Raises:
            OSError: it could not be written.
            ValueError: no such kind, or fields that are the log's own or have no canonical form.
        """
        if not _KIND.fullmatch(kind):
            raise ValueError(f"{kind[:60]!r} is no kind of event")
        said = storable(fields or {}, MAX_TEXT, MAX_ITEMS)
        if said.keys() & RESERVED:
            raise ValueError(f"{kind}: {', '.join(sorted(said.keys() & RESERVED))} is reserved")
        with self._lock:
            moment = clock.now()
            number = self._log.count + 1
            at = clock.rfc3339(moment.utc)
            self._log.append({**said, "n": number, "at": at, "mono": moment.mono, "kind": kind})
        return number

    def after(self, n: int, limit: int) -> list[dict[str, Any]]:
        """At most ``limit`` events with numbers above ``n``, as they stand in the log."""
        with self.path.open("rb") as stream:
            lines = itertools.islice(stream, n, n + limit)
            return [json.loads(line) for line in lines if line.endswith(b"\n")]

    def close(self) -> None:
        self._log.close()


def read_events(stream: BinaryIO, name: str = "log/events.jsonl") -> Iterator[Event]:
    """The events of a log, in order.

    Raises:
        InvalidEvidence: naming the first line that does not hold.
    """
    mono = 0.0
    for line in read_lines(stream, name):
        event = _event(line, name)
        if event.mono < mono:
            raise InvalidEvidence(f"{name}: line {line.number} is earlier than the line before")
        mono = event.mono
        yield event


def _event(line: Line, name: str) -> Event:
    value = line.value
    try:
        at, mono = clock.parse_utc(value.get("at")), clock.seconds(value.get("mono"))
    except InvalidEvidence as error:
        raise InvalidEvidence(f"{name}: line {line.number}: {error}") from error
    kind = value.get("kind")
    if value.get("n") != line.number or not isinstance(kind, str) or not _KIND.fullmatch(kind):
        raise InvalidEvidence(f"{name}: line {line.number} has another number or no kind")
    fields = {key: each for key, each in value.items() if key not in RESERVED}
    return Event(line.number, at, mono, kind, fields)
