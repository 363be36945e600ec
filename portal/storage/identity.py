"""The vault's key: an ordinary age identity file, so that ``age -d -i FILE`` can rescue content.

With a passphrase the file is itself age-encrypted (scrypt), exactly as ``age -p`` writes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import pyrage
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from portal.storage import bech32

_PREFIX: Final = "age-secret-key-"
_ENCRYPTED: Final = b"age-encryption.org/v1\n"


class WrongPassphrase(ValueError):
    """The identity file is encrypted, and the passphrase given does not open it."""


@dataclass(frozen=True)
class VaultIdentity:
    """An X25519 key pair; ``recipient`` is what people may know."""

    private: X25519PrivateKey
    recipient: str

    @classmethod
    def generate(cls) -> VaultIdentity:
        return cls._of(str(pyrage.x25519.Identity.generate()))

    @classmethod
    def from_file(cls, data: bytes, passphrase: str | None = None) -> VaultIdentity:
        """Read the bytes of an identity file.

        Raises:
            WrongPassphrase: encrypted, and ``passphrase`` is absent or wrong.
            ValueError: not an identity file.
        """
        if data.startswith(_ENCRYPTED):
            try:
                data = pyrage.passphrase.decrypt(data, passphrase or "")
            except pyrage.DecryptError as error:
                raise WrongPassphrase(
                    "the vault's key is encrypted and KEY_PASSPHRASE does not open it"
                ) from error
        for line in data.decode("ascii", "replace").splitlines():
            if line and not line.startswith("#"):
                return cls._of(line.strip())
        raise ValueError("this file holds no age identity")

    def to_file(self, passphrase: str | None = None) -> bytes:
        """The bytes of an identity file, encrypted when there is a passphrase."""
        secret = bech32.encode(_PREFIX, self.private.private_bytes_raw()).upper()
        created = datetime.now(UTC).isoformat(timespec="seconds")
        text = f"# created: {created}\n# public key: {self.recipient}\n{secret}\n".encode()
        return pyrage.passphrase.encrypt(text, passphrase) if passphrase else text

    @classmethod
    def _of(cls, secret: str) -> VaultIdentity:
        prefix, raw = bech32.decode(secret)
        if prefix != _PREFIX:
            raise ValueError("this is no age X25519 identity")
        private = X25519PrivateKey.from_private_bytes(raw)
        recipient = bech32.encode("age", private.public_key().public_bytes_raw())
        return cls(private, recipient)
