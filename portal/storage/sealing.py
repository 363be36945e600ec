"""Small secrets kept in the database: AES-256-GCM under a key drawn from the vault's identity.

Each ciphertext is bound to its place (a purpose and an owner), so that a row copied to another
person's place does not open there. Losing the vault's identity loses these secrets too.
"""

from __future__ import annotations

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portal.storage.identity import VaultIdentity

_INFO: Final = b"notary/accounts/v1"
_VERSION: Final = b"\x01"
#: NIST SP 800-38D §5.2.1.1: 96 bits, random; far fewer than 2^32 sealings under one key
_NONCE: Final = 12


class Unsealable(ValueError):
    """Damaged, of another place, or sealed under another key."""


class Box:
    """Seals and opens. Safe for threads."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    @classmethod
    def of(cls, identity: VaultIdentity) -> Box:
        """The box whose key follows from the vault's identity (HKDF, RFC 5869)."""
        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=_INFO)
        return cls(derive.derive(identity.private.private_bytes_raw()))

    def seal(self, plain: bytes, purpose: str, owner: str) -> bytes:
        """``plain``, encrypted for this one place."""
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, _place(purpose, owner))

    def open(self, sealed: bytes, purpose: str, owner: str) -> bytes:
        """What was sealed for this place.

        Raises:
            Unsealable: it was not, or it was changed since.
        """
        nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        if sealed[:1] != _VERSION or len(nonce) != _NONCE:
            raise Unsealable("not a sealed secret of this portal")
        try:
            return self._cipher.decrypt(nonce, body, _place(purpose, owner))
        except InvalidTag as error:
            raise Unsealable("damaged, moved, or sealed under another key") from error


def _place(purpose: str, owner: str) -> bytes:
    return f"{purpose}\n{owner}".encode()
