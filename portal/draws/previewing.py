"""How places and chances work out, before anything is drawn.

Who is still eligible depends on who won before, where stages draw from the same pools and nobody
wins twice. What can be said for certain is a range: at least, when earlier winners all came from
the pools in question, and at most, when as many as possible came from elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from portal.draws.shapes import Plan, PlanStage, PoolCount, Preview, StagePreview, Warning_

#: The stream of numbers has 32 bits: a stage cannot have as many tickets.
MAX_TICKETS: Final = 2**32 - 1


@dataclass(frozen=True, slots=True)
class _Won:
    """An earlier stage: from these pools so many won, who then are out."""

    pools: frozenset[str]
    most: int


def preview(plan: Plan, counts: Mapping[str, PoolCount]) -> Preview:
    """How ``plan`` works out with a list of these ``counts``, by pool."""
    stages: list[StagePreview] = []
    won: list[_Won] = []
    carried = 0
    for number, stage in enumerate(plan.stages, start=1):
        shown, carried = _stage(number, stage, counts, won, carried)
        stages.append(shown)
        won.append(_Won(frozenset(stage.pools), min(shown.places, shown.eligible_most)))
    warnings = [*_pools(plan, counts), *_carried(stages, carried)]
    fatal = any(each.problem is not None for each in stages)
    empty = any(each.code in ("pool_empty", "pool_unknown") for each in warnings)
    return Preview(
        entries=sum(each.entries for each in counts.values()),
        tickets=sum(each.tickets for each in counts.values()),
        places=sum(each.places for each in stages),
        stages=tuple(stages),
        warnings=tuple(warnings),
        feasible=not fatal and not empty,
    )


def _stage(
    number: int,
    stage: PlanStage,
    counts: Mapping[str, PoolCount],
    won: list[_Won],
    carried: int,
) -> tuple[StagePreview, int]:
    """The stage, and the places it hands on to the next at the least."""
    entries = sum(counts[pool].entries for pool in stage.pools if pool in counts)
    tickets = sum(counts[pool].tickets for pool in stage.pools if pool in counts)
    least = most = entries
    if not stage.repeat:
        least, most = _left(frozenset(stage.pools), entries, counts, won)
    places = most if stage.winners == "all" else stage.winners + carried
    problem = _problem(number, stage, places, least, tickets)
    left = max(0, places - least) if stage.unfilled == "carry" and stage.winners != "all" else 0
    # For one ticket among many, nearly exact; never above certainty.
    chance = min(1.0, min(places, most) / most) if most else 0.0
    if tickets and tickets != entries:
        chance = min(1.0, min(places, most) / tickets)
    shown = StagePreview(
        stage=number,
        zh=stage.zh,
        en=stage.en,
        pools=stage.pools,
        winners=stage.winners,
        places=places,
        alternates=stage.alternates,
        eligible_least=least,
        eligible_most=most,
        tickets=tickets,
        chance=chance,
        problem=problem,
    )
    return shown, left


def _left(
    pools: frozenset[str], entries: int, counts: Mapping[str, PoolCount], won: list[_Won]
) -> tuple[int, int]:
    gone_most = gone_least = 0
    for each in won:
        if not each.pools & pools:
            continue
        shared = sum(counts[pool].entries for pool in each.pools & pools if pool in counts)
        outside = sum(counts[pool].entries for pool in each.pools - pools if pool in counts)
        gone_most += min(each.most, shared)
        gone_least += max(0, each.most - outside)
    return max(0, entries - gone_most), max(0, entries - min(gone_least, entries))


def _problem(
    number: int, stage: PlanStage, places: int, least: int, tickets: int
) -> Warning_ | None:
    if tickets > MAX_TICKETS:
        text = "Stage %(stage)s would have more tickets than a draw can have."
        return Warning_("tickets_many", text, {"stage": number}, number)
    if stage.winners == "all" and least == 0 and stage.unfilled == "refuse":
        text = "Nobody may be left for stage %(stage)s to rank."
        return Warning_("nobody_left", text, {"stage": number}, number)
    if stage.winners != "all" and stage.unfilled == "refuse" and places > least:
        text = "Stage %(stage)s has %(places)s places, but perhaps only %(least)s can win them."
        values: dict[str, str | int] = {"stage": number, "places": places, "least": least}
        return Warning_("places_many", text, values, number)
    return None


def _pools(plan: Plan, counts: Mapping[str, PoolCount]) -> list[Warning_]:
    found = []
    drawn = {pool for stage in plan.stages for pool in stage.pools}
    for pool in plan.pools:
        if counts and not counts.get(pool.id, PoolCount(0, 0)).entries:
            text = "Nobody in the list is in pool %(pool)s."
            found.append(Warning_("pool_empty", text, {"pool": pool.id}))
        if pool.id not in drawn:
            text = "No stage draws from pool %(pool)s."
            found.append(Warning_("pool_unused", text, {"pool": pool.id}))
    return found


def _carried(stages: list[StagePreview], carried: int) -> list[Warning_]:
    """Places that the last stage would carry over to a stage that there is not."""
    if not carried:
        return []
    text = "Up to %(places)s places of the last stage may stay empty: no stage follows."
    return [Warning_("carried_nowhere", text, {"places": carried}, stages[-1].stage)]
