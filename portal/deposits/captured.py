"""What stands in a capture's evidence, read for people: segments, moments, stills, pages, checks.

Nothing is judged here (:mod:`forensics` verifies); what cannot be read is left out, and reading is
bounded, for much of it was written by strangers' pages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Final

from forensics.desktop import layout
from forensics.environment.result import Result, from_json

#: No log is read beyond this, bytes; nor shown beyond so many lines.
MAX_LOG: Final = 16 << 20
MAX_LINES: Final = 20_000
_NUMBERED: Final = re.compile(r"(stills|pages)/(\d{4,})[./](.+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Kept:
    """One file of the evidence; ``vault_key`` is None once its content was erased."""

    position: int
    path: str
    size: int
    sha256: str
    vault_key: str | None

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Segment:
    """One closed piece of the recording. ``start`` and ``seconds`` on the recording's own clock,
    from its first frame on."""

    number: int
    file: Kept
    start: float
    seconds: float
    frames: int
    missed: int
    began: datetime | None


@dataclass(frozen=True, slots=True)
class Gap:
    """Time that was not recorded."""

    start: float
    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Moment:
    """An event: ``start`` in seconds from the recording's first frame."""

    number: int
    kind: str
    at: datetime
    start: float
    fields: Mapping[str, Any]

    def text(self, *names: str) -> str:
        """The first of these fields that has something to say."""
        found = (self.fields.get(name) for name in names)
        return next((str(each) for each in found if each not in (None, "")), "")


@dataclass(frozen=True, slots=True)
class Page:
    """A captured page: its files by suffix (``png``, ``mhtml``, ``pdf``, ``json``)."""

    number: int
    files: Mapping[str, Kept]


@dataclass(frozen=True)
class Captured:
    """Everything of one capture. ``files`` in the manifest's order; ``stamps`` counts the tokens of
    the running recording."""

    files: tuple[Kept, ...]
    segments: tuple[Segment, ...]
    gaps: tuple[Gap, ...]
    moments: tuple[Moment, ...]
    stills: tuple[tuple[int, Kept], ...]
    pages: tuple[Page, ...]
    results: tuple[Result, ...]
    stamps: int

    @property
    def seconds(self) -> float:
        """From the first frame to the last."""
        return max((each.start + each.seconds for each in self.segments), default=0.0)

    @property
    def began(self) -> datetime | None:
        return self.segments[0].began if self.segments else None

    def below(self, folder: str) -> list[Kept]:
        """The files of a folder."""
        return [each for each in self.files if each.path.startswith(f"{folder}/")]

    def file(self, path: str) -> Kept | None:
        return next((each for each in self.files if each.path == path), None)


def read_captured(files: Sequence[Kept], opener: Callable[[Kept], BinaryIO]) -> Captured:
    """Read what is there; content that was erased is left out."""
    by_path = {each.path: each for each in files}

    def load(path: str) -> bytes:
        file = by_path.get(path)
        if file is None or file.vault_key is None:
            return b""
        with opener(file) as stream:
            return stream.read(MAX_LOG)

    chain = list(read_json_lines(load(layout.CHAIN)))
    segments, base = _segments(chain, by_path)
    return Captured(
        tuple(files),
        segments,
        tuple(_gaps(chain, base)),
        _once(list(_moments(load(layout.EVENTS), base))),
        tuple(sorted(_stills(files))),
        _pages(files),
        _results(load(layout.ENVIRONMENT)),
        sum(each.path.startswith(f"{layout.TOKENS}/") for each in files),
    )


def read_json_lines(data: bytes, most: int = MAX_LINES) -> Iterator[dict[str, Any]]:
    """The objects of a log, a line each; lines that are none are passed over."""
    for line in data.splitlines()[:most]:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield value


def _segments(
    chain: Sequence[dict[str, Any]], by_path: Mapping[str, Kept]
) -> tuple[tuple[Segment, ...], float]:
    """The segments, and the monotonic time of the first frame."""
    found: list[Segment] = []
    base: float | None = None
    for line in chain:
        if line.get("type") != "segment":
            continue
        file = by_path.get(str(line.get("file"))) or by_path.get(f"recording/{line.get('file')}")
        first, last = _moment_of(line.get("first")), _moment_of(line.get("last"))
        if file is None or first is None or last is None:
            continue
        base = first[1] if base is None else base
        # The last frame stands until the next one: a tenth of a second, not nothing.
        seconds = max(last[1] - first[1], 0.1)
        frames, missed = (_whole(line.get(name)) for name in ("frames", "missed"))
        number = _whole(line.get("seq"))
        found.append(Segment(number, file, first[1] - base, seconds, frames, missed, first[0]))
    return tuple(found), base or 0.0


def _gaps(chain: Sequence[dict[str, Any]], base: float) -> Iterator[Gap]:
    for line in chain:
        inside = line.get("gaps") if line.get("type") == "segment" else None
        lines = inside if isinstance(inside, list) else []
        lines = [*lines, line] if line.get("type") == "gap" else lines
        for each in lines:
            start = _moment_of(each.get("from")) if isinstance(each, dict) else None
            if start is not None:
                yield Gap(
                    start[1] - base, _number(each.get("seconds")), str(each.get("reason", ""))
                )


def _moments(data: bytes, base: float) -> Iterator[Moment]:
    own = {"n", "at", "mono", "kind", "prev"}
    for line in read_json_lines(data):
        at = _time(line.get("at"))
        if at is None:
            continue
        fields = {name: value for name, value in line.items() if name not in own}
        start = _number(line.get("mono")) - base
        yield Moment(_whole(line.get("n")), str(line.get("kind", "")), at, start, fields)


def _once(moments: Sequence[Moment]) -> tuple[Moment, ...]:
    """What is told in several steps stands once: a page when it is loaded, a capture when done."""
    loaded = {each.text("visit") for each in moments if each.text("state") == "loaded"}
    return tuple(
        each
        for each in moments
        if not (each.kind == "navigation" and _is_shown(each) and each.text("visit") in loaded)
        and not (each.kind == "page" and _is_under_way(each))
    )


def _is_shown(moment: Moment) -> bool:
    return moment.text("state") == "shown"


def _is_under_way(moment: Moment) -> bool:
    state = moment.text("state")
    return state == "begun" or "." in state  # begun, and each of its files


def _stills(files: Sequence[Kept]) -> Iterator[tuple[int, Kept]]:
    for each in files:
        part = _NUMBERED.fullmatch(each.path)
        if part and part[1] == layout.STILLS:
            yield int(part[2]), each


def _pages(files: Sequence[Kept]) -> tuple[Page, ...]:
    found: dict[int, dict[str, Kept]] = {}
    for each in files:
        part = _NUMBERED.fullmatch(each.path)
        if part and part[1] == layout.PAGES:
            found.setdefault(int(part[2]), {})[part[3].rpartition(".")[2]] = each
    return tuple(Page(number, found[number]) for number in sorted(found))


def _results(data: bytes) -> tuple[Result, ...]:
    try:
        value = json.loads(data or b"[]")
        found = value.get("results", []) if isinstance(value, dict) else value
        return from_json(found)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ()


def _moment_of(value: Any) -> tuple[datetime | None, float] | None:
    """``{utc, mono}``; or, of a gap, seconds alone."""
    if isinstance(value, dict):
        return _time(value.get("utc")), _number(value.get("mono"))
    return (None, float(value)) if isinstance(value, int | float) else None


def _time(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and abs(value) < 2**53 else 0.0


def _whole(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 2**53 else 0
