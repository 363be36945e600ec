"""The shuffle: known answers, and statistics that a wrong one would fail.

Seeds are fixed, so that these tests give the same figures each time. Every statistic is computed
of a deliberately broken variant, too, and has to refuse it.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from lottery import selection, verifier
from lottery.selection import permutation, words
from lottery.stages import entries_drawn, select

SHARED = Path(__file__).parents[3] / "shared" / "vectors"
VECTORS = Path(os.environ.get("VECTORS_DIR", SHARED)) / "lottery" / "lot1.json"

Shuffle = Callable[[bytes, int], Iterator[int]]


def key(number: int) -> bytes:
    return hashlib.sha256(b"statistics %d" % number).digest()


@pytest.fixture(scope="module")
def vectors() -> Any:
    if not VECTORS.exists():
        pytest.skip("known answers are not at hand")
    return json.loads(VECTORS.read_text())


def test_known_answers(vectors: Any) -> None:
    kat = hashlib.sha256(b"KAT").digest()
    for each in vectors["permutation"]:
        found = list(islice(permutation(kat, each["tickets"]), each["take"]))
        assert found == each["positions"]
        assert found == list(
            islice(verifier.shuffled(kat, each["tickets"], each["take"]), each["take"])
        )


def test_known_answer_of_the_stages(vectors: Any) -> None:
    """Both the producing and the verifying code, on fifty million entries."""
    wanted = vectors["stages"]["sha256_of_u32be_positions_winners_then_alternates_stage_by_stage"]
    rules = [
        {**each, "repeat": False, "unfilled": "refuse"} for each in vectors["stages"]["stages"]
    ]
    start, end = vectors["stages"]["pools"]["A"]
    listing = {
        "count": end,
        "pools": [{"id": "A", "start": start, "end": end, "weights": [[1, end - start]]}],
    }
    digest = hashlib.sha256()
    seed = hashlib.sha256(b"z").digest()
    for stage in verifier.drawn_stages({"stages": rules}, listing, seed):
        for position in [*stage.winners, *stage.alternates]:
            digest.update(position.to_bytes(4, "big"))
    assert digest.hexdigest() == wanted


def test_the_reference_is_short() -> None:
    assert len(Path(selection.__file__).read_text().splitlines()) < 60


@pytest.mark.parametrize("tickets", [0, -1, 2**32])
def test_numbers_of_tickets_that_cannot_be(tickets: int) -> None:
    with pytest.raises(ValueError, match="number of tickets"):
        next(permutation(bytes(32), tickets))


@pytest.mark.parametrize("tickets", [1, 2, 3, 7, 100, 1000])
def test_a_full_ranking_names_everybody_once(tickets: int) -> None:
    found = list(permutation(key(tickets), tickets))
    assert sorted(found) == list(range(tickets))
    assert found == list(verifier.shuffled(key(tickets), tickets, tickets))
    assert found == list(verifier.shuffled(key(tickets), tickets, 1))


# ---- statistics ----------------------------------------------------------------------------------


def chi_square(counts: Counter[Any], classes: dict[Any, float], total: int) -> float:
    """The excess over what is expected, in standard deviations (Wilson and Hilferty)."""
    found = sum(
        (counts[each] - share * total) ** 2 / (share * total) for each, share in classes.items()
    )
    free = len(classes) - 1
    spread = math.sqrt(2 / (9 * free))
    return ((found / free) ** (1 / 3) - (1 - 2 / (9 * free))) / spread


def _swapping_with_all(key: bytes, tickets: int) -> Iterator[int]:
    """The popular mistake: every place is swapped with any, n^n ways for n! orders."""
    found, take = list(range(tickets)), words(key)
    for i in range(tickets):
        r = next(take) % tickets
        found[i], found[r] = found[r], found[i]
    yield from found


def _without_rejection(key: bytes, tickets: int) -> Iterator[int]:
    """The first number drawn by the remainder alone."""
    yield next(words(key)) % tickets


def permutations_of_five(shuffle: Shuffle) -> float:
    counts = Counter(tuple(shuffle(key(i), 5)) for i in range(12_000))
    orders = {tuple(each) for each in _orders(5)}
    return chi_square(counts, dict.fromkeys(orders, 1 / 120), 12_000)


def _orders(size: int) -> Iterator[list[int]]:
    if size == 0:
        yield []
    for rest in _orders(size - 1) if size else ():
        for place in range(size):
            yield [*rest[:place], size - 1, *rest[place:]]


def thirds(shuffle: Shuffle) -> float:
    """Of T = 3·10⁹ a word beyond T would fall on the first 1.29·10⁹ numbers again."""
    total = 3 * 10**9
    counts = Counter(next(shuffle(key(i), total)) // 10**9 for i in range(6_000))
    return chi_square(counts, dict.fromkeys(range(3), 1 / 3), 6_000)


def test_permutations_of_five() -> None:
    assert abs(permutations_of_five(permutation)) < 3
    assert permutations_of_five(_swapping_with_all) > 6


def test_thirds_of_three_thousand_million() -> None:
    assert abs(thirds(permutation)) < 3
    assert thirds(_without_rejection) > 6


WEIGHTS = (1, 2, 4)
RUNS = [(0, 1, 1), (1, 1, 2), (2, 1, 4)]


def pairs(draw: Callable[[bytes], list[int]]) -> float:
    """Two of three entries of weights 1, 2 and 4: the second as if the first had never been."""
    expected = {
        (a, b): WEIGHTS[a] / 7 * WEIGHTS[b] / (7 - WEIGHTS[a])
        for a in range(3)
        for b in range(3)
        if a != b
    }
    counts = Counter(tuple(draw(key(i))) for i in range(8_000))
    return chi_square(counts, expected, 8_000)


def test_weighted_pairs() -> None:
    assert abs(pairs(lambda each: list(select(each, RUNS, 2, set())))) < 3

    def keeping_tickets(each: bytes) -> list[int]:
        """Broken: the weights count for the first place alone."""
        first = next(entries_drawn(each, RUNS))
        rest = [entry for entry in range(3) if entry != first]
        second = rest[next(permutation(hashlib.sha256(each).digest(), 2))]
        return [first, second]

    assert pairs(keeping_tickets) > 6


def test_the_rejection_branch_runs() -> None:
    """At T = 3·10⁹ three in ten words lie beyond the last multiple and are left out."""
    skipped = 0
    for i in range(200):
        first = next(words(key(i)))
        if first >= 3 * 10**9:
            skipped += 1
            assert next(permutation(key(i), 3 * 10**9)) != first % (3 * 10**9)
    assert 40 <= skipped <= 80
