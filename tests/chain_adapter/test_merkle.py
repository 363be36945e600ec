from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain_adapter.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    consistency_ranges,
    inclusion_proof,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

VECTORS = json.loads((Path(__file__).parent / "vectors" / "rfc6962.json").read_text())
LEAVES = [leaf_hash(bytes.fromhex(data)) for data in VECTORS["leaves"]]
ROOTS = [bytes.fromhex(VECTORS["empty"]), *map(bytes.fromhex, VECTORS["roots"])]
MANY = [leaf_hash(number.to_bytes(4, "big")) for number in range(300)]


def unhex(path: list[str]) -> list[bytes]:
    return [bytes.fromhex(digest) for digest in path]


# The definitions of RFC 6962 §2.1 to §2.1.2, word for word, to measure the iterative ones against.


@cache
def mth(first: int, end: int) -> bytes:
    if end - first == 1:
        return MANY[first]
    k = split(end - first)
    return node_hash(mth(first, first + k), mth(first + k, end))


def path_of(m: int, first: int, end: int) -> list[bytes]:
    if end - first == 1:
        return []
    k = split(end - first)
    if m < k:
        return [*path_of(m, first, first + k), mth(first + k, end)]
    return [*path_of(m - k, first + k, end), mth(first, first + k)]


def subproof(m: int, first: int, end: int, complete: bool) -> list[bytes]:
    if m == end - first:
        return [] if complete else [mth(first, end)]
    k = split(end - first)
    if m <= k:
        return [*subproof(m, first, first + k, complete), mth(first + k, end)]
    return [*subproof(m - k, first + k, end, False), mth(first, first + k)]


def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


@pytest.mark.parametrize("size", range(9))
def test_roots_of_the_published_vectors(size: int) -> None:
    assert root_of(LEAVES[:size]) == ROOTS[size]


@pytest.mark.parametrize("vector", VECTORS["inclusion"])
def test_audit_paths_of_the_published_vectors(vector: dict) -> None:
    index, size, path = vector["index"], vector["size"], unhex(vector["path"])
    assert inclusion_proof(LEAVES[:size], index) == path
    assert verify_inclusion(LEAVES[index], index, size, path, ROOTS[size])


@pytest.mark.parametrize("vector", VECTORS["consistency"])
def test_consistency_proofs_of_the_published_vectors(vector: dict) -> None:
    old, new, path = vector["old"], vector["new"], unhex(vector["path"])
    assert consistency_proof(LEAVES[:new], old) == path
    assert verify_consistency(old, new, path, ROOTS[old], ROOTS[new])


def test_every_inclusion_proof_up_to_300_leaves() -> None:
    for size in range(1, 301):
        root = mth(0, size)
        for index in range(size):
            path = [mth(*each) for each in inclusion_ranges(index, size)]
            assert path == path_of(index, 0, size)
            assert verify_inclusion(MANY[index], index, size, path, root)


def test_every_consistency_proof_up_to_300_leaves() -> None:
    for new in range(1, 301):
        for old in range(1, new + 1):
            path = [mth(*each) for each in consistency_ranges(old, new)]
            assert path == subproof(old, 0, new, True)
            assert verify_consistency(old, new, path, mth(0, old), mth(0, new))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 100, 255, 256, 257, 300])
def test_root_over_a_list_is_the_recursive_definition(size: int) -> None:
    assert root_of(MANY[:size]) == mth(0, size)


@given(size=st.integers(1, 300), data=st.data())
def test_an_audit_path_fits_its_own_leaf_place_and_size_only(
    size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, 299).filter(lambda number: number != index))
    path, root = inclusion_proof(MANY[:size], index), mth(0, size)
    assert not verify_inclusion(MANY[other], index, size, path, root)
    assert not verify_inclusion(MANY[index], other, size, path, root)
    assert not verify_inclusion(MANY[index], index, size, [*path, root], root)
    assert not verify_inclusion(MANY[index], index, size, path[:-1], root) or not path


@given(new=st.integers(2, 300), data=st.data())
def test_a_consistency_proof_fits_its_own_sizes_and_roots_only(
    new: int, data: st.DataObject
) -> None:
    old = data.draw(st.integers(1, new - 1))
    path, before, after = consistency_proof(MANY[:new], old), mth(0, old), mth(0, new)
    assert not verify_consistency(old, new, path, after, after)
    assert not verify_consistency(old, new, path, before, before)
    assert not verify_consistency(old, new, [*path, after], before, after)
    assert not verify_consistency(old, new, path[:-1], before, after)
    assert not verify_consistency(new, old, path, before, after)
    place = data.draw(st.integers(0, len(path) - 1))
    changed = [*path[:place], leaf_hash(path[place]), *path[place + 1 :]]
    assert not verify_consistency(old, new, changed, before, after)


def test_everything_extends_the_empty_tree_and_itself() -> None:
    assert consistency_ranges(0, 7) == []
    assert verify_consistency(0, 7, [], EMPTY_ROOT, mth(0, 7))
    assert not verify_consistency(0, 7, [], mth(0, 1), mth(0, 7))
    assert consistency_ranges(7, 7) == []
    assert not verify_consistency(7, 7, [], mth(0, 7), mth(0, 6))
    assert not verify_consistency(3, 7, [], mth(0, 3), mth(0, 7))
    assert not verify_consistency(4, 3, [], mth(0, 4), mth(0, 3))


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_no_path_for_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(IndexError):
        inclusion_ranges(index, size)
    assert not verify_inclusion(MANY[0], index, size, [], MANY[0])


@pytest.mark.parametrize(("old", "new"), [(-1, 3), (4, 3)])
def test_no_consistency_backwards(old: int, new: int) -> None:
    with pytest.raises(IndexError):
        consistency_ranges(old, new)
