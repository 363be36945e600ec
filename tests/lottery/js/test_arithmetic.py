"""Secrets, shares, signatures: the browser computes what Python computes, and refuses the same."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from lottery import shares
from lottery.canonical import canonical
from lottery.verifier import SMALL_ORDER, L, P, verify_signature
from tests.lottery.js.node import call, needs_node, run

pytestmark = needs_node

MASTER = hashlib.sha256(b"master").digest()
DRAW_HASH = hashlib.sha256(b"draw").hexdigest()
DRAW = "0b7c7a52-6a7e-4f0e-9d8e-3f1a2b4c5d6e"


@pytest.mark.parametrize(
    "value",
    [
        {"b": 1, "a": [True, None, -0, 2**53 - 1], "中": "文"},
        {"text": '\x00\x1f"\\/\u2028\U0001f600é\n', "": {"z": [], "y": {}}},
        {"\U0001f600": 1, "\ufb33": 2, "Z": 3, "a": 4} | {"1": 1, "10": 2, "2": 3},
    ],
)
def test_one_canonical_form(value: dict[str, Any]) -> None:
    import rfc8785

    assert call("canonical", value=value) == rfc8785.dumps(value).decode()


@pytest.mark.parametrize("value", [{"a": 0.5}, {"a": 2**53}, {"a": "\ud800"}, [[[]] * 2] * 2])
def test_what_has_no_canonical_form(value: Any) -> None:
    answer = call("canonical", value=value)
    if isinstance(value, list):
        assert answer == "[[[],[]],[[],[]]]"
    else:
        assert "error" in answer


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": 1}',
        b'{"b":1,"a":1}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":"\\u0041"}',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":"\xff"}',
        b'{"a":9007199254740993}',
        b'{"a":1}\n',
        b"[" * 5000 + b"]" * 5000,
    ],
)
def test_other_spellings_are_refused(data: bytes) -> None:
    assert "error" in call("parse", data=data.hex())


def test_keys_of_a_party() -> None:
    label = DRAW.encode()
    signing = shares.derive(MASTER, b"lottery/sign/v1\n" + label)
    box = shares.derive(MASTER, b"lottery/box/v1\n" + label)
    assert call("keys", master=MASTER.hex(), draw=DRAW) == {
        "key": Ed25519PrivateKey.from_private_bytes(signing).public_key().public_bytes_raw().hex(),
        "box": X25519PrivateKey.from_private_bytes(box).public_key().public_bytes_raw().hex(),
    }


@pytest.mark.parametrize("threshold", [2, 3, 8])
def test_polynomial_points_shares_and_commitment(threshold: int) -> None:
    made = call("coefficients", master=MASTER.hex(), draw=DRAW_HASH, attempt=2, threshold=threshold)
    values = shares.coefficients(MASTER, DRAW_HASH, 2, threshold)
    assert [int(each) for each in made["numbers"]] == list(values)
    assert made["points"] == shares.points(values)
    assert made["shares"] == [shares.share(values, place).hex() for place in (1, 2, 3, 9)]
    secret = values[0].to_bytes(32, "big")
    assert call(
        "commitment", draw=DRAW_HASH, attempt=2, party="notary", secret=secret.hex()
    ) == shares.commitment(DRAW_HASH, 2, "notary", secret)


def test_shares_fit_or_do_not() -> None:
    values = shares.coefficients(MASTER, DRAW_HASH, 1, 3)
    points = shares.points(values)
    dealt = {place: shares.share(values, place) for place in (1, 2, 4)}
    zero = bytes(32).hex()
    answers = run(
        *({"op": "fits", "share": s.hex(), "place": p, "points": points} for p, s in dealt.items()),
        {"op": "fits", "share": dealt[1].hex(), "place": 2, "points": points},
        {"op": "fits", "share": dealt[2].hex(), "place": 2, "points": points[::-1]},
        {"op": "fits", "share": L.to_bytes(32, "big").hex(), "place": 1, "points": points},
        {"op": "fits", "share": zero, "place": 1, "points": points},
        {"op": "fits", "share": dealt[1].hex(), "place": 1, "points": [zero, *points[1:]]},
        {"op": "recover", "shares": [[p, s.hex()] for p, s in dealt.items()]},
    )
    assert answers[:-1] == [True, True, True, False, False, False, False, False]
    assert answers[-1] == values[0].to_bytes(32, "big").hex()


def test_sealed_shares_open_on_the_other_side() -> None:
    box = X25519PrivateKey.from_private_bytes(hashlib.sha256(b"box").digest())
    public = box.public_key().public_bytes_raw().hex()
    ephemeral, share = hashlib.sha256(b"once").digest(), hashlib.sha256(b"share").digest()
    names = {"attempt": 1, "dealer": "notary", "holder": "public"}
    ours = shares.seal(share, ephemeral, public, draw_hash=DRAW_HASH, **names)  # type: ignore[arg-type]
    theirs, opened, other = run(
        {"op": "seal", "share": share.hex(), "secret": ephemeral.hex(), "draw": DRAW_HASH}
        | {"box": public}
        | names,
        {"op": "open", "entry": ours, "draw": DRAW_HASH, "box": box.private_bytes_raw().hex()}
        | names,
        {"op": "open", "entry": ours, "draw": DRAW_HASH, "box": box.private_bytes_raw().hex()}
        | names
        | {"attempt": 2},
    )
    assert theirs == ours
    assert opened == share.hex()
    assert other is None


def test_points_and_boxes_of_small_order_or_two_spellings_are_refused() -> None:
    good = shares.points((5,))[0]
    bad = [
        (1).to_bytes(32, "little"),  # the identity
        (0).to_bytes(32, "little"),  # of order 4
        (P - 1).to_bytes(32, "little"),  # of order 2
        (P + 1).to_bytes(32, "little"),  # the identity in another spelling
        (1 | 1 << 255).to_bytes(32, "little"),  # −0
        (2).to_bytes(32, "little"),  # not on the curve
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    ]
    assert call("points", points=[good, *(each.hex() for each in bad)]) == [True] + [False] * 7
    small = [each.to_bytes(32, "little").hex() for each in sorted(SMALL_ORDER)]
    over = P.to_bytes(32, "little").hex()
    assert call("boxes", boxes=["09" + "00" * 31, *small, over]) == [True] + [False] * 6


def test_signatures_are_judged_alike() -> None:
    signer = Ed25519PrivateKey.from_private_bytes(MASTER)
    key, message = signer.public_key().public_bytes_raw(), b"lottery"
    right = signer.sign(message)
    scalar = int.from_bytes(right[32:], "little")
    cases = [
        (key, right),
        (key, right[:32] + (scalar + L).to_bytes(32, "little")),
        (key, right[:-1]),
        (key, bytes(64)),
        (key, bytes([right[0] ^ 1]) + right[1:]),
        ((1).to_bytes(32, "little"), (1).to_bytes(32, "little") + bytes(32)),
    ]
    ours = [verify_signature(each, message, signature) for each, signature in cases]
    theirs = run(
        *(
            {"op": "signature", "key": each.hex(), "message": message.hex(), "signature": s.hex()}
            for each, s in cases
        )
    )
    assert theirs == ours == [True, False, False, False, False, False]


def test_the_canonical_form_is_that_of_the_package() -> None:
    value = {"schema": "notary/draw-statement/v1", "points": ["00", "ff"], "n": 3}
    assert call("canonical", value=value).encode() == canonical(value)
