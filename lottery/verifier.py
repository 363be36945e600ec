"""edwards25519 as RFC 8032 has it, in plain Python."""

from __future__ import annotations

import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)

Point = tuple[int, int, int, int]
IDENTITY: Point = (0, 1, 1, 0)


class BadPoint(ValueError):
    """Not the one encoding of a point of the prime-order group."""


def add(a: Point, b: Point) -> Point:
    """RFC 8032 §5.1.4."""
    m = (a[1] - a[0]) * (b[1] - b[0]) % P
    n = (a[1] + a[0]) * (b[1] + b[0]) % P
    c = 2 * D * a[3] * b[3] % P
    d = 2 * a[2] * b[2] % P
    e, f, g, h = n - m, d - c, d + c, n + m
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar: int, point: Point) -> Point:
    result = IDENTITY
    while scalar > 0:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def same(a: Point, b: Point) -> bool:
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def encode_point(point: Point) -> bytes:
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode_point(data: bytes) -> Point:
    """RFC 8032 §5.1.3, and in the prime-order group, and not the identity.

    Raises:
        BadPoint: anything else.
    """
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if len(data) != 32 or y >= P:
        raise BadPoint("not the canonical encoding of a point")
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P:
        raise BadPoint("not on the curve")
    if x == 0 and sign:
        raise BadPoint("not the canonical encoding of a point")
    if x & 1 != sign:
        x = P - x
    point = (x, y, 1, x * y % P)
    if same(point, IDENTITY):
        raise BadPoint("the identity")
    if not same(multiply(L, point), IDENTITY):
        raise BadPoint("not in the prime-order group")
    return point


BASE: Point = decode_point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
POWERS = [BASE]
while len(POWERS) < 253:
    POWERS.append(add(POWERS[-1], POWERS[-1]))


def multiply_base(scalar: int) -> Point:
    """``scalar``·B for 0 ≤ scalar < 2²⁵³."""
    result = IDENTITY
    for place in range(scalar.bit_length()):
        if scalar >> place & 1:
            result = add(result, POWERS[place])
    return result


#: The points of small order on curve25519 (RFC 7748 §6.1 asks for this check).
SMALL_ORDER = {
    0,
    1,
    P - 1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
}


def check_box(data: bytes) -> None:
    """Raise :class:`BadPoint` for an X25519 key that is not canonical or of small order."""
    number = int.from_bytes(data, "little")
    if len(data) != 32 or number >= P:
        raise BadPoint("not canonical")
    if number in SMALL_ORDER:
        raise BadPoint("of small order")


def verify_signature(key: bytes, message: bytes, signature: bytes) -> bool:
    """Strict RFC 8032 §5.1.7: canonical key of the prime-order group, S < L, no cofactor."""
    if len(signature) != 64:
        return False
    scalar = int.from_bytes(signature[32:], "little")
    if scalar >= L:
        return False
    try:
        point = decode_point(key)
    except BadPoint:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    factor = int.from_bytes(digest, "little") % L
    minus = (P - point[0], point[1], point[2], P - point[3])
    return encode_point(add(multiply_base(scalar), multiply(factor, minus))) == signature[:32]
