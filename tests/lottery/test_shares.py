"""Secret sharing, sealing, and the strictness of points and signatures."""

from __future__ import annotations

import hashlib
from itertools import combinations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from lottery import shares, statements, verifier
from lottery.errors import BadShare
from lottery.verifier import BASE, BadPoint, L, P, decode_point, encode_point
from tests.effort import examples
from tests.lottery.building import master

HASH = "ab" * 32
TORSION = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")


def test_any_threshold_of_holders_recovers_and_fewer_do_not() -> None:
    values = shares.coefficients(master("a"), HASH, 1, 3)
    secret = values[0].to_bytes(32, "big")
    dealt = {place: shares.share(values, place) for place in range(1, 6)}
    for places in combinations(dealt, 3):
        assert shares.recover({place: dealt[place] for place in places}) == secret
    for places in combinations(dealt, 2):
        assert shares.recover({place: dealt[place] for place in places}) != secret
    assert shares.recover(dealt) == secret


def test_each_share_fits_its_place_alone() -> None:
    values = shares.coefficients(master("a"), HASH, 1, 2)
    points = shares.points(values)
    for place in range(1, 5):
        good = shares.share(values, place)
        assert shares.matches(good, place, points)
        assert not shares.matches(good, place + 1, points)
        bad = (int.from_bytes(good, "big") ^ 1).to_bytes(32, "big")
        assert not shares.matches(bad, place, points)
        assert not shares.matches(
            (int.from_bytes(good, "big") + L).to_bytes(32, "big"), place, points
        )
    assert not shares.matches(bytes(32), 1, points)


def test_secrets_differ_by_party_draw_list_and_attempt() -> None:
    found = {
        shares.coefficients(secret, draw_hash, attempt, 2)
        for secret in (master("a"), master("b"), master("a", "another draw"))
        for draw_hash in (HASH, "cd" * 32)
        for attempt in (1, 2)
    }
    assert len(found) == 12
    assert all(0 < value < L for values in found for value in values)


def test_a_sealed_share_opens_for_its_holder_dealer_and_attempt_alone() -> None:
    box, other = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    place = {"draw_hash": HASH, "attempt": 1, "dealer": "portal", "holder": "notary"}
    public = box.public_key().public_bytes_raw().hex()
    sealed = shares.seal(b"s" * 32, bytes(range(32)), public, **place)
    assert shares.unseal(sealed, box, **place) == b"s" * 32
    for wrong in (
        {**place, "attempt": 2},
        {**place, "dealer": "organiser"},
        {**place, "holder": "organiser"},
        {**place, "draw_hash": "cd" * 32},
    ):
        with pytest.raises(BadShare):
            shares.unseal(sealed, box, **wrong)
    with pytest.raises(BadShare):
        shares.unseal(sealed, other, **place)
    with pytest.raises(BadShare):
        shares.unseal({**sealed, "ephemeral": "00" * 32}, box, **place)


@pytest.mark.parametrize(
    "data",
    [
        (1).to_bytes(32, "little"),  # the identity
        (1 | 1 << 255).to_bytes(32, "little"),  # its other spelling
        (P + 1).to_bytes(32, "little"),  # y not reduced
        (P - 1).to_bytes(32, "little"),  # order 2
        bytes(32),  # order 4
        TORSION,  # order 8
        (2).to_bytes(32, "little"),  # not on the curve
        bytes(31),
        b"",
    ],
)
def test_points_that_are_refused(data: bytes) -> None:
    with pytest.raises(BadPoint):
        decode_point(data)


def test_a_good_point_with_torsion_is_refused() -> None:
    """B + a point of order 2 is on the curve, and canonical."""
    mixed = verifier.add(BASE, (0, P - 1, 1, 0))
    with pytest.raises(BadPoint, match="prime-order"):
        decode_point(encode_point(mixed))


@settings(max_examples=examples(25), deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=40))
def test_signatures_are_judged_as_the_library_judges_them(seed: bytes, message: bytes) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    for data, signed in (
        (message, signature),
        (message + b"x", signature),
        (message, signature[:40] + bytes([signature[40] ^ 1]) + signature[41:]),
        (message, bytes([signature[0] ^ 1]) + signature[1:]),
    ):
        expected = (data, signed) == (message, signature)
        assert verifier.verify_signature(public, data, signed) == expected
        assert statements.verify_signature(public.hex(), data, signed.hex()) == expected


def test_signatures_with_a_second_spelling_are_refused() -> None:
    """S + L signs the same under lax rules."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    public, signature = key.public_key().public_bytes_raw(), key.sign(b"m")
    other = int.from_bytes(signature[32:], "little") + L
    malleable = signature[:32] + other.to_bytes(32, "little")
    assert not verifier.verify_signature(public, b"m", malleable)
    assert not statements.verify_signature(public.hex(), b"m", malleable.hex())
    assert not statements.verify_signature(public.hex(), b"m", signature.hex().upper())
    assert not verifier.verify_signature(public, b"m", signature[:63])


def test_a_signature_that_only_the_cofactor_saves_is_refused() -> None:
    """R with a part of small order: batch verifiers of some libraries accept it."""
    seed = hashlib.sha512(bytes(32)).digest()
    scalar = int.from_bytes(seed[:32], "little") & (2**254 - 8) | 2**254
    public = encode_point(verifier.multiply(scalar, BASE))
    r = 12345
    point = encode_point(verifier.add(verifier.multiply_base(r), (0, P - 1, 1, 0)))
    digest = hashlib.sha512(point + public + b"m").digest()
    s = (r + int.from_bytes(digest, "little") * scalar) % L
    signature = point + s.to_bytes(32, "little")
    assert not verifier.verify_signature(public, b"m", signature)
    assert not statements.verify_signature(public.hex(), b"m", signature.hex())


def test_keys_are_those_of_rfc_8032() -> None:
    """§7.1, test 1."""
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    signature = bytes.fromhex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )
    assert verifier.verify_signature(public, b"", signature)
    assert not verifier.verify_signature(public, b"x", signature)
