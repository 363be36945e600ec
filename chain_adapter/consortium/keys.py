"""Keys of the consortium: secp256k1, signatures of 64 bytes (r ‖ s) with s in the lower half.

A signature carries no recovery bit, so it has one spelling alone. An address is the last 20 bytes
of the Keccak-256 of the public key, as on EVM chains; a signature is always judged against the
signer it names.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Final

import coincurve

from chain_adapter.consortium.keccak import keccak
from chain_adapter.durable import write_new
from chain_adapter.errors import Fatal

#: The order of the group.
ORDER: Final = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
HALF: Final = ORDER // 2
_REMEMBERED: Final = 4096
_HEX: Final = re.compile(r"(0x)?[0-9a-f]{64}", re.ASCII)


class SigningKey:
    """A private key."""

    def __init__(self, private: coincurve.PrivateKey) -> None:
        self._private = private
        self.address: Final = address_of(private.public_key)

    @classmethod
    def generate(cls) -> SigningKey:
        return cls(coincurve.PrivateKey())

    @classmethod
    def of(cls, secret: bytes) -> SigningKey:
        """The key with these 32 bytes.

        Raises:
            ValueError: they are no private key.
        """
        return cls(coincurve.PrivateKey(secret))

    @classmethod
    def load(cls, path: Path) -> SigningKey:
        """Read a key file: 64 hexadecimal digits.

        Raises:
            FileNotFoundError: no such file.
            Fatal: others may read it, or it is no key.
        """
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            raise Fatal(f"the key {path} may be read by others (mode {mode:o}): chmod 600 {path}")
        text = path.read_text().strip().lower()
        try:
            if not _HEX.fullmatch(text):
                raise ValueError("not 64 hexadecimal digits")
            return cls.of(bytes.fromhex(text.removeprefix("0x")))
        except ValueError as error:
            raise Fatal(f"{path} is no secp256k1 key: {error}") from error

    def save(self, path: Path) -> None:
        """Write the key file with mode 0600.

        Raises:
            FileExistsError: a key is never overwritten.
        """
        write_new(path, self._private.secret.hex().encode() + b"\n", mode=0o600)

    def sign(self, digest: bytes) -> bytes:
        """64 bytes; the same digest gives the same signature (RFC 6979)."""
        return bytes(self._private.sign_recoverable(digest, hasher=None)[:64])


def address_of(public: coincurve.PublicKey) -> bytes:
    """20 bytes."""
    return keccak(public.format(compressed=False)[1:])[12:]


class Judge:
    """Judges signatures, and remembers the public keys behind addresses it has met: the second
    signature of an authority costs a verification, the first a recovery."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, coincurve.PublicKey] = OrderedDict()
        self._lock = Lock()

    def fits(self, signer: bytes, digest: bytes, signature: bytes, *, keep: bool = True) -> bool:
        """Whether ``signature`` (64 bytes, low s) over ``digest`` was made by ``signer``. ``keep``
        says that this signer is likely to come again."""
        known = self._known.get(signer)
        if known is not None:
            return known.verify(_der(signature), digest, hasher=None)
        for bit in (b"\0", b"\1"):
            public = _recovered(signature + bit, digest)
            if public is not None and address_of(public) == signer:
                if keep:
                    self._remember(signer, public)
                return True
        return False

    def _remember(self, signer: bytes, public: coincurve.PublicKey) -> None:
        with self._lock:
            self._known[signer] = public
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)


def _recovered(signature: bytes, digest: bytes) -> coincurve.PublicKey | None:
    try:
        return coincurve.PublicKey.from_signature_and_message(signature, digest, hasher=None)
    except Exception:  # noqa: BLE001 - the library raises nothing narrower when there is no such key
        return None


def is_high(signature: bytes) -> bool:
    """Whether s (the last 32 of 64 bytes) lies in the upper half (EIP-2)."""
    return int.from_bytes(signature[32:], "big") > HALF


def _der(signature: bytes) -> bytes:
    """r ‖ s as the ASN.1 sequence that the library reads."""
    parts = b"".join(_integer(half) for half in (signature[:32], signature[32:]))
    return b"\x30" + bytes([len(parts)]) + parts


def _integer(half: bytes) -> bytes:
    value = half.lstrip(b"\0") or b"\0"
    if value[0] & 0x80:
        value = b"\0" + value
    return b"\x02" + bytes([len(value)]) + value
