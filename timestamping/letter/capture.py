"""What a letter says of a capture: how it went, how clean the desktop was, what was seen when.

Plain values; who captured decides what to say, the letter only sets it. Everything printed is an
extract: the manifest attached to the letter has all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from timestamping.letter.clock import Clock
from timestamping.letter.token_view import hex_lines
from timestamping.letter.words import NOTHING, Words
from timestamping.pdf.errors import LetterError
from timestamping.pdf.text import runs

#: So much is printed of each; the manifest names all.
MAX_MOMENTS: Final = 200
MAX_SEGMENTS: Final = 200
MAX_STILLS: Final = 8
#: Bytes of one picture: a thumbnail, not the still itself.
MAX_PICTURE: Final = 200_000
_FORMATS: Final = {b"\xff\xd8\xff": "jpg", b"\x89PN": "png"}
_OUTCOMES: Final = {
    "pass": Words("通过", "pass"),
    "fail": Words("未通过", "fail"),
    "unknown": Words("无法判定", "unknown"),
}


@dataclass(frozen=True, slots=True)
class CaptureCheck:
    """One cleanliness check: ``outcome`` is ``pass``, ``fail`` or ``unknown``; ``found`` and
    ``detail`` may be empty."""

    title: Words
    outcome: str
    found: str = ""
    detail: Words = NOTHING


@dataclass(frozen=True, slots=True)
class CaptureMoment:
    """Something that happened; ``seconds`` since the recording's first frame."""

    at: datetime
    seconds: float
    what: Words
    text: str = ""


@dataclass(frozen=True, slots=True)
class CaptureSegment:
    """A closed piece of the recording: its first frame's time, its length, its SHA-256."""

    file: str
    at: datetime | None
    seconds: float
    sha256: str


@dataclass(frozen=True, slots=True)
class CaptureStill:
    """A picture of the screen. ``picture`` is a JPEG or PNG made smaller for the letter; ``sha256``
    that of the file in the package, not of this picture.

    Raises:
        LetterError: no JPEG or PNG, or too large.
    """

    file: str
    at: datetime | None
    picture: bytes
    sha256: str

    def __post_init__(self) -> None:
        if self.picture[:3] not in _FORMATS or len(self.picture) > MAX_PICTURE:
            raise LetterError("a still in a letter is a small JPEG or PNG", field="capture.stills")

    @property
    def format(self) -> str:
        return _FORMATS[self.picture[:3]]


@dataclass(frozen=True, slots=True)
class Capture:
    """One capture. ``ending`` says how it ended, ``complete`` whether nothing is missing; ``facts``
    are label and value, in the order to be printed."""

    complete: bool
    ending: Words
    facts: tuple[tuple[Words, str], ...]
    checks: tuple[CaptureCheck, ...] = ()
    moments: tuple[CaptureMoment, ...] = ()
    segments: tuple[CaptureSegment, ...] = ()
    stills: tuple[CaptureStill, ...] = ()


def capture_view(capture: Capture | None, clock: Clock) -> dict[str, Any] | None:
    """None for a letter about anything else."""
    if capture is None:
        return None
    return {
        "complete": capture.complete,
        "ending": _words(capture.ending),
        "facts": [{**_words(label), "value": runs(value)} for label, value in capture.facts],
        "checks": [_check(each) for each in capture.checks],
        "counted": _counted(capture.checks),
        "moments": [_moment(each, clock) for each in capture.moments[:MAX_MOMENTS]],
        "moments-cut": max(0, len(capture.moments) - MAX_MOMENTS),
        "segments": [_segment(each, clock) for each in capture.segments[:MAX_SEGMENTS]],
        "segments-cut": max(0, len(capture.segments) - MAX_SEGMENTS),
        "stills": [_still(each, clock) for each in capture.stills[:MAX_STILLS]],
        "stills-cut": max(0, len(capture.stills) - MAX_STILLS),
    }


def elapsed(seconds: float) -> str:
    """``1:02:03.4``: hours when there are any, tenths always.

    >>> elapsed(63.44), elapsed(3723.0)
    ('1:03.4', '1:02:03.0')
    """
    tenths = round(max(seconds, 0.0) * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def _check(check: CaptureCheck) -> dict[str, Any]:
    return {
        "title": _words(check.title),
        "code": check.outcome,
        "outcome": _words(_OUTCOMES[check.outcome]),
        "found": runs(check.found),
        "detail": _words(check.detail),
    }


def _counted(checks: tuple[CaptureCheck, ...]) -> list[dict[str, Any]]:
    """How many of each outcome, failures first; outcomes nobody has are left out."""
    found = [each.outcome for each in checks]
    return [
        {"code": code, "count": str(found.count(code)), **_words(_OUTCOMES[code])}
        for code in ("fail", "unknown", "pass")
        if code in found
    ]


def _moment(moment: CaptureMoment, clock: Clock) -> dict[str, Any]:
    return {
        "elapsed": elapsed(moment.seconds),
        "time": clock.time(moment.at),
        "what": _words(moment.what),
        "text": runs(moment.text),
    }


def _segment(segment: CaptureSegment, clock: Clock) -> dict[str, Any]:
    return {
        "file": runs(segment.file),
        "time": clock.time(segment.at) if segment.at else "",
        "seconds": f"{segment.seconds:.1f}",
        "sha256": hex_lines(segment.sha256),
    }


def _still(still: CaptureStill, clock: Clock) -> dict[str, Any]:
    return {
        "file": runs(still.file),
        "time": clock.time(still.at) if still.at else "",
        "picture": list(still.picture),
        "format": still.format,
        "sha256": hex_lines(still.sha256),
    }


def _words(words: Words) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}
