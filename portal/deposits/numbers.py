"""Letter numbers: a date for people, and forty random bits against guessing."""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

#: Crockford's base 32: no I, L, O, U, so that a number survives being read aloud.
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH: Final = 8
#: Bytes of randomness in a number: eight letters of five bits.
CHANCE: Final = 5
_PAIRS: Final = [first + second for first in _ALPHABET for second in _ALPHABET]
_MISREAD: Final = str.maketrans("OIL", "011")
_NUMBER: Final = re.compile(rf"(?:NE(\d{{8}}))?([{_ALPHABET}]{{{_LENGTH}}})")


def new_number(moment: datetime, zone: ZoneInfo, chance: bytes | None = None) -> tuple[str, str]:
    """``("NE20261121-7K3M9QXT", "7K3M9QXT")``: the number and its short code.

    Args:
        chance: :data:`CHANCE` random bytes that nothing else is made of; None draws them.
    """
    bits = int.from_bytes(secrets.token_bytes(CHANCE) if chance is None else chance)
    code = "".join([_PAIRS[bits >> shift & 1023] for shift in (30, 20, 10, 0)])
    day = moment.astimezone(zone)
    return f"NE{day.year:04}{day.month:02}{day.day:02}-{code}", code


def read_number(text: str) -> tuple[str | None, str] | None:
    """Number (None when only the code was typed) and code, as people type them: small letters,
    spaces, other dashes, O for 0, I and L for 1. None when it is neither."""
    typed = re.sub(r"[\s\-–—‐‑−]", "", text.upper())
    head, tail = typed[:-_LENGTH], typed[-_LENGTH:].translate(_MISREAD)
    match = _NUMBER.fullmatch(head + tail)
    if match is None:
        return None
    date, code = match.groups()
    return (f"NE{date}-{code}" if date else None), code
