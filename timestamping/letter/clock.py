"""Times as a letter shows them: local time with its offset, to the millisecond where known."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from timestamping.pdf.errors import LetterError


class Clock:
    """Shows aware times in one zone.

    Raises:
        LetterError: the zone's name is unknown.
    """

    def __init__(self, zone: str) -> None:
        try:
            self._zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise LetterError(f"the time zone {zone!r} is unknown", field="zone") from error

    def date(self, time: datetime) -> str:
        return time.astimezone(self._zone).strftime("%Y-%m-%d")

    def time(self, time: datetime) -> str:
        """``11:29:03.120 +08:00``; whole seconds without a fraction, as ledgers state them."""
        local = time.astimezone(self._zone)
        offset = local.strftime("%z")
        fraction = f".{local.microsecond // 1000:03d}" if local.microsecond else ""
        return f"{local:%H:%M:%S}{fraction} {offset[:3]}:{offset[3:5]}"

    def full(self, time: datetime) -> str:
        return f"{self.date(time)} {self.time(time)}"
