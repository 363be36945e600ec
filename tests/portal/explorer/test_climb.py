"""The way from leaf to root, held against the ledger's own verification."""

from __future__ import annotations

import hashlib
import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chain_adapter import Entry, Proof, digest_of
from chain_adapter.merkle import inclusion_proof, leaf_hash, root_of, verify_inclusion
from portal.explorer.picture import WIDTH, draw
from portal.explorer.service import Record, climb, tiles


def leaves_of(size: int) -> list[bytes]:
    return [leaf_hash(bytes([index % 256, index // 256])) for index in range(size)]


def record_of(index: int, size: int) -> Record:
    leaves = leaves_of(size)
    path = tuple(inclusion_proof(leaves, index))
    entry = Entry(
        "deposit", "x", (digest_of(b"x"),), bytes(32), bytes(32), "by", "ed25519:" + "0" * 32
    )
    climbs = tuple(climb(leaves[index], index, size, path))
    return Record(index, entry, leaves[index], Proof(index, path, "note"), climbs, True, ())


@given(st.integers(1, 300).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1))))
def test_every_climb_ends_at_the_root(place: tuple[int, int]) -> None:
    size, index = place
    leaves = leaves_of(size)
    path = inclusion_proof(leaves, index)
    steps = list(climb(leaves[index], index, size, path))
    top = steps[-1].parent if steps else leaves[index]
    assert top == root_of(leaves)
    assert verify_inclusion(leaves[index], index, size, path, top)
    for below, above in pairwise(steps):
        assert above.own == below.parent


def test_a_swapped_sibling_leads_elsewhere() -> None:
    leaves = leaves_of(7)
    path = inclusion_proof(leaves, 3)
    path[1] = hashlib.sha256(b"another").digest()
    assert list(climb(leaves[3], 3, 7, path))[-1].parent != root_of(leaves)


@given(st.integers(1, 70).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1))))
def test_picture_holds_every_hash_inside_its_frame(place: tuple[int, int]) -> None:
    size, index = place
    record = record_of(index, size)
    picture = draw(record)
    assert len(picture.boxes) == 2 * len(record.climbs) + 1
    assert len(picture.lines) == 2 * len(record.climbs)
    assert [box.role for box in picture.boxes].count("root") == 1
    for box in picture.boxes:
        assert box.x >= 0
        assert box.x + box.width <= WIDTH == picture.width
        assert box.y >= 0
        assert box.y + box.height <= picture.height
    spots = [(box.x, box.y) for box in picture.boxes]
    assert len(set(spots)) == len(spots)
    for line in picture.lines:
        assert re.fullmatch(r"M[\d ]+C[\d ]+", line)


def test_tiles_are_named_as_tlog_tiles_names_them() -> None:
    assert list(tiles(0, 1)) == ["tile/entries/000.p/1", "tile/0/000.p/1"]
    assert list(tiles(300, 1000)) == ["tile/entries/001", "tile/0/001"]
    assert list(tiles(999, 1000)) == ["tile/entries/003.p/232", "tile/0/003.p/232"]
