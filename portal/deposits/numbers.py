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
_MISREAD: Final = str.maketrans("OIL", "011")
_NUMBER: Final = re.compile(rf"(?:NE(\d{{8}}))?([{_ALPHABET}]{{{_LENGTH}}})")


def new_number(moment: datetime, zone: ZoneInfo) -> tuple[str, str]:
    """``("NE20261121-7K3M9QXT", "7K3M9QXT")``: the number and its short code."""
    bits = int.from_bytes(secrets.token_bytes(5))  # eight times five of them
    code = "".join(_ALPHABET[bits >> 5 * place & 31] for place in range(_LENGTH))
    return f"NE{moment.astimezone(zone):%Y%m%d}-{code}", code


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
