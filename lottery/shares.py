"""Verifiable secret sharing of a party's seed (Feldman's scheme over edwards25519).

A party's secret is the constant term of a polynomial of degree t−1 whose coefficients are bound by
points of the curve. Any t holders recover it; each can check its share against the points.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from lottery.errors import BadShare
from lottery.verifier import IDENTITY, L, add, decode_point, encode_point, multiply, multiply_base
from lottery.verifier import Point as Point

_NONCE = bytes(12)


def derive(master: bytes, info: bytes, size: int = 32) -> bytes:
    """HKDF-SHA256 with an empty salt (RFC 5869)."""
    return HKDF(hashes.SHA256(), size, salt=None, info=info).derive(master)


def bound(draw_hash: str, attempt: int) -> bytes:
    """What ties a value to one draw and attempt: draw_hash ‖ u32 attempt."""
    return bytes.fromhex(draw_hash) + attempt.to_bytes(4, "big")


def named(party: str) -> bytes:
    """SHA-256 of a party's id."""
    return hashlib.sha256(party.encode("utf-8")).digest()


def coefficients(master: bytes, draw_hash: str, attempt: int, threshold: int) -> tuple[int, ...]:
    """a_0 … a_{t−1}, each 0 < a < L; a_0 is the secret. 512 bits leave no bias worth naming."""
    prefix = b"lottery/coefficient/v1\n" + bound(draw_hash, attempt)
    return tuple(
        1 + int.from_bytes(derive(master, prefix + j.to_bytes(4, "big"), 64), "big") % (L - 1)
        for j in range(threshold)
    )


def commitment(draw_hash: str, attempt: int, party: str, secret: bytes) -> str:
    """The hash, in hex, by which a party binds itself to its secret (32 bytes)."""
    data = b"lottery/commit/v1\n" + bound(draw_hash, attempt) + named(party) + secret
    return hashlib.sha256(data).hexdigest()


def points(values: Sequence[int]) -> list[str]:
    """C_j = a_j·B, hex of the RFC 8032 encoding."""
    return [encode_point(multiply_base(value)).hex() for value in values]


def share(values: Sequence[int], place: int) -> bytes:
    """f(place) mod L, 32 bytes big-endian; ``place`` is the holder's, from 1."""
    result = 0
    for value in reversed(values):
        result = (result * place + value) % L
    return result.to_bytes(32, "big")


def scalar(data: bytes) -> int:
    """The number of a secret or share.

    Raises:
        ValueError: not 32 bytes with 0 < s < L.
    """
    number = int.from_bytes(data, "big")
    if len(data) != 32 or not 0 < number < L:
        raise ValueError("not a number between 0 and the order of the group")
    return number


@lru_cache(maxsize=1024)
def point(text: str) -> Point:
    """The point of 64 hex digits, kept: the check of its group costs milliseconds.

    Raises:
        BadPoint: not canonical, not in the prime-order group, or the identity.
    """
    return decode_point(bytes.fromhex(text))


@lru_cache(maxsize=1024)
def point_of(secret: bytes) -> str:
    """s·B for a secret or share, in hex.

    Raises:
        ValueError: out of range.
    """
    return encode_point(multiply_base(scalar(secret))).hex()


def matches(value: bytes, place: int, committed: Sequence[str]) -> bool:
    """Whether ``value`` is the share of the holder at ``place``: share·B = Σ place^j·C_j."""
    try:
        own = point_of(value)
    except ValueError:
        return False
    total = IDENTITY
    for text in reversed(committed):
        total = add(multiply(place, total), point(text))
    return encode_point(total).hex() == own


def recover(values: Mapping[int, bytes]) -> bytes:
    """The secret from shares by place: Lagrange's interpolation at 0. Check the shares first."""
    numbers = {place: scalar(value) for place, value in values.items()}
    secret = 0
    for place, number in numbers.items():
        above, below = 1, 1
        for other in numbers:
            if other != place:
                above = above * other % L
                below = below * (other - place) % L
        secret = (secret + number * above * pow(below, L - 2, L)) % L
    return secret.to_bytes(32, "big")


def _info(draw_hash: str, attempt: int, dealer: str, holder: str) -> bytes:
    return b"lottery/share/v1\n" + bound(draw_hash, attempt) + named(dealer) + named(holder)


def seal(
    value: bytes,
    ephemeral: bytes,
    box: str,
    *,
    draw_hash: str,
    attempt: int,
    dealer: str,
    holder: str,
) -> dict[str, str]:
    """Encrypt a share for its holder's ``box``; ``ephemeral`` is a fresh X25519 key (32 bytes)."""
    key = X25519PrivateKey.from_private_bytes(ephemeral)
    common = key.exchange(X25519PublicKey.from_public_bytes(bytes.fromhex(box)))
    cipher = AESGCM(derive(common, _info(draw_hash, attempt, dealer, holder)))
    return {
        "holder": holder,
        "ephemeral": key.public_key().public_bytes_raw().hex(),
        "sealed": cipher.encrypt(_NONCE, value, None).hex(),
    }


def unseal(
    sealed: Mapping[str, str],
    box: X25519PrivateKey,
    *,
    draw_hash: str,
    attempt: int,
    dealer: str,
    holder: str,
) -> bytes:
    """Decrypt a share meant for the holder of ``box``.

    Raises:
        BadShare: it was not sealed for this holder, draw and attempt.
    """
    try:
        public = X25519PublicKey.from_public_bytes(bytes.fromhex(sealed["ephemeral"]))
        cipher = AESGCM(derive(box.exchange(public), _info(draw_hash, attempt, dealer, holder)))
        return cipher.decrypt(_NONCE, bytes.fromhex(sealed["sealed"]), None)
    except (InvalidTag, ValueError) as error:
        raise BadShare((dealer,), f"the share dealt by {dealer} cannot be opened") from error
