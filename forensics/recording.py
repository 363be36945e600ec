"""The lines of a recording's chain as values; see :mod:`forensics.session.chain` for the format."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from forensics import clock
from forensics.chained import Line
from forensics.clock import Moment
from forensics.errors import InvalidEvidence

_HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Gap:
    """The screen was not seen from ``since`` to ``until``."""

    since: Moment
    until: Moment
    seconds: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    session: str
    width: int
    height: int
    fps: int
    codec: str
    at: Moment


@dataclass(frozen=True, slots=True)
class Segment:
    """``file`` below the evidence folder; ``first`` and ``last`` frame; ``whole``: it did not
    break off."""

    seq: int
    file: str
    sha256: str
    size: int
    frames: int
    first: Moment
    last: Moment
    missed: int
    gaps: tuple[Gap, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Token:
    file: str
    sha256: str
    head: str


@dataclass(frozen=True, slots=True)
class End:
    count: int
    head: str
    at: datetime
    reason: str


Entry = Start | Segment | Token | Gap | End


def parse_entry(line: Line) -> Entry:
    """What a line says.

    Raises:
        InvalidEvidence: none of the five kinds, or not exactly its fields.
    """
    value = dict(line.value)
    del value["prev"]
    parse = _PARSERS.get(str(value.pop("type", "")))
    try:
        if parse is None:
            raise InvalidEvidence("it is of no known type")
        return parse(value)
    except KeyError as error:
        raise InvalidEvidence(f"line {line.number}: it has no {error.args[0]}") from error
    except InvalidEvidence as error:
        raise InvalidEvidence(f"line {line.number}: {error}") from error


def _start(value: Mapping[str, Any]) -> Start:
    _only(value, "session width height fps codec at mono")
    width, height, fps = (_whole(value[name], 1) for name in ("width", "height", "fps"))
    at = Moment(clock.parse_utc(value["at"]), clock.seconds(value["mono"]))
    return Start(_text(value["session"]), width, height, fps, _text(value["codec"]), at)


def _segment(value: Mapping[str, Any]) -> Segment:
    _only(value, "seq file sha256 bytes frames first last missed gaps whole")
    gaps, whole = value["gaps"], value["whole"]
    if not isinstance(gaps, list) or type(whole) is not bool:
        raise InvalidEvidence("gaps is no list, or whole not yes or no")
    return Segment(
        seq=_whole(value["seq"], 1),
        file=_text(value["file"]),
        sha256=_hex(value["sha256"]),
        size=_whole(value["bytes"]),
        frames=_whole(value["frames"]),
        first=Moment.from_json(value["first"]),
        last=Moment.from_json(value["last"]),
        missed=_whole(value["missed"]),
        gaps=tuple(parse_gap(gap) for gap in gaps),
        whole=whole,
    )


def _token(value: Mapping[str, Any]) -> Token:
    _only(value, "file sha256 head")
    return Token(_text(value["file"]), _hex(value["sha256"]), _hex(value["head"]))


def _gap_line(value: Mapping[str, Any]) -> Gap:
    _only(value, "from to seconds reason")
    return parse_gap(value)


def _end(value: Mapping[str, Any]) -> End:
    _only(value, "count head at reason")
    at = clock.parse_utc(value["at"])
    return End(_whole(value["count"]), _hex(value["head"]), at, _text(value["reason"]))


def parse_gap(value: Any) -> Gap:
    """A gap as it stands in chain and manifest.

    Raises:
        InvalidEvidence: it is none. KeyError: a field is missing.
    """
    if not isinstance(value, dict) or value.keys() - {"from", "to", "seconds", "reason"}:
        raise InvalidEvidence("a gap has from, to, seconds and perhaps a reason")
    since, until = Moment.from_json(value["from"]), Moment.from_json(value["to"])
    return Gap(since, until, clock.seconds(value["seconds"]), _text(value.get("reason", "")))


_PARSERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Entry]]] = {
    "start": _start,
    "segment": _segment,
    "token": _token,
    "gap": _gap_line,
    "end": _end,
}


def _only(value: Mapping[str, Any], names: str) -> None:
    extra = value.keys() - set(names.split())
    if extra:
        raise InvalidEvidence(f"it has a strange {min(extra)[:40]}")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidEvidence("a text is none")
    return value


def _whole(value: Any, least: int = 0) -> int:
    if type(value) is not int or not least <= value < 2**53:
        raise InvalidEvidence("a number is none")
    return value


def _hex(value: Any) -> str:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise InvalidEvidence("a digest is not 64 hexadecimal digits")
    return value
