"""Who is drawn: the browser gives the positions that the reference gives."""

from __future__ import annotations

import hashlib
import json
import os
from itertools import islice
from typing import Any

import pytest

from lottery.config import Config
from lottery.listing import Listing
from lottery.selection import permutation
from lottery.stages import draw_all
from tests.lottery.js.ceremony import listing, rules, words
from tests.lottery.js.node import CHECKOUT, call, needs_node, run

pytestmark = needs_node

VECTORS = CHECKOUT.parent / "shared" / "vectors"
FOLDER = type(VECTORS)(os.environ.get("VECTORS_DIR") or VECTORS) / "lottery"


def sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no vectors at {FOLDER}")
def test_known_answers() -> None:
    known = json.loads((FOLDER / "lot1.json").read_bytes())
    for each in known["permutation"]:
        found = call("permutation", key=sha("KAT").hex(), total=each["tickets"], take=each["take"])
        assert found == each["positions"]


@pytest.mark.parametrize("total", [1, 2, 5, 1000, 3_000_000_000, 2**32 - 1])
def test_the_reference_gives_the_same(total: int) -> None:
    """Of three thousand million tickets a third of all words is rejected."""
    key, take = sha(str(total)), min(total, 2000)
    found = call("permutation", key=key.hex(), total=total, take=take)
    assert found == list(islice(permutation(key, total), take))


def test_a_ranking_too_large_for_a_map() -> None:
    """Beyond a million moved tickets the browser goes on with an array."""
    total = 1_500_000
    key, digest = sha("ranking"), hashlib.sha256()
    for position in permutation(key, total):
        digest.update(position.to_bytes(4, "big"))
    assert call("ranking", key=key.hex(), total=total) == digest.hexdigest()


def stage(pools: list[str], winners: int | str, **more: Any) -> dict[str, Any]:
    plain = {"alternates": 0, "repeat": False, "unfilled": "leave"}
    return {"name": words("x"), "pools": pools, "winners": winners} | plain | more


@pytest.mark.parametrize(
    "stages",
    [
        [stage(["A"], 3, alternates=2), stage(["A", "B"], 6, alternates=3)],
        [stage(["A"], 9, unfilled="carry"), stage(["B"], 5), stage(["A"], 3, repeat=True)],
        [stage(["B", "A"], "all")],
        [stage(["A"], 2), stage(["B", "A"], "all"), stage(["A"], 1), stage(["B"], 1, repeat=True)],
        [stage(["B"], 9, unfilled="carry"), stage(["B"], 9, unfilled="carry"), stage(["B"], "all")],
    ],
)
def test_stages(stages: list[dict[str, Any]]) -> None:
    document, seed = rules(stages=stages), sha("seed")
    config = Config.parse(document)
    ours = [each.body() for each in draw_all(config, Listing.parse(listing(), config), seed)]
    theirs = call("selection", config=document, list=listing(), seed=seed.hex())
    names = ("stage", "places", "winners", "alternates", "unfilled", "positions_sha256")
    assert [[each[name] for name in names] for each in theirs] == [
        [each[name] for name in names] for each in ours
    ]


def test_the_root_of_any_number_of_leaves() -> None:
    def node(leaves: list[bytes]) -> bytes:
        if len(leaves) == 1:
            return leaves[0]
        half = 1 << (len(leaves) - 1).bit_length() - 1
        return hashlib.sha256(b"\x01" + node(leaves[:half]) + node(leaves[half:])).digest()

    lists = [[sha(str(n)) for n in range(count)] for count in (1, 2, 3, 7, 8, 9, 100)]
    found = run(*({"op": "root", "leaves": [each.hex() for each in one]} for one in lists))
    assert found == [node(each).hex() for each in lists]
