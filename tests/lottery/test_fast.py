"""The compiled selection gives the positions of the reference, and the known answers."""

from __future__ import annotations

import hashlib
import json
import os
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lottery import fast
from lottery.selection import permutation
from tests.effort import examples

SHARED = Path(__file__).parents[3] / "shared" / "vectors"
VECTORS = Path(os.environ.get("VECTORS_DIR", SHARED)) / "lottery" / "lot1.json"


@pytest.fixture(scope="module")
def vectors() -> Any:
    if not VECTORS.exists():
        pytest.skip("known answers are not at hand")
    return json.loads(VECTORS.read_text())


def test_known_permutations(vectors: Any) -> None:
    key = hashlib.sha256(b"KAT").digest()
    for known in vectors["permutation"]:
        found = fast.permutation(key, known["tickets"], known["take"])
        assert found.tolist() == known["positions"]


def test_known_stages(vectors: Any) -> None:
    known = vectors["stages"]
    seed, taken = hashlib.sha256(b"z").digest(), np.empty(0, np.uint32)
    whole = b""
    for number, stage in enumerate(known["stages"]):
        head = b"lottery/stage/v1\n" + seed
        key = hashlib.sha256(head + number.to_bytes(4, "big")).digest()
        runs = [(known["pools"][pool][0], known["pools"][pool][1], 1) for pool in stage["pools"]]
        found = fast.select(key, runs, stage["winners"] + stage["alternates"], taken)
        taken = np.concatenate((taken, found[: stage["winners"]]))
        whole += found.astype(">u4").tobytes()
    assert (
        hashlib.sha256(whole).hexdigest()
        == known["sha256_of_u32be_positions_winners_then_alternates_stage_by_stage"]
    )


@settings(deadline=None, max_examples=examples(60))
@given(st.binary(min_size=32, max_size=32), st.integers(1, 3000), st.floats(0, 1), st.booleans())
def test_the_same_order_as_the_reference(
    key: bytes, tickets: int, part: float, sparse: bool
) -> None:
    take = int(tickets * part)
    expected = list(islice(permutation(key, tickets), take))
    with pytest.MonkeyPatch.context() as patch:
        if sparse:
            patch.setattr(fast, "_DENSE", 0)
        assert fast.permutation(key, tickets, take).tolist() == expected


@pytest.mark.parametrize("tickets", [3_000_000_000, 2**32 - 1, 2**31 + 1])
def test_where_many_words_are_rejected(tickets: int) -> None:
    key = hashlib.sha256(b"%d" % tickets).digest()
    expected = list(islice(permutation(key, tickets), 5000))
    assert fast.permutation(key, tickets, 5000).tolist() == expected


runs_ = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), min_size=1, max_size=6)


@settings(deadline=None, max_examples=examples(80))
@given(
    st.binary(min_size=32, max_size=32),
    runs_,
    st.integers(0, 200),
    st.sets(st.integers(0, 500)),
    st.booleans(),
)
def test_weights_pools_and_earlier_winners(
    key: bytes, shape: list[tuple[int, int]], want: int, taken: set[int], sparse: bool
) -> None:
    start, runs, owners = 0, [], []
    for count, weight in shape:
        runs.append((start, count, weight))
        owners += [start + at // weight for at in range(count * weight)]
        start += count + 3  # a pool between them that takes no part
    seen, expected = set(taken), []
    for ticket in permutation(key, len(owners)) if owners else ():
        if len(expected) == want:
            break
        if owners[ticket] not in seen:
            seen.add(owners[ticket])
            expected.append(owners[ticket])
    with pytest.MonkeyPatch.context() as patch:
        if sparse:
            patch.setattr(fast, "_DENSE", 0)
        found = fast.select(key, runs, want, np.array(sorted(taken), np.uint32))
    assert found.tolist() == expected


def test_limits() -> None:
    with pytest.raises(ValueError, match="tickets are more than"):
        fast.select(bytes(32), [(0, 2**31, 2)], 1)
    with pytest.raises(ValueError, match="cannot be taken"):
        fast.permutation(bytes(32), 3, 4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast, "_DENSE", 0)
        patch.setattr(fast, "_SPARSE", 1000)
        with pytest.raises(fast.TooMany):
            fast.permutation(bytes(32), 10_000, 9000)
