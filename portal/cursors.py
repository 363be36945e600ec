"""Cursors: where a page ended, so that the next one goes on there however much was added since."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, literal, tuple_

from portal.database import UtcDateTime
from portal.problems import BadInput


def cursor(moment: datetime, last: str) -> str:
    """Asks for what stands after the row of this time and id."""
    return base64.urlsafe_b64encode(f"{moment.isoformat()} {last}".encode()).decode()


def before(text: str, moment: Any, identity: Any) -> ColumnElement[bool]:
    """The criterion for a list ordered by these two columns, the newest first.

    Raises:
        BadInput: no page gave this cursor.
    """
    at, last = _read(text)
    return tuple_(moment, identity) < tuple_(literal(at, UtcDateTime()), literal(last, String()))


def unknown() -> BadInput:
    """What is said of a cursor that no page gave."""
    return BadInput("cursor", "This cursor is not one that a page gave.", field="cursor")


def _read(text: str) -> tuple[datetime, str]:
    try:
        at, _, last = base64.urlsafe_b64decode(text.encode()).decode().rpartition(" ")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or "\x00" in last:
            raise ValueError("not one of ours")
    except (ValueError, binascii.Error) as error:
        raise unknown() from error
    return moment, last
