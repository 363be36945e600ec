"""Reading the consortium's JSON: canonical, bounded, each field with its shape."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NoReturn

import rfc8785

from chain_adapter._strict import read_object, require_fields
from chain_adapter.consortium.refusals import Refused

#: What a ledger's supplement may carry.
MAX_CONTENT: Final = 64 * 1024
ZERO: Final = bytes(32)
_HEX: Final = re.compile(r"[0-9a-f]*", re.ASCII)
_ADDRESS: Final = re.compile(r"0x[0-9a-f]{40}", re.ASCII)


def wrong(what: str) -> NoReturn:
    raise Refused("malformed", what)


def canonical_object(data: bytes, fields: frozenset[str]) -> dict[str, Any]:
    """Read RFC 8785 with exactly these fields and ``v`` 1.

    Raises:
        Refused: malformed.
    """
    value = any_object(data)
    require(value, fields)
    return value


def any_object(data: bytes) -> dict[str, Any]:
    """Read RFC 8785 of whatever fields, ``v`` 1.

    Raises:
        Refused: malformed.
    """
    try:
        value = read_object(data, MAX_CONTENT)
        canonical = rfc8785.dumps(value)
    except (ValueError, rfc8785.CanonicalizationError, RecursionError) as error:
        raise Refused("malformed", str(error)) from error
    if canonical != data:
        wrong("not canonical JSON")
    if value.get("v") != 1 or isinstance(value["v"], bool):
        wrong("only version 1 is known")
    return value


def require(value: object, fields: frozenset[str]) -> dict[str, Any]:
    """``value`` as an object with exactly ``fields``."""
    if not isinstance(value, dict):
        wrong("an object is needed")
    try:
        require_fields(value, fields)
    except KeyError as error:
        raise Refused("malformed", f"field {error.args[0]!r}") from error
    return value


def text(value: Mapping[str, Any], name: str, most: int = 200, *, empty: bool = False) -> str:
    """Printable text of at most ``most`` characters."""
    found = value[name]
    if not isinstance(found, str) or len(found) > most or not (found or empty):
        wrong(f"{name} is a text of at most {most} characters")
    if not all(character.isprintable() for character in found):
        wrong(f"{name} holds characters that cannot be printed")
    return found


def named(value: Mapping[str, Any], name: str, known: Mapping[str, int]) -> int:
    """The number that ``known`` gives to a word."""
    found = value[name]
    if not isinstance(found, str) or found not in known:
        wrong(f"{name} is one of {', '.join(known)}")
    return known[found]


def number(value: Mapping[str, Any], name: str, most: int) -> int:
    """A whole number from 0 to ``most``."""
    found = value[name]
    if type(found) is not int or not 0 <= found <= most:
        wrong(f"{name} is a whole number up to {most}")
    return found


def fixed(value: Mapping[str, Any], name: str, size: int) -> bytes:
    """Lower-case hexadecimal of ``size`` bytes."""
    found = value[name]
    if not isinstance(found, str) or len(found) != 2 * size or not _HEX.fullmatch(found):
        wrong(f"{name} has {2 * size} hexadecimal digits")
    return bytes.fromhex(found)


def address(value: Mapping[str, Any], name: str) -> bytes:
    """``0x`` and 40 lower-case digits, as 20 bytes."""
    found = value[name]
    if not isinstance(found, str) or not _ADDRESS.fullmatch(found):
        wrong(f"{name} is an address: 0x and 40 lower-case digits")
    return bytes.fromhex(found[2:])


def shown(found: bytes) -> str:
    """An address as it is written."""
    return "0x" + found.hex()


def objects(value: Mapping[str, Any], name: str, most: int) -> list[Any]:
    """A list of at most ``most``."""
    found = value[name]
    if not isinstance(found, list) or len(found) > most:
        wrong(f"{name} is a list of at most {most}")
    return found


def bits(names: object, known: Mapping[str, int]) -> int:
    """The bits of names, each once, in the order of ``known``."""
    if not isinstance(names, list) or not all(each in known for each in map(str, names)):
        wrong(f"a list of {', '.join(known)} is needed")
    found = sum({known[each] for each in names})
    if names != names_of(found, known):
        wrong(f"names stand once each, in the order {', '.join(known)}")
    return found


def names_of(found: int, known: Mapping[str, int]) -> list[str]:
    return [name for name, bit in known.items() if found & bit]


def all_different(values: Iterable[object]) -> bool:
    listed = list(values)
    return len(set(listed)) == len(listed)
