"""Days that people type, as the moments at which they begin."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def start_of(text: str, zone: ZoneInfo, later: timedelta = timedelta()) -> datetime | None:
    """The start of a day in the office's zone, as UTC. Raises ValueError for what is no date."""
    if not text:
        return None
    try:
        start = datetime.combine(date.fromisoformat(text), time(), zone)
        return (start + later).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error
