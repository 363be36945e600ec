"""Keys that sign entries, and the digest that stands for private metadata."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_adapter.algorithms import fits, key_id_of
from chain_adapter.canonical import canonical_json
from chain_adapter.entry import Entry
from chain_adapter.keyfile import load_key, save_key
from chain_adapter.signature import ED25519, Signature
from chain_adapter.transaction import Transaction

__all__ = [
    "EntryKey",
    "key_id_of",
    "meta_digest",
    "verify_request",
    "verify_signature",
    "verify_transaction",
]

_META_CONTEXT: Final = b"notary/meta/v1\n"
#: Prefixed to a request before signing: its signature is never one of an entry.
_REQUEST_CONTEXT: Final = b"notary/request/v1\n"


class EntryKey:
    """An Ed25519 key that signs entries for the platform or for a depositor."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public: Final = private.public_key().public_bytes_raw()
        self.key_id: Final = key_id_of(self.public)

    @classmethod
    def generate(cls) -> EntryKey:
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path, passphrase: str | None = None) -> EntryKey:
        """Read a key file; errors as in :func:`chain_adapter.keyfile.load_key`."""
        return cls(load_key(path, passphrase))

    def save(self, path: Path, passphrase: str | None = None) -> None:
        """Write the key file with mode 0600; an existing one is never overwritten."""
        save_key(path, self._private, passphrase)

    def sign(self, entry: Entry, role: str = "platform") -> Entry:
        """The entry with this key's signature. Ed25519 is deterministic: signing the same entry
        again gives the same bytes, which is what makes a retried append the same append."""
        value = self._private.sign(entry.signed_bytes(role))
        return entry.with_signature(Signature(role, self.key_id, ED25519, value))

    def sign_transaction(self, transaction: Transaction) -> Signature:
        """The depositor's signature of ``transaction``, which must name this key in ``by``."""
        if transaction.by != self.key_id:
            raise ValueError(f"{transaction.by} has to sign this, not {self.key_id}")
        value = self._private.sign(transaction.bytes())
        return Signature("depositor", self.key_id, ED25519, value)

    def sign_request(self, statement: bytes) -> bytes:
        """64 bytes: this key asks a deposit node for what ``statement`` says."""
        return self._private.sign(_REQUEST_CONTEXT + statement)


def verify_request(public: bytes, statement: bytes, signature: bytes) -> bool:
    """Whether the owner of ``public`` (32 raw bytes) asks for what ``statement`` says."""
    return fits(public, ED25519, signature, _REQUEST_CONTEXT + statement)


def verify_signature(entry: Entry, signature: Signature, key: bytes) -> bool:
    """Whether ``signature`` over ``entry`` was made by ``key`` (32 raw bytes of Ed25519, or the DER
    of a certificate) and says so."""
    if signature.key_id != key_id_of(key):
        return False
    return fits(key, signature.algorithm, signature.value, entry.signed_bytes(signature.role))


def verify_transaction(transaction: Transaction, signature: Signature, key: bytes) -> bool:
    """Whether ``signature`` is that of the depositor whom ``transaction`` names, by ``key``."""
    if signature.role != "depositor" or not signature.key_id == transaction.by == key_id_of(key):
        return False
    return fits(key, signature.algorithm, signature.value, transaction.bytes())


def meta_digest(salt: bytes, metadata: Mapping[str, Any]) -> bytes:
    """``SHA256("notary/meta/v1\\n" ‖ salt ‖ RFC 8785(metadata))``, 32 bytes.

    ``salt`` is 32 random bytes kept with the metadata: without it a guessable name or file name
    could be tried against the public ledger.

    Raises:
        ValueError: a salt of another length, or metadata that RFC 8785 cannot express.
    """
    if len(salt) != 32:
        raise ValueError(f"a salt has 32 bytes, not {len(salt)}")
    return hashlib.sha256(_META_CONTEXT + salt + canonical_json(dict(metadata))).digest()
