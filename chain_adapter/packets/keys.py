"""The keys of one content's packets, and the ciphers under them.

Nonces are counters, so a key must never serve two contents: both keys are drawn at random for each
content. The last stripe's nonce is marked (as in age's STREAM), so that cutting off stripes shows.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

#: Bytes that AES-256-GCM adds (NIST SP 800-38D, the full tag).
TAG: Final = 16
_LABEL: Final = b"notary/packets/v1/"


@dataclass(frozen=True, slots=True)
class PacketKeys:
    """``content`` encrypts what is cut. ``sealing``, when there is one, encrypts each packet once
    more, under a key of its own for its number and node: whoever learns the one key still lacks
    the other. 32 bytes each, never used for a second content.

    Raises:
        ValueError: a key of another length.
    """

    content: bytes = field(repr=False)
    sealing: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for key in (self.content, self.sealing):
            if key is not None and len(key) != 32:
                raise ValueError(f"a key has 32 bytes, not {len(key)}")

    @classmethod
    def generate(cls, *, sealed: bool = False) -> PacketKeys:
        """Fresh keys for one content."""
        return cls(secrets.token_bytes(32), secrets.token_bytes(32) if sealed else None)

    @property
    def set_id(self) -> bytes:
        """Names the packets of one content, 32 bytes. It follows from the content key and so also
        tells whether a key is the right one, which GCM by itself does not."""
        return _derive(self.content, b"set")

    def content_cipher(self) -> StripeCipher:
        return StripeCipher(_derive(self.content, b"content"))

    def packet_cipher(self, number: int, node: str) -> StripeCipher | None:
        """The second cipher of packet ``number`` at ``node``; None when there is none."""
        if self.sealing is None:
            return None
        place = b"packet\n" + self.set_id + number.to_bytes(2, "big") + node.encode()
        return StripeCipher(_derive(self.sealing, place))


class StripeCipher:
    """AES-256-GCM over stripe after stripe, counted from 0."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def encrypt(self, stripe: int, plain: bytes | memoryview, *, last: bool) -> bytes:
        return self._cipher.encrypt(_nonce(stripe, last), plain, None)

    def decrypt(self, stripe: int, sealed: bytes | memoryview, *, last: bool) -> bytes:
        """Raises cryptography.exceptions.InvalidTag: not what was encrypted here."""
        return self._cipher.decrypt(_nonce(stripe, last), sealed, None)


def _nonce(stripe: int, last: bool) -> bytes:
    return stripe.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


def _derive(secret: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, None, _LABEL + info).derive(secret)
