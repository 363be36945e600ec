"""What fields of entries, transactions and signatures may be, and how they are written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from chain_adapter._strict import require_fields
from chain_adapter.digest import Digest, InvalidDigest
from chain_adapter.errors import InvalidEntry

KIND: Final = re.compile(r"[a-z][a-z0-9._-]{0,63}", re.ASCII)
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}", re.ASCII)
#: A raw Ed25519 key, or a certificate; see :func:`chain_adapter.keys.key_id_of`.
KEY_ID: Final = re.compile(r"ed25519:[0-9a-f]{32}|x509:[0-9a-f]{64}", re.ASCII)
#: Platforms sign with Ed25519 alone: the same entry signed again is the same bytes.
PLATFORM_ID: Final = re.compile(r"ed25519:[0-9a-f]{32}", re.ASCII)


def canonical(value: Mapping[str, Any]) -> bytes:
    """RFC 8785 of texts in printable ASCII without quotes or backslashes, and small numbers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def require(pattern: re.Pattern[str], field: str, text: str) -> None:
    """Raises InvalidEntry, naming the field, for what is not of the form."""
    if pattern.fullmatch(text) is None:
        raise InvalidEntry(field, f"{text[:40]!r} is not of the form {pattern.pattern}")


def require_length(field: str, value: bytes, length: int) -> None:
    if len(value) != length:
        raise InvalidEntry(field, f"{length} bytes are needed, not {len(value)}")


def require_single(field: str, names: list[str]) -> None:
    for first, second in pairwise(names):
        if first == second:
            raise InvalidEntry(field, f"{first} occurs twice")


def require_known(value: dict[str, Any], fields: frozenset[str]) -> None:
    """Raises InvalidEntry naming the first field that is missing or unknown."""
    try:
        require_fields(value, fields)
    except KeyError as error:
        reason = "is missing" if error.args[0] in fields else "is unknown"
        raise InvalidEntry(str(error.args[0])[:40], reason) from error


def checked_digests(digests: tuple[Digest, ...]) -> tuple[Digest, ...]:
    """In order, one an algorithm, SHA-256 among them."""
    ordered = tuple(sorted(digests))
    require_single("digests", [digest.algorithm for digest in ordered])
    if not any(digest.algorithm == "sha256" for digest in ordered):
        raise InvalidEntry("digests", "a SHA-256 digest is always needed")
    return ordered


def read_text(value: dict[str, Any], field: str) -> str:
    text = value[field]
    if not isinstance(text, str):
        raise InvalidEntry(field, "must be text")
    return text


def read_bytes(value: dict[str, Any], field: str) -> bytes:
    try:
        return bytes.fromhex(read_text(value, field))
    except ValueError as error:
        raise InvalidEntry(field, "must be hexadecimal") from error


def read_digests(value: Any) -> tuple[Digest, ...]:
    if not isinstance(value, dict):
        raise InvalidEntry("digests", "must be an object")
    try:
        return tuple(Digest.parse(name, read_text(value, name)) for name in value)
    except InvalidDigest as error:
        raise InvalidEntry("digests", str(error)) from error
