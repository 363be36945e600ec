"""The reason somebody gives for an act that cannot be undone later."""

from __future__ import annotations

from typing import Final

from portal.problems import BadInput

MAX_REASON: Final = 300


def checked_reason(text: str) -> str:
    """``text`` without surrounding blanks; it stands in the custody log for ever.

    Raises:
        BadInput: nothing is left, or it is too long or not printable.
    """
    text = " ".join(text.split())
    if not 1 <= len(text) <= MAX_REASON or not text.isprintable():
        message = "Give a reason of at most %(limit)s characters: it stands in the custody log."
        raise BadInput("reason", message, field="reason", limit=MAX_REASON)
    return text
