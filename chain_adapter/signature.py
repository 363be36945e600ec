"""Signatures as entries carry them: who, by which algorithm, which bytes. Present, not verified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from chain_adapter._fields import (
    KEY_ID,
    PLATFORM_ID,
    read_bytes,
    read_text,
    require,
    require_known,
)
from chain_adapter.errors import InvalidEntry

ROLES: Final = ("depositor", "platform")
ED25519: Final = "ed25519"
ECDSA: Final = "ecdsa-p256-sha256"
RSA: Final = "rsa-pkcs1-sha256"
#: Algorithm → shortest and longest signature, bytes. ECDSA is r ‖ s, 32 bytes each (as WebCrypto
#: writes it), RSA as long as its modulus of 2,048 to 4,096 bits.
LENGTHS: Final = {ED25519: (64, 64), ECDSA: (64, 64), RSA: (256, 512)}
#: Order of the group of P-256 (SEC 2 §2.4.2).
P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

_FIELDS: Final = frozenset(("role", "key_id", "algorithm", "value"))


@dataclass(frozen=True, slots=True, order=True)
class Signature:
    """``role`` is "platform" or "depositor"; ``key_id`` as in :mod:`chain_adapter.keys`;
    ``algorithm`` one of :data:`LENGTHS`, for the platform "ed25519".

    Of an ECDSA signature r ‖ s and its twin r ‖ n−s, which fits as well, only the one with the
    smaller s is well formed: nobody but the signer can make a second signature of the same thing.

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
        require(PLATFORM_ID if self.role == "platform" else KEY_ID, "signatures", self.key_id)
        lengths = LENGTHS.get(self.algorithm)
        if lengths is None or (self.algorithm != ED25519 and self.key_id.startswith(ED25519)):
            raise InvalidEntry("signatures", f"unknown algorithm {self.algorithm!r}")
        if not lengths[0] <= len(self.value) <= lengths[1]:
            raise InvalidEntry("signatures", f"{len(self.value)} bytes are no {self.algorithm}")
        if self.algorithm == ECDSA and not _low(self.value):
            raise InvalidEntry("signatures", "r or s is out of range, or s is the larger twin")

    def to_object(self) -> dict[str, str]:
        return {
            "role": self.role,
            "key_id": self.key_id,
            "algorithm": self.algorithm,
            "value": self.value.hex(),
        }


def low_s(value: bytes) -> bytes:
    """The twin with the smaller s of an ECDSA signature r ‖ s over P-256."""
    s = int.from_bytes(value[32:], "big")
    return value[:32] + min(s, P256_ORDER - s).to_bytes(32, "big")


def read_signatures(value: Any) -> tuple[Signature, ...]:
    """Signatures from an entry's JSON.

    Raises:
        InvalidEntry: naming the field.
    """
    if not isinstance(value, list):
        raise InvalidEntry("signatures", "must be a list")
    return tuple(_read(each) for each in value)


def _read(value: Any) -> Signature:
    if not isinstance(value, dict):
        raise InvalidEntry("signatures", "must be a list of objects")
    require_known(value, _FIELDS)
    return Signature(
        role=read_text(value, "role"),
        key_id=read_text(value, "key_id"),
        algorithm=read_text(value, "algorithm"),
        value=read_bytes(value, "value"),
    )


def _low(value: bytes) -> bool:
    r, s = int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big")
    return 0 < r < P256_ORDER and 0 < s <= P256_ORDER // 2
