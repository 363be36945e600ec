"""Reading and writing JSON that has exactly one encoding.

What is hashed or compared must not have two spellings. Everything read here is therefore encoded
again and compared byte for byte: white space, other key orders, repeated keys, ``\\u`` escapes and
``1.0`` for ``1`` all fall to that one comparison.
"""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any


def read_object(data: bytes, limit: int) -> dict[str, Any]:
    """Parse ``data`` (at most ``limit`` bytes) as one JSON object.

    Raises:
        ValueError: too large, not UTF-8, not JSON, or not an object.
    """
    if len(data) > limit:
        raise ValueError(f"{len(data)} bytes are more than the {limit} allowed")
    try:
        value = json.loads(data.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def require_fields(value: Mapping[str, Any], fields: frozenset[str]) -> None:
    """Raise ``KeyError`` naming the first field (alphabetically) that is missing or unknown."""
    for name in sorted(fields ^ value.keys()):
        raise KeyError(name)


def unbase64(text: str) -> bytes:
    """Decode RFC 4648 §4 base64 in its one canonical spelling.

    Raises:
        ValueError: other alphabets, missing padding, or padding bits that are not zero.
    """
    try:
        data = b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise ValueError("not base64") from error
    if base64(data) != text:
        raise ValueError("base64 with stray bits")
    return data


def base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def decimal(text: str) -> int:
    """A non-negative ASCII decimal without leading zeroes, below 2⁶³.

    Raises:
        ValueError: anything else.
    """
    digits = text.isascii() and text.isdigit()
    if not digits or len(text) > 19 or (text[0] == "0" and len(text) > 1):
        raise ValueError(f"{text[:24]!r} is not a decimal number without leading zeroes")
    number = int(text)
    if number >= 2**63:
        raise ValueError(f"{text} is too large")
    return number
