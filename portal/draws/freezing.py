"""From the draft to the config: what stands in the way, and the one document that is frozen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from lottery.config import Config
from lottery.errors import BadConfig, BadList
from lottery.fields import timestamp
from lottery.listing import Listing as ListDocument
from lottery.randomness.drand import QUICKNET
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.draws import access, plans
from portal.draws.kit import Kit
from portal.draws.models import Draw, DrawList, DrawParty, DrawState, DrawStatement, ListState
from portal.draws.previewing import preview
from portal.draws.reading_list import counts_of, list_view
from portal.draws.shapes import Plan, Warning_
from portal.problems import BadInput, Conflict

#: An application for a draw is made at least so long ahead; a warning, which notaries may override.
NOTICE: Final = timedelta(days=7)


class Freezing:
    """Every method checks whose draw it is."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._tools = kit, kit.tools

    def freeze(self, actor: Actor, draw_id: str) -> bytes:
        """Fix plan, list and parties; the canonical config. Freezing again gives the same.

        Raises:
            NotFound, Forbidden: see :func:`portal.draws.access.organised`.
            Conflict: something stands in the way, or it began long ago.
        """
        with self._tools.database.transaction() as session:
            draw = access.organised(session, actor, draw_id)
            if draw.config is not None:
                return draw.config.encode()
            plan, parties = plans.decode(draw.plan), parties_of(session, draw_id)
            listed = session.get(DrawList, draw_id)
            found = obstacles(plan, parties, listed, self._kit.now)
            if found:
                first = found[0]
                raise Conflict("not_freezable", first.text, field=first.code, **first.params)
            assert listed is not None  # noqa: S101 - else an obstacle
            config = self._config(draw, plan, parties, listed)
            draw.config, draw.config_hash = config.bytes.decode(), config.hash
            draw.state, draw.frozen_at = DrawState.FROZEN, self._kit.now
            draw.changed_at = draw.frozen_at
            record(session, actor, "draw.frozen", draw.subject, {"config_hash": config.hash})
            return config.bytes

    def thaw(self, actor: Actor, draw_id: str) -> None:
        """Back to the draft.

        Raises:
            Conflict: the organiser has signed.
        """
        with self._tools.database.transaction() as session:
            draw = access.organised(session, actor, draw_id)
            if draw.state == DrawState.DRAFT:
                return
            signed = select(DrawStatement.id).where(DrawStatement.draw_id == draw_id).limit(1)
            if draw.state != DrawState.FROZEN or session.scalar(signed) is not None:
                message = "This draw was announced: nothing of it changes any more."
                raise Conflict("draw_announced", message)
            draw.state, draw.config, draw.config_hash = DrawState.DRAFT, None, None
            draw.frozen_at, draw.changed_at = None, self._kit.now
            record(session, actor, "draw.thawed", draw.subject)

    def _config(
        self, draw: Draw, plan: Plan, parties: Sequence[DrawParty], listed: DrawList
    ) -> Config:
        document = document_of(draw.id, plan, parties, self._kit.now)
        try:
            config = Config.parse(document)
            ListDocument.parse(json.loads(listed.document or "{}"), config)
        except BadConfig as error:
            message = "The plan cannot be frozen: %(reason)s."
            raise BadInput("plan", message, field=error.field, reason=str(error)) from error
        except BadList as error:
            message = "The list does not fit the plan: %(reason)s."
            raise Conflict("list_unfit", message, reason=str(error)) from error
        return config


def parties_of(session: Session, draw_id: str) -> list[DrawParty]:
    """In the order of the config."""
    query = select(DrawParty).where(DrawParty.draw_id == draw_id).order_by(DrawParty.place)
    return list(session.scalars(query))


def threshold_of(plan: Plan, parties: int) -> int:
    """How many shares recover a withheld secret."""
    return max(2, parties - 2) if plan.threshold is None else plan.threshold


def obstacles(
    plan: Plan, parties: Sequence[DrawParty], listed: DrawList | None, now: datetime
) -> list[Warning_]:
    """What keeps the draw from being frozen, in the order in which people go about it."""
    found = _of_the_plan(plan, now)
    found += _of_the_list(plan, listed)
    if not any(each.role == "notary" for each in parties):
        found.append(Warning_("notary_missing", "Invite the notary."))
    for each in parties:
        if each.key is None:
            text = "%(name)s has not joined yet."
            found.append(Warning_("party_missing", text, {"name": each.name}, party=each.party))
    most = len(parties) - 1
    if plan.threshold is not None and plan.threshold > most >= 2:
        text = "At most %(most)s parties hold shares of a secret: lower how many recover it."
        found.append(Warning_("threshold", text, {"most": most}))
    return found


