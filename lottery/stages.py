"""Prize tiers one after the other: tickets, exclusion of earlier winners, alternates, rankings."""

from __future__ import annotations

import hashlib
import sys
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lottery.config import Config
from lottery.errors import DrawsSwitchedOff
from lottery.listing import Listing
from lottery.replay import LISTED
from lottery.selection import permutation

#: Up to so many tickets, or so many places, the reference is quick enough.
_SMALL_TICKETS: Final = 200_000
_SMALL_PLACES: Final = 20_000


@dataclass(frozen=True)
class StageResult:
    """Positions in the order drawn. ``carried`` places go on to the next stage."""

    stage: int
    places: int
    winners: array[int]
    alternates: array[int]
    unfilled: int
    carried: int

    @property
    def positions_sha256(self) -> str:
        """SHA-256 of the positions as 32-bit big-endian words, winners then alternates."""
        return hashlib.sha256(packed(self.winners) + packed(self.alternates)).hexdigest()

    def body(self) -> dict[str, Any]:
        """The body of the result step; very many positions are left to be recomputed."""
        listed = len(self.winners) + len(self.alternates) <= LISTED
        return {
            "stage": self.stage,
            "places": self.places,
            "winners": self.winners.tolist() if listed else None,
            "alternates": self.alternates.tolist() if listed else None,
            "winner_count": len(self.winners),
            "alternate_count": len(self.alternates),
            "unfilled": self.unfilled,
            "positions_sha256": self.positions_sha256,
        }


def packed(positions: array[int]) -> bytes:
    """Positions as 32-bit big-endian words."""
    words = array("I", positions)
    if sys.byteorder == "little":
        words.byteswap()
    return words.tobytes()


def draw_all(
    config: Config,
    listing: Listing,
    seed: bytes,
    progress: Callable[[StageResult], None] = lambda result: None,
) -> tuple[StageResult, ...]:
    """Every stage's result. Nothing but the seed, the rules and the list enters into it, so a
    crash recomputes the same."""
    results: list[StageResult] = []
    for stage in range(1, len(config.stages) + 1):
        results.append(draw_stage(config, listing, seed, stage, results))
        progress(results[-1])
    return tuple(results)


def draw_stage(
    config: Config,
    listing: Listing,
    seed: bytes,
    stage: int,
    earlier: Sequence[StageResult],
) -> StageResult:
    """The result of the 1-based ``stage``; ``earlier`` are those of all stages before it.

    Raises:
        DrawsSwitchedOff: too many places for the reference, and numpy or numba is missing.
    """
    rules = config.stages[stage - 1]
    runs = stage_runs(listing, rules.pools)
    entries = sum(count for _, count, _ in runs)
    taken = _taken(runs, () if rules.repeat else earlier)
    eligible = entries - len(taken)
    carried = earlier[-1].carried if earlier else 0
    places = eligible if rules.winners == "all" else rules.winners + carried
    won = min(places, eligible)
    alternates = min(rules.alternates, eligible - won)
    drawn = _select(stage_key(seed, stage), runs, won + alternates, taken)
    unfilled = places - won
    return StageResult(
        stage=stage,
        places=places,
        winners=drawn[:won],
        alternates=drawn[won:],
        unfilled=unfilled,
        carried=unfilled if rules.unfilled == "carry" else 0,
    )


def stage_key(seed: bytes, stage: int) -> bytes:
    """The key of the stage's stream; the first stage (1) has the number 0 in it."""
    return hashlib.sha256(b"lottery/stage/v1\n" + seed + (stage - 1).to_bytes(4, "big")).digest()


def stage_runs(listing: Listing, pools: Sequence[str]) -> list[tuple[int, int, int]]:
    """(first position, entries, weight) in the order in which their tickets lie."""
    runs = []
    for pool in listing.ranges(pools):
        start = pool.start
        for weight, count in pool.weights:
            runs.append((start, count, weight))
            start += count
    return runs


def _taken(runs: list[tuple[int, int, int]], earlier: Sequence[StageResult]) -> set[int]:
    """Who of these runs has won before."""
    taken = {position for result in earlier for position in result.winners}
    if not taken:
        return taken
    spans = sorted((start, start + count) for start, count, _ in runs)
    starts = [start for start, _ in spans]

    def inside(position: int) -> bool:
        place = bisect_right(starts, position) - 1
        return place >= 0 and position < spans[place][1]

    return {position for position in taken if inside(position)}


def _select(key: bytes, runs: list[tuple[int, int, int]], want: int, taken: set[int]) -> array[int]:
    tickets = sum(count * weight for _, count, weight in runs)
    if want == 0:
        return array("I")
    if tickets <= _SMALL_TICKETS or want + len(taken) <= _SMALL_PLACES:
        return select(key, runs, want, taken)
    return _select_fast(key, runs, want, taken)


def select(
    key: bytes, runs: Sequence[tuple[int, int, int]], want: int, taken: set[int]
) -> array[int]:
    """The first ``want`` entries of the shuffled tickets that are neither taken nor drawn yet."""
    gone, drawn = set(taken), array("I")
    for position in entries_drawn(key, runs):
        if position not in gone:
            gone.add(position)
            drawn.append(position)
            if len(drawn) == want:
                break
    return drawn


def entries_drawn(key: bytes, runs: Sequence[tuple[int, int, int]]) -> Iterator[int]:
    """The entry of each ticket in shuffled order; one of weight w comes up w times."""
    starts, total = [], 0
    for _, count, weight in runs:
        starts.append(total)
        total += count * weight
    for ticket in permutation(key, total):
        place = bisect_right(starts, ticket) - 1
        first, _, weight = runs[place]
        yield first + (ticket - starts[place]) // weight


def _select_fast(
    key: bytes, runs: list[tuple[int, int, int]], want: int, taken: set[int]
) -> array[int]:
    try:
        import numpy as np

        from lottery import fast
    except ImportError as error:
        raise DrawsSwitchedOff("draws of this size need numpy and numba (extra 'draws')") from error
    gone = np.fromiter(taken, np.uint32, len(taken))
    drawn = array("I")
    drawn.frombytes(fast.select(key, runs, want, gone).astype(np.uint32).tobytes())
    return drawn
