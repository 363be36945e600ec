"""RFC 8785 for the documents of draws, which know no floating point.

For text, whole numbers, true, false, null, lists and objects with ASCII names the standard encoder
writes the same bytes (§3.2.2.2, §3.2.3); a result of 200,000 positions would take seconds
otherwise.
"""

from __future__ import annotations

import json
from typing import Any, Final

#: §3.2.2.3: whole numbers that a double holds exactly.
EXACT: Final = 2**53 - 1
_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False
)
_DEPTH: Final = 32


def canonical(value: dict[str, Any]) -> bytes:
    """The one encoding of ``value``.

    Raises:
        ValueError: floating point, a number beyond 2⁵³−1, names beyond ASCII, lone surrogates, or
            nested too deeply.
    """
    _check(value, _DEPTH)
    return _ENCODER.encode(value).encode("utf-8")


def read(data: bytes, limit: int) -> dict[str, Any]:
    """Parse ``data``, at most ``limit`` bytes, that must be the canonical form of itself.

    Raises:
        ValueError: anything else; the sentence says what.
    """
    if len(data) > limit:
        raise ValueError(f"{len(data)} bytes are more than the {limit} allowed")
    try:
        value = json.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError("not JSON in UTF-8") from error
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    if canonical(value) != data:
        raise ValueError("not in canonical form (RFC 8785)")
    return value


def _check(value: Any, depth: int) -> None:
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return
    if kind is int:
        if not -EXACT <= value <= EXACT:
            raise ValueError("a number beyond 2^53-1")
        return
    if depth == 0:
        raise ValueError("nested too deeply")
    if kind is list:
        _check_list(value, depth)
    elif kind is dict:
        for name, each in value.items():
            if type(name) is not str or not name.isascii():
                raise ValueError("a name that is not ASCII")
            _check(each, depth - 1)
    else:
        raise ValueError(f"a value of the kind {kind.__name__}")


def _check_list(value: list[Any], depth: int) -> None:
    if {type(each) for each in value} == {int}:  # positions of winners: many, and alike
        if not (min(value) >= -EXACT and max(value) <= EXACT):
            raise ValueError("a number beyond 2^53-1")
        return
    for each in value:
        _check(each, depth - 1)
