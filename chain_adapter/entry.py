"""The ledger entry: what is written down for ever, and nothing personal in it.

An entry is RFC 8785 JSON with nine fields::

    v           1
    kind        what happened: "deposit", "capture", "draw.list", …
    id          the platform's identifier of the thing, unique within its kind
    digests     algorithm → hexadecimal digest; SHA-256 always
    token       SHA-256 of the RFC 3161 token's DER, hexadecimal
    meta        salted digest of the canonical metadata (see ``keys.meta_digest``)
    by          the depositor's key id, or the platform's opaque identifier of the depositor
    platform    key id of the platform that vouches for the entry
    signatures  platform's and, when they hold a key, depositor's: role, key_id, algorithm, value

All texts are printable ASCII without quotes or backslashes, so that Python's ``json`` writes
exactly what RFC 8785 prescribes (sorted keys, no white space, no escapes) at a quarter of the cost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

from chain_adapter._strict import read_object, require_fields
from chain_adapter.digest import Digest, InvalidDigest
from chain_adapter.errors import InvalidEntry

#: No well-formed entry is longer, in bytes. C2SP entry bundles allow 65,535.
MAX_ENTRY: Final = 4096
#: Prefixed to the body before signing: a signature of an entry is never one of something else.
SIGNING_CONTEXT: Final = b"notary/entry/v1\n"
ROLES: Final = ("depositor", "platform")

_FIELDS: Final = frozenset(
    ("v", "kind", "id", "digests", "token", "meta", "by", "platform", "signatures")
)
_SIGNATURE_FIELDS: Final = frozenset(("role", "key_id", "algorithm", "value"))
_KIND: Final = re.compile(r"[a-z][a-z0-9._-]{0,63}", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}", re.ASCII)
_KEY_ID: Final = re.compile(r"ed25519:[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Signature:
    """``role`` is "platform" or "depositor"; ``key_id`` as in :mod:`chain_adapter.keys`;
    ``algorithm`` "ed25519"; ``value`` 64 bytes.

    Raises:
        InvalidEntry: naming the field.
    """

    role: str
    key_id: str
    algorithm: str
    value: bytes

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise InvalidEntry("signatures", f"unknown role {self.role!r}")
        _require(_KEY_ID, "signatures", self.key_id)
        if self.algorithm != "ed25519":
            raise InvalidEntry("signatures", f"unknown algorithm {self.algorithm!r}")
        _require_length("signatures", self.value, 64)


@dataclass(frozen=True, slots=True)
class Entry:
    """``token`` and ``meta`` are 32 raw bytes each. ``digests`` and ``signatures`` are kept in
    order, at most one digest an algorithm and one signature a role.

    Raises:
        InvalidEntry: naming the field.
    """

    kind: str
    id: str
    digests: tuple[Digest, ...]
    token: bytes
    meta: bytes
    by: str
    platform: str
    signatures: tuple[Signature, ...] = ()

    def __post_init__(self) -> None:
        _require(_KIND, "kind", self.kind)
        _require(_NAME, "id", self.id)
        _require_length("token", self.token, 32)
        _require_length("meta", self.meta, 32)
        _require(_NAME, "by", self.by)
        _require(_KEY_ID, "platform", self.platform)
        object.__setattr__(self, "digests", tuple(sorted(self.digests)))
        object.__setattr__(self, "signatures", tuple(sorted(self.signatures)))
        _require_single("digests", [digest.algorithm for digest in self.digests])
        _require_single("signatures", [signature.role for signature in self.signatures])
        if not any(digest.algorithm == "sha256" for digest in self.digests):
            raise InvalidEntry("digests", "a SHA-256 digest is always needed")

    @property
    def key(self) -> str:
        """The idempotency key. A kind holds no colon, so no two pairs share a key."""
        return f"{self.kind}:{self.id}"

    def signature(self, role: str) -> Signature | None:
        """The signature of this role, if there is one. Present is not verified."""
        return next((each for each in self.signatures if each.role == role), None)

    def with_signature(self, signature: Signature) -> Entry:
        """The same entry with one more signature.

        Raises:
            InvalidEntry: this role has signed already.
        """
        return replace(self, signatures=(*self.signatures, signature))

    def body(self) -> bytes:
        """RFC 8785 of everything but the signatures."""
        return _canonical(self._body())

    def signed_bytes(self) -> bytes:
        """What every signature of this entry signs."""
        return SIGNING_CONTEXT + self.body()

    def encode(self) -> bytes:
        """RFC 8785 of everything: the bytes the ledger records and hashes."""
        signatures = [
            {
                "role": each.role,
                "key_id": each.key_id,
                "algorithm": each.algorithm,
                "value": each.value.hex(),
            }
            for each in self.signatures
        ]
        return _canonical({**self._body(), "signatures": signatures})

    @classmethod
    def decode(cls, data: bytes) -> Entry:
        """Read an entry; exactly what :meth:`encode` writes, nothing more lenient.

        Raises:
            InvalidEntry: naming the field; ``encoding`` when the bytes are not canonical.
        """
        try:
            value = read_object(data, MAX_ENTRY)
        except ValueError as error:
            raise InvalidEntry("encoding", str(error)) from error
        _require_known(value, _FIELDS)
        if value["v"] != 1:
            raise InvalidEntry("v", "only version 1 is known")
        entry = cls(
            kind=_text(value, "kind"),
            id=_text(value, "id"),
            digests=_digests(value["digests"]),
            token=_bytes(value, "token"),
            meta=_bytes(value, "meta"),
            by=_text(value, "by"),
            platform=_text(value, "platform"),
            signatures=_signatures(value["signatures"]),
        )
        if entry.encode() != data:
            raise InvalidEntry("encoding", "not in canonical form (RFC 8785)")
        return entry

    def _body(self) -> dict[str, Any]:
        return {
            "v": 1,
            "kind": self.kind,
            "id": self.id,
            "digests": {each.algorithm: each.hex for each in self.digests},
            "token": self.token.hex(),
            "meta": self.meta.hex(),
            "by": self.by,
            "platform": self.platform,
        }


def _canonical(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def _require(pattern: re.Pattern[str], field: str, text: str) -> None:
    if pattern.fullmatch(text) is None:
        raise InvalidEntry(field, f"{text[:40]!r} is not of the form {pattern.pattern}")


def _require_length(field: str, value: bytes, length: int) -> None:
    if len(value) != length:
        raise InvalidEntry(field, f"{length} bytes are needed, not {len(value)}")


def _require_single(field: str, names: list[str]) -> None:
    for first, second in pairwise(names):
        if first == second:
            raise InvalidEntry(field, f"{first} occurs twice")


def _require_known(value: dict[str, Any], fields: frozenset[str]) -> None:
    try:
        require_fields(value, fields)
    except KeyError as error:
        reason = "is missing" if error.args[0] in fields else "is unknown"
        raise InvalidEntry(str(error.args[0])[:40], reason) from error


def _text(value: dict[str, Any], field: str) -> str:
    text = value[field]
    if not isinstance(text, str):
        raise InvalidEntry(field, "must be text")
    return text


def _bytes(value: dict[str, Any], field: str) -> bytes:
    try:
        return bytes.fromhex(_text(value, field))
    except ValueError as error:
        raise InvalidEntry(field, "must be hexadecimal") from error


def _digests(value: Any) -> tuple[Digest, ...]:
    if not isinstance(value, dict):
        raise InvalidEntry("digests", "must be an object")
    try:
        return tuple(Digest.parse(name, _text(value, name)) for name in value)
    except InvalidDigest as error:
        raise InvalidEntry("digests", str(error)) from error


def _signatures(value: Any) -> tuple[Signature, ...]:
    if not isinstance(value, list):
        raise InvalidEntry("signatures", "must be a list")
    return tuple(_signature_list(value))


def _signature_list(value: list[Any]) -> Iterable[Signature]:
    for each in value:
        if not isinstance(each, dict):
            raise InvalidEntry("signatures", "must be a list of objects")
        _require_known(each, _SIGNATURE_FIELDS)
        yield Signature(
            role=_text(each, "role"),
            key_id=_text(each, "key_id"),
            algorithm=_text(each, "algorithm"),
            value=_bytes(each, "value"),
        )
