"""The plan of a draw: as JSON in its row, and checked when somebody saves it.

A draft may be unfinished, so what is merely missing is an obstacle to the freeze
(:mod:`portal.draws.freezing`); what could never be right is refused at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final

from portal.draws.shapes import UNFILLED, VOID_REASONS, Layout, Plan, PlanPool, PlanStage
from portal.problems import BadInput
from portal.texts import line, prose

MAX_TITLE: Final = 200
MAX_RULES: Final = 20_000
MAX_POOLS: Final = 64
MAX_STAGES: Final = 64
MAX_WEIGHT: Final = 10_000
MAX_PLACES: Final = 2**32 - 1
MAX_SAMPLE: Final = 10_000
_POOL: Final = re.compile(r"[A-Za-z0-9_-]{1,16}", re.ASCII)
_SOURCES: Final = (("dice",), ("drand",), ("dice", "drand"))
_TIMES: Final = ("announced_at", "draw_at")


def encode(plan: Plan) -> str:
    """``plan`` for its row; :func:`decode` reads it again."""
    value = asdict(plan)
    for name in _TIMES:
        value[name] = value[name].isoformat() if value[name] else None
    return json.dumps(value, ensure_ascii=False)


def decode(text: str) -> Plan:
    """The plan that :func:`encode` wrote."""
    return plan_of(json.loads(text))


def plan_of(value: dict[str, Any]) -> Plan:
    """A plan from its JSON form, which may lack anything.

    Raises:
        BadInput: a value of the wrong kind.
    """
    known = {name: value[name] for name in Plan.__dataclass_fields__ if name in value}
    try:
        for name in _TIMES:
            moment = datetime.fromisoformat(known[name]) if known.get(name) else None
            if moment is not None and moment.tzinfo is None:
                raise BadInput("time_zone", "A time needs its zone.", field=name)
            known[name] = moment
        if "pools" in known:
            known["pools"] = tuple(PlanPool(**each) for each in known["pools"])
        if "stages" in known:
            known["stages"] = tuple(
                PlanStage(**each | {"pools": tuple(each.get("pools", ()))})
                for each in known["stages"]
            )
        for name in ("public", "void_reasons"):
            if name in known:
                known[name] = tuple(known[name])
        if known.get("layout"):
            known["layout"] = layout_of(known["layout"])
        return Plan(**known)
    except (TypeError, ValueError, AttributeError) as error:
        raise BadInput("plan_form", "This is not the plan of a draw.", field="plan") from error


def layout_of(value: dict[str, Any]) -> Layout:
    """A layout from its JSON form."""
    return Layout(**value | {"public": tuple(value.get("public", ()))})


def checked(plan: Plan) -> Plan:
    """``plan`` with its texts trimmed.

    Raises:
        BadInput: naming the field: ``title_zh``, ``pools-0-id``, ``stages-2-winners`` and so on.
    """
    _number("max_weight", plan.max_weight, 1, MAX_WEIGHT)
    _number("dice_minimum", plan.dice_minimum, 50, 1000)
    _number("beacon_minutes", plan.beacon_minutes, 2, 7 * 24 * 60)
    _number("retry_hours", plan.retry_hours, 1, 30 * 24)
    _number("attempts", plan.attempts, 1, 2)
    _number("audit_sample", plan.audit_sample, 0, MAX_SAMPLE)
    if plan.threshold is not None:
        _number("threshold", plan.threshold, 2, 8)
    _choice("public", tuple(plan.public), _SOURCES)
    _choice("duplicates", plan.duplicates, ("refuse", "first"))
    if not plan.void_reasons or not set(plan.void_reasons) <= set(VOID_REASONS):
        message = "Choose at least one of the reasons the draw may be voided for."
        raise BadInput("void_reasons", message, field="void_reasons")
    pools = tuple(_pool(place, each) for place, each in enumerate(_several("pools", plan.pools)))
    ids = [each.id for each in pools]
    if len(set(ids)) != len(ids):
        raise BadInput("pool_twice", "Two pools have the same name in the list.", field="pools")
    stages = _several("stages", plan.stages)
    return replace(
        plan,
        title_zh=line("title_zh", plan.title_zh, MAX_TITLE),
        title_en=line("title_en", plan.title_en, MAX_TITLE),
        organiser=line("organiser", plan.organiser, MAX_TITLE),
        rules_zh=prose("rules_zh", plan.rules_zh, MAX_RULES),
        rules_en=prose("rules_en", plan.rules_en, MAX_RULES),
        pools=pools,
        stages=tuple(_stage(place, each, ids) for place, each in enumerate(stages)),
        void_reasons=tuple(name for name in VOID_REASONS if name in plan.void_reasons),
    )


def _several(name: str, values: Sequence[Any]) -> Sequence[Any]:
    limit = MAX_POOLS if name == "pools" else MAX_STAGES
    if not 1 <= len(values) <= limit:
        message = "There are 1 to %(limit)s of these."
        raise BadInput("too_many", message, field=name, limit=limit)
    return values


def _pool(place: int, pool: PlanPool) -> PlanPool:
    if not isinstance(pool.id, str) or not _POOL.fullmatch(pool.id):
        message = "A pool's name in the list has 1 to 16 letters, digits, hyphens or underscores."
        raise BadInput("pool_id", message, field=f"pools-{place}-id")
    return PlanPool(
        pool.id,
        line(f"pools-{place}-zh", pool.zh, MAX_TITLE),
        line(f"pools-{place}-en", pool.en, MAX_TITLE),
    )


def _stage(place: int, stage: PlanStage, pools: Sequence[str]) -> PlanStage:
    at = f"stages-{place}"
    if stage.winners != "all":
        _number(f"{at}-winners", stage.winners, 1, MAX_PLACES)
    _number(f"{at}-alternates", stage.alternates, 0, MAX_PLACES)
    if stage.winners == "all" and stage.alternates:
        message = "Where everybody is ranked, nobody is left to be an alternate."
        raise BadInput("ranking_alternates", message, field=f"{at}-alternates")
    _choice(f"{at}-unfilled", stage.unfilled, UNFILLED)
    if not stage.pools or len(set(stage.pools)) != len(stage.pools):
        message = "Choose the pools that this stage draws from."
        raise BadInput("stage_pools", message, field=f"{at}-pools")
    if not set(stage.pools) <= set(pools):
        message = "This stage draws from a pool that there is not."
        raise BadInput("stage_pools", message, field=f"{at}-pools")
    return replace(
        stage,
        zh=line(f"{at}-zh", stage.zh, MAX_TITLE),
        en=line(f"{at}-en", stage.en, MAX_TITLE),
        repeat=bool(stage.repeat),
    )


def _number(field: str, value: object, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        message = "This is a whole number from %(least)s to %(most)s."
        raise BadInput("number_range", message, field=field, least=least, most=most)


def _choice(field: str, value: object, choices: Sequence[object]) -> None:
    if value not in choices:
        raise BadInput("choice", "This is none of the choices.", field=field)
