"""What a value of the file is, whatever way it is written: ids, pools, weights, public values.

The compiled reader (``scan.py``) decides the plain cases in the same way and leaves all others to
these functions; the browser has the same rule for an id typed by a participant.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from lottery.entries.model import IdKind

#: White space of Unicode, and characters of no width that come along when text is copied.
WHITE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\u200b-\u200d\u2060\ufeff"
)
_WHITE = re.compile(f"[{WHITE}]+")
_EDGES = re.compile(f"^[{WHITE}]+|[{WHITE}]+$")
_DASHES = re.compile("[\u2010-\u2015\u2043\u2212]")
#: Control characters, and those that turn the direction of what stands around them.
_FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_PRC = re.compile("[0-9]{17}[0-9X]|[0-9]{15}")
_FACTORS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK: Final = "10X98765432"

#: Bytes of UTF-8.
MAX_ID: Final = 128
MAX_VALUE: Final = 512
MAX_FIELDS: Final = 4096


class BadValue(ValueError):
    """A cell that cannot be used: ``code`` is stable, the text one clause in English."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def canonical_id(text: str, kind: IdKind) -> str:
    """The one spelling under which an id is compared, tagged and looked up.

    NFKC; white space and characters of no width removed; dashes become "-"; upper case. Of kind
    "prc-id": 15 digits become 18, and the check character has to be right (GB 11643-1999).

    Raises:
        BadValue: there is none, or it is not what the kind asks for.
    """
    _whole(text)
    value = _WHITE.sub("", unicodedata.normalize("NFKC", text))
    value = _DASHES.sub("-", value).upper()
    if not value:
        raise BadValue("id-missing", "the id is missing")
    _printable(value)
    if kind == "prc-id":
        value = _resident(value)
    if len(value.encode()) > MAX_ID:
        raise BadValue("id-long", f"the id is longer than {MAX_ID} bytes")
    return value


def _resident(value: str) -> str:
    if not _PRC.fullmatch(value):
        raise BadValue("id-form", "an ID-card number has 18 characters (or 15 digits)")
    if len(value) == 15:
        value = f"{value[:6]}19{value[6:]}"
        return value + check_character(value)
    if check_character(value[:17]) != value[17]:
        raise BadValue("id-check", "the check character of the ID-card number is wrong")
    return value


def check_character(digits: str) -> str:
    """The 18th character over the first 17 digits: ISO 7064, MOD 11-2."""
    total = sum(int(digit) * factor for digit, factor in zip(digits, _FACTORS, strict=True))
    return _CHECK[total % 11]


def trimmed(text: str) -> str:
    """``text`` without white space at either end."""
    return _EDGES.sub("", text)


def public_value(text: str) -> str:
    """A published value: as written, without white space around it.

    Raises:
        BadValue: control characters, or too long.
    """
    _whole(text)
    value = trimmed(text)
    _printable(value)
    if len(value.encode()) > MAX_VALUE:
        raise BadValue("value-long", f"the value is longer than {MAX_VALUE} bytes")
    return value


def pool_value(text: str, pools: tuple[str, ...]) -> int:
    """Which of the pools is meant.

    Raises:
        BadValue: none of them.
    """
    _whole(text)
    value = trimmed(unicodedata.normalize("NFKC", text))
    if not value:
        raise BadValue("pool-missing", "the pool is missing")
    if value not in pools:
        raise BadValue("pool-unknown", "there is no such pool in this draw")
    return pools.index(value)


def weight_value(text: str, greatest: int) -> int:
    """The weight, a whole number from 1 to ``greatest``.

    Raises:
        BadValue: anything else.
    """
    _whole(text)
    value = trimmed(unicodedata.normalize("NFKC", text))
    if not value:
        raise BadValue("weight-missing", "the weight is missing")
    if not (value.isascii() and value.isdecimal()) or len(value) > 9:
        raise BadValue("weight-form", "the weight is not a whole number")
    if not 1 <= int(value) <= greatest:
        raise BadValue("weight-bounds", f"the weight must lie between 1 and {greatest}")
    return int(value)


def _whole(text: str) -> None:
    if _SURROGATE.search(text):
        raise BadValue("encoding", "these bytes are not text in the file's encoding")


def _printable(value: str) -> None:
    if _FORBIDDEN.search(value):
        raise BadValue("control", "control characters cannot stand in a list")


def masked(text: str) -> str:
    """An id that its owner recognises and nobody else learns."""
    if len(text) <= 4:
        return "*" * len(text)
    shown = 3 if len(text) >= 10 else 1
    return text[:shown] + "*" * (len(text) - 2 * shown) + text[-shown:]