def _of_the_plan(plan: Plan, now: datetime) -> list[Warning_]:
    found = []
    if not plan.organiser:
        found.append(Warning_("organiser_missing", "Say who organises the draw."))
    if not (plan.rules_zh or plan.rules_en):
        found.append(Warning_("rules_missing", "Write the rules of the draw."))
    if plan.draw_at is None:
        found.append(Warning_("time_missing", "Say when the draw is."))
    elif plan.draw_at <= now:
        found.append(Warning_("time_past", "The time of the draw has passed."))
    if plan.announced_at and plan.draw_at and plan.announced_at > plan.draw_at:
        text = "The draw cannot lie before its announcement."
        found.append(Warning_("announced_late", text))
    return found


def _of_the_list(plan: Plan, listed: DrawList | None) -> list[Warning_]:
    if listed is None or listed.state == ListState.GOING:
        return [Warning_("list_missing", "Upload the list of entries.")]
    view = list_view(listed)
    if view.layout is None:
        return [Warning_("columns_missing", "Say what the columns of the list mean.")]
    if listed.state != ListState.COMMITTED:
        if view.open_problems and listed.state in (ListState.SURVEYED, ListState.FAILED):
            text = "The list has problems: correct it and upload it once more."
            return [Warning_("list_problems", text)]
        return [Warning_("list_busy", "The list is still being read.")]
    shown = preview(plan, counts_of(listed))
    if shown.feasible:
        return []
    problems = [each.problem for each in shown.stages if each.problem is not None]
    return [*problems, *(each for each in shown.warnings if each.code == "pool_empty")]


def warnings_of(plan: Plan, announced: datetime | None, now: datetime, urls: str) -> list[Warning_]:
    """What a person should know and may override."""
    found = []
    if plan.draw_at is not None and not plan.rehearsal:
        notice = plan.draw_at - (announced or plan.announced_at or now)
        if notice < NOTICE:
            text = "A draw is applied for at least seven days ahead; this one leaves %(days)s."
            found.append(Warning_("seven_days", text, {"days": max(0, notice.days)}))
    if "drand" in plan.public and not urls.strip():
        text = "No address for the beacon is configured: the notary hands it in as a file."
        found.append(Warning_("beacon_file", text))
    return found


def document_of(
    draw_id: str, plan: Plan, parties: Sequence[DrawParty], now: datetime
) -> dict[str, Any]:
    """The config. Pools and stages without a name are called by their id and number."""
    assert plan.draw_at is not None  # noqa: S101 - else an obstacle
    return {
        "schema": "notary/draw-config/v1",
        "algorithm": "LOT-1",
        "draw": draw_id,
        "rehearsal": plan.rehearsal,
        "title": {"en": plan.title_en, "zh": plan.title_zh},
        "organiser": plan.organiser,
        "rules": {"en": plan.rules_en, "zh": plan.rules_zh},
        "columns": list(plan.layout.public) if plan.layout else [],
        "pools": [
            {"id": each.id, "name": _named(each.en, each.zh, each.id, each.id)}
            for each in plan.pools
        ],
        "stages": [
            {
                "name": _named(each.en, each.zh, f"Stage {number}", f"第 {number} 轮"),
                "pools": list(each.pools),
                "winners": each.winners,
                "alternates": each.alternates,
                "repeat": each.repeat,
                "unfilled": each.unfilled,
            }
            for number, each in enumerate(plan.stages, start=1)
        ],
        "max_weight": plan.max_weight,
        "parties": [
            {
                "id": each.party,
                "role": each.role,
                "name": each.name,
                "key": each.key,
                "box": each.box,
            }
            for each in parties
        ],
        "threshold": threshold_of(plan, len(parties)),
        "randomness": _randomness(plan, plan.draw_at),
        "schedule": {
            "announced_at": timestamp(min(plan.announced_at or now, plan.draw_at)),
            "draw_at": timestamp(plan.draw_at),
        },
        "void_reasons": list(plan.void_reasons),
        "attempts": plan.attempts,
        "audit": {"sample": plan.audit_sample},
    }


def _named(en: str, zh: str, plain_en: str, plain_zh: str) -> dict[str, str]:
    if not (en.strip() or zh.strip()):
        return {"en": plain_en, "zh": plain_zh}
    return {"en": en, "zh": zh}


def _randomness(plan: Plan, draw_at: datetime) -> dict[str, Any]:
    made: dict[str, Any] = {"public": list(plan.public)}
    if "dice" in plan.public:
        made["dice"] = {"minimum": plan.dice_minimum}
    if "drand" in plan.public:
        rounds = []
        moment = draw_at + timedelta(minutes=plan.beacon_minutes)
        for _ in range(plan.attempts):
            rounds.append(QUICKNET.first_round_from(moment))
            moment = QUICKNET.at(rounds[-1]) + timedelta(hours=plan.retry_hours)
        made["drand"] = QUICKNET.document(rounds)
    return made
