"""From what was typed into the wizard to a plan, and back again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from portal.draws.shapes import Plan, PlanPool, PlanStage, PoolCount
from portal.problems import BadInput

Values = dict[str, Any]
_TEXTS: Final = ("title_zh", "title_en", "organiser", "rules_zh", "rules_en")
_NUMBERS: Final = (
    *("max_weight", "dice_minimum", "beacon_minutes", "retry_hours"),
    *("attempts", "audit_sample"),
)
_TIMES: Final = ("announced_at", "draw_at")
_ROW: Final = re.compile(r"(pools|stages)-(\d{1,4})-")
_MOST_ROWS: Final = 64
_BIG: Final = re.compile(r"[\s,，_]")


def values_of(plan: Plan, zone: ZoneInfo) -> Values:
    """What the wizard's fields hold for a plan."""
    values: Values = {name: getattr(plan, name) for name in _TEXTS}
    values |= {name: str(getattr(plan, name)) for name in _NUMBERS}
    values |= {name: _local(getattr(plan, name), zone) for name in _TIMES}
    return values | {
        "rehearsal": plan.rehearsal,
        "threshold": "" if plan.threshold is None else str(plan.threshold),
        "public": list(plan.public),
        "void_reasons": list(plan.void_reasons),
        "pools": [{"id": each.id, "zh": each.zh, "en": each.en} for each in plan.pools],
        "stages": [_stage_values(each) for each in plan.stages],
    }


def typed(form: MultiDict[str, str]) -> Values:
    """Every field as it came, rows in the order in which they stand."""
    values: Values = {name: _text(form, name) for name in _TEXTS}
    values |= {name: form.get(name, "").strip() for name in (*_NUMBERS, *_TIMES, "threshold")}
    return values | {
        "rehearsal": bool(form.get("rehearsal")),
        "public": form.getlist("public"),
        "void_reasons": form.getlist("void_reasons"),
        "pools": [_row(form, f"pools-{row}-", ("id", "zh", "en")) for row in _rows(form, "pools")],
        "stages": [_stage_row(form, f"stages-{row}-") for row in _rows(form, "stages")],
    }


def plan_of(values: Values, before: Plan, zone: ZoneInfo) -> Plan:
    """``before`` with what was typed. Raises BadInput, naming the field."""
    pools = tuple(
        PlanPool(each["id"], each["zh"], each["en"])
        for each in values["pools"]
        if any(each.values())
    )
    every = tuple(each.id for each in pools)
    stages = tuple(
        _stage(row, each, every) for row, each in enumerate(values["stages"]) if _said(each)
    )
    changes: Values = {name: values[name] for name in _TEXTS}
    changes |= {name: _number(values[name], name) for name in _NUMBERS}
    changes |= {name: _moment(values[name], name, zone) for name in _TIMES}
    threshold = values["threshold"]
    return replace(
        before,
        **changes,
        rehearsal=values["rehearsal"],
        threshold=_number(threshold, "threshold") if threshold else None,
        public=tuple(name for name in ("dice", "drand") if name in values["public"]),
        void_reasons=tuple(values["void_reasons"]),
        pools=pools,
        stages=stages,
    )


def counts_of(form: MultiDict[str, str], pools: Iterable[str]) -> dict[str, PoolCount]:
    """Counts that were assumed while there is no list: ``count-A`` entries of ``weight-A`` each."""
    found: dict[str, PoolCount] = {}
    for pool in pools:
        entries = _number(form.get(f"count-{pool}", "") or "0", f"count-{pool}")
        weight = _number(form.get(f"weight-{pool}", "") or "1", f"weight-{pool}")
        found[pool] = PoolCount(entries, entries * weight)
    return found


def _stage_values(stage: PlanStage) -> Values:
    ranked = stage.winners == "all"
    return {
        "zh": stage.zh,
        "en": stage.en,
        "pools": ",".join(stage.pools),
        "winners": "" if ranked else str(stage.winners),
        "all": ranked,
        "alternates": str(stage.alternates),
        "repeat": stage.repeat,
        "unfilled": stage.unfilled,
    }


def _stage_row(form: MultiDict[str, str], begin: str) -> Values:
    values = _row(form, begin, ("zh", "en", "pools", "winners", "alternates", "unfilled"))
    return values | {name: bool(form.get(begin + name)) for name in ("all", "repeat")}


def _stage(row: int, values: Values, every: tuple[str, ...]) -> PlanStage:
    named = tuple(part for part in re.split(r"[\s,，、;；]+", values["pools"]) if part)
    place = f"stages-{row}"
    return PlanStage(
        zh=values["zh"],
        en=values["en"],
        pools=named or every,
        winners="all" if values["all"] else _number(values["winners"], f"{place}-winners"),
        alternates=0
        if values["all"]
        else _number(values["alternates"] or "0", f"{place}-alternates"),
        repeat=values["repeat"],
        unfilled=values["unfilled"] or "refuse",
    )


def _said(stage: Values) -> bool:
    """Whether anything was typed into the row; an empty one more is offered without scripts."""
    return bool(stage["zh"] or stage["en"] or stage["winners"] or stage["all"])


def _rows(form: MultiDict[str, str], kind: str) -> list[int]:
    found: dict[int, None] = {}
    for name in form:
        match = _ROW.match(name)
        if match and match[1] == kind:
            found[int(match[2])] = None
    if len(found) > _MOST_ROWS + 1:
        raise BadInput("rows", "There are at most %(most)s of them.", field=kind, most=_MOST_ROWS)
    return list(found)


def _row(form: MultiDict[str, str], begin: str, names: tuple[str, ...]) -> Values:
    return {name: form.get(begin + name, "").strip() for name in names}


def _text(form: MultiDict[str, str], name: str) -> str:
    return form.get(name, "").replace("\r\n", "\n").strip()


def _number(text: str, field: str) -> int:
    """Thousands may be set apart."""
    bare = _BIG.sub("", text)
    if not (bare.isascii() and bare.isdecimal() and len(bare) <= 12):
        raise BadInput("number", "Write a whole number here.", field=field)
    return int(bare)


def _moment(text: str, field: str, zone: ZoneInfo) -> datetime | None:
    """A ``datetime-local`` of the office's zone."""
    if not text:
        return None
    message = "A time is written as year-month-day and hours:minutes, e.g. 2026-11-21T09:00."
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(zone)
    except (ValueError, OverflowError) as error:
        raise BadInput("moment", message, field=field) from error


def _local(when: datetime | None, zone: ZoneInfo) -> str:
    return when.astimezone(zone).strftime("%Y-%m-%dT%H:%M") if when else ""
