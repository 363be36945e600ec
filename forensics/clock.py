"""One moment on both clocks: UTC says when, the monotonic clock says how long between."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from forensics.errors import InvalidEvidence

#: RFC 3339 with microseconds and Z, the one way times stand in evidence.
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Moment:
    """``utc`` is aware; ``mono`` are seconds of the host's monotonic clock, which no correction of
    the time of day moves."""

    utc: datetime
    mono: float

    def to_json(self) -> dict[str, Any]:
        return {"utc": rfc3339(self.utc), "mono": self.mono}

    def later(self, length: float) -> Moment:
        """``length`` seconds after this one, on both clocks."""
        return Moment(self.utc + timedelta(seconds=length), round(self.mono + length, 6))

    @classmethod
    def from_json(cls, value: Any) -> Moment:
        """Raises InvalidEvidence for what is no moment."""
        if not isinstance(value, dict) or value.keys() != {"utc", "mono"}:
            raise InvalidEvidence("a moment has the fields utc and mono")
        return cls(parse_utc(value["utc"]), seconds(value["mono"]))


def now() -> Moment:
    """This moment, in microseconds."""
    return Moment(datetime.now(UTC), round(time.monotonic(), 6))


def rfc3339(moment: datetime) -> str:
    """``2026-11-21T10:00:00.000000Z``."""
    plain = moment.astimezone(UTC).replace(tzinfo=None)
    return plain.isoformat(timespec="microseconds") + "Z"


def parse_utc(text: Any) -> datetime:
    """Exactly what :func:`rfc3339` writes.

    Raises:
        InvalidEvidence: anything else.
    """
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise InvalidEvidence("a time is not written as 2026-11-21T10:00:00.000000Z")
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError as error:
        raise InvalidEvidence(f"{text} is no time") from error


def seconds(value: Any) -> float:
    """A finite number of seconds, not negative.

    Raises:
        InvalidEvidence: anything else.
    """
    if type(value) not in {int, float} or not math.isfinite(value) or value < 0:
        raise InvalidEvidence("seconds are a number, not negative")
    return float(value)
