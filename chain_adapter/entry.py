"""The ledger entry: what is written down for ever, and nothing personal in it.

An entry is RFC 8785 JSON with nine fields, or ten::

    v           1
    kind        what happened: "deposit", "capture", "draw.list", …
    id          the identifier of the thing, unique within its kind
    digests     algorithm → hexadecimal digest; SHA-256 always
    token       SHA-256 of the RFC 3161 token's DER, hexadecimal
    meta        salted digest of the canonical metadata (see ``keys.meta_digest``)
    data        root of the data tree, hexadecimal; absent when the content was not cut up
    by          the depositor's key id, or the platform's opaque identifier of the depositor
    platform    key id of the platform that vouches for the entry
    signatures  platform's and, when they hold a key, depositor's: role, key_id, algorithm, value

The platform signs the body, which is everything but the signatures. The depositor signs the
:class:`~chain_adapter.transaction.Transaction`, which is what exists before the token does.

All texts are printable ASCII without quotes or backslashes, so that Python's ``json`` writes
exactly what RFC 8785 prescribes (sorted keys, no white space, no escapes) at a quarter of the cost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from chain_adapter._fields import (
    KEY_ID,
    KIND,
    NAME,
    PLATFORM_ID,
    canonical,
    checked_digests,
    read_bytes,
    read_digests,
    read_text,
    require,
    require_known,
    require_length,
    require_single,
)
from chain_adapter._strict import read_object
from chain_adapter.digest import Digest
from chain_adapter.errors import InvalidEntry
from chain_adapter.signature import ROLES, Signature, read_signatures
from chain_adapter.transaction import Transaction

__all__ = ["MAX_ENTRY", "ROLES", "SIGNING_CONTEXT", "Entry", "Signature", "Transaction"]

#: No well-formed entry is longer, in bytes. C2SP entry bundles allow 65,535.
MAX_ENTRY: Final = 4096
#: Prefixed to the body before signing: a signature of an entry is never one of something else.
SIGNING_CONTEXT: Final = b"notary/entry/v1\n"

_FIELDS: Final = frozenset(
    ("v", "kind", "id", "digests", "token", "meta", "by", "platform", "signatures")
)


@dataclass(frozen=True, slots=True)
class Entry:
    """``token``, ``meta`` and, if there is one, ``data`` are 32 raw bytes each. ``digests`` and
    ``signatures`` are kept in order, at most one digest an algorithm and one signature a role.

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
    data: bytes | None = None

    def __post_init__(self) -> None:
        require(KIND, "kind", self.kind)
        require(NAME, "id", self.id)
        require_length("token", self.token, 32)
        require_length("meta", self.meta, 32)
        require(NAME, "by", self.by)
        require(PLATFORM_ID, "platform", self.platform)
        if self.data is not None:
            require_length("data", self.data, 32)
        object.__setattr__(self, "digests", checked_digests(self.digests))
        object.__setattr__(self, "signatures", tuple(sorted(self.signatures)))
        require_single("signatures", [signature.role for signature in self.signatures])

    @property
    def key(self) -> str:
        """The idempotency key. A kind holds no colon, so no two pairs share a key."""
        return f"{self.kind}:{self.id}"

    @property
    def cosigned(self) -> bool:
        """Whether ``by`` names a key: then its signature has to be there."""
        return KEY_ID.fullmatch(self.by) is not None

    def signature(self, role: str) -> Signature | None:
        """The signature of this role, if there is one. Present is not verified."""
        return next((each for each in self.signatures if each.role == role), None)

    def with_signature(self, signature: Signature) -> Entry:
        """The same entry with one more signature.

        Raises:
            InvalidEntry: this role has signed already.
        """
        return replace(self, signatures=(*self.signatures, signature))

    def transaction(self) -> Transaction:
        """What the depositor agreed to."""
        return Transaction(self.kind, self.id, self.digests, self.by, self.platform)

    def body(self) -> bytes:
        """RFC 8785 of everything but the signatures."""
        return canonical(self._body())

    def signed_bytes(self, role: str = "platform") -> bytes:
        """What the signature of this role signs."""
        if role == "depositor":
            return self.transaction().bytes()
        return SIGNING_CONTEXT + self.body()

    def encode(self) -> bytes:
        """RFC 8785 of everything: the bytes the ledger records and hashes."""
        signatures = [each.to_object() for each in self.signatures]
        return canonical({**self._body(), "signatures": signatures})

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
        with_data = "data" in value
        require_known(value, _FIELDS | {"data"} if with_data else _FIELDS)
        if value["v"] != 1:
            raise InvalidEntry("v", "only version 1 is known")
        entry = cls(
            kind=read_text(value, "kind"),
            id=read_text(value, "id"),
            digests=read_digests(value["digests"]),
            token=read_bytes(value, "token"),
            meta=read_bytes(value, "meta"),
            by=read_text(value, "by"),
            platform=read_text(value, "platform"),
            signatures=read_signatures(value["signatures"]),
            data=read_bytes(value, "data") if with_data else None,
        )
        if entry.encode() != data:
            raise InvalidEntry("encoding", "not in canonical form (RFC 8785)")
        return entry

    def _body(self) -> dict[str, Any]:
        body = {
            "v": 1,
            "kind": self.kind,
            "id": self.id,
            "digests": {each.algorithm: each.hex for each in self.digests},
            "token": self.token.hex(),
            "meta": self.meta.hex(),
            "by": self.by,
            "platform": self.platform,
        }
        return body if self.data is None else body | {"data": self.data.hex()}
