"""Keys that sign entries, and the digest that stands for private metadata."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from chain_adapter.canonical import canonical_json
from chain_adapter.entry import Entry, Signature
from chain_adapter.keyfile import load_key, save_key

_META_CONTEXT: Final = b"notary/meta/v1\n"


def key_id_of(public: bytes) -> str:
    """The key id of a raw Ed25519 public key (32 bytes): it names its key and no other."""
    return "ed25519:" + hashlib.sha256(public).hexdigest()[:32]


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
        value = self._private.sign(entry.signed_bytes())
        return entry.with_signature(Signature(role, self.key_id, "ed25519", value))


def verify_signature(entry: Entry, signature: Signature, public: bytes) -> bool:
    """Whether ``signature`` over ``entry`` was made by ``public`` (32 raw bytes) and says so."""
    if signature.key_id != key_id_of(public):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature.value, entry.signed_bytes())
    except (InvalidSignature, ValueError):
        return False
    return True


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
