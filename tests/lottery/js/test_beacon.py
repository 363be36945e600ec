"""The beacon's BLS signature, as browsers check it: the real round 123 of quicknet, and lies."""

from __future__ import annotations

import pytest

from lottery.randomness.drand import QUICKNET
from tests.lottery.js.ceremony import BEACON
from tests.lottery.js.node import needs_node, run

pytestmark = needs_node

#: e(G2 generator): a key that is a point but not the chain's.
OTHER_KEY = (
    "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
    "024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
)
#: The identity of G1, compressed.
NOTHING = "c0" + "00" * 47


def test_the_real_round_and_nothing_else() -> None:
    pytest.importorskip("py_ecc")
    right: dict[str, object] = {
        "round": 123,
        "signature": BEACON.signature,
        "key": QUICKNET.public_key,
    }
    negated = f"{int(BEACON.signature[:2], 16) ^ 0x20:02x}{BEACON.signature[2:]}"
    lies: list[dict[str, object]] = [
        {"round": 124},
        {"key": OTHER_KEY},
        {"signature": negated},
        {"signature": NOTHING},
        {"signature": "00" * 48},
        {"signature": BEACON.signature[:-2]},
        {"key": QUICKNET.public_key[:-2] + "00"},
    ]
    answers = run(*({"op": "beacon", **right, **each} for each in ({}, *lies)))
    assert answers == [True] + [False] * len(lies)
