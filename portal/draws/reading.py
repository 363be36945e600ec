"""One draw as its organiser and its parties see it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from lottery.record import Record
from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.draws import access, plans
from portal.draws.access import Seen
from portal.draws.freezing import obstacles, parties_of, warnings_of
from portal.draws.kit import Kit
from portal.draws.models import Draw, DrawList, DrawParty, DrawState, DrawStatement
from portal.draws.previewing import preview
from portal.draws.reading_list import counts_of, list_view
from portal.draws.records import Records, waiting
from portal.draws.shapes import DrawView, ExpectedView, PartyView, Plan, StepView
from portal.draws.step_views import step_views


class Reading:
    """Every method checks whose draw it is."""

    def __init__(self, kit: Kit, records: Records) -> None:
        self._kit, self._tools, self._records = kit, kit.tools, records

    def get(self, actor: Actor, draw_id: str) -> DrawView:
        """Everything about it.

        Raises:
            NotFound: no such draw, or somebody else's.
        """
        with self._tools.database.reading() as session:
            seen = access.readable(session, actor, draw_id)
            draw = seen.draw
            known = self._records.load(session, draw) if draw.config is not None else None
            rows: Sequence[DrawStatement] = ()
            if known is not None:
                rows = waiting(session, draw_id, known.attempt)
            parties = parties_of(session, draw_id)
            listed = session.get(DrawList, draw_id)
            steps = tuple(step_views(session, draw_id))
            owner = session.scalar(select(User.name).where(User.id == draw.owner_id)) or ""
        return self._view(actor, seen, known, rows, parties, listed, steps, owner)

    def _view(
        self,
        actor: Actor,
        seen: Seen,
        known: Record | None,
        rows: Sequence[DrawStatement],
        parties: Sequence[DrawParty],
        listed: DrawList | None,
        steps: tuple[StepView, ...],
        owner: str,
    ) -> DrawView:
        draw, settings, now = seen.draw, self._tools.settings, self._kit.now
        plan = plans.decode(draw.plan)
        expected = expected_of(known, rows)
        warnings = warnings_of(plan, draw.announced_at, now, settings.drand_urls)
        if draw.waived:
            warnings = [each for each in warnings if each.code != "seven_days"]
        ways = obstacles(plan, parties, listed, now) if draw.state == DrawState.DRAFT else []
        return DrawView(
            id=draw.id,
            title_zh=draw.title_zh,
            title_en=draw.title_en,
            state=draw.state,
            phase=known.phase if known else "",
            rehearsal=draw.rehearsal,
            attempt=known.attempt if known else 0,
            may_change=seen.may_change,
            party=seen.party.party if seen.party else "",
            role=seen.party.role if seen.party else "",
            owner_name=owner,
            plan=plan,
            parties=tuple(_party(each, actor, expected) for each in parties),
            list=list_view(listed) if listed is not None else None,
            preview=_preview(plan, listed),
            steps=steps,
            expected=expected,
            config=json.loads(draw.config) if draw.config else None,
            config_hash=draw.config_hash or "",
            draw_hash=known.draw_hash if known else "",
            created_at=draw.created_at,
            frozen_at=draw.frozen_at,
            announced_at=draw.announced_at,
            draw_at=plan.draw_at,
            beacon_at=known.beacon_at if known else None,
            warnings=tuple(warnings),
            obstacles=tuple(ways),
            freezable=draw.state == DrawState.DRAFT and not ways,
            wait=wait_of(draw, steps),
            wait_reason=draw.wait_reason or "",
            waived=draw.waived or "",
            deposit_id=draw.deposit_id,
            public_url=f"{settings.base_url.rstrip('/')}/draws/{draw.id}/",
        )


def expected_of(known: Record | None, rows: Sequence[DrawStatement]) -> tuple[ExpectedView, ...]:
    """Who has to hand in what, and who has already."""
    if known is None:
        return ()
    there = {(each.party, each.type) for each in rows}
    return tuple(
        ExpectedView(each.party, each.type, (each.party, each.type) in there)
        for each in known.expected()
    )


def wait_of(draw: Draw, steps: Sequence[StepView]) -> str:
    """Why the worker waits, in one English sentence: the last step's deposit, or its own reason."""
    if steps and not steps[-1].sealed and steps[-1].wait:
        return steps[-1].wait
    return draw.wait_detail or ""


def _preview(plan: Plan, listed: DrawList | None) -> Any:
    counts = counts_of(listed) if listed is not None else {}
    return preview(plan, counts) if counts else None


def _party(party: DrawParty, actor: Actor, expected: Sequence[ExpectedView]) -> PartyView:
    waits = [each.type for each in expected if each.party == party.party and not each.handed_in]
    return PartyView(
        id=party.party,
        role=party.role,
        name=party.name,
        email=party.email,
        joined=party.key is not None,
        you=party.user_id is not None and party.user_id == actor.id,
        claimed=party.claimed_at is not None,
        link_open=party.token_sha256 is not None,
        invited_at=party.invited_at,
        joined_at=party.joined_at,
        waiting_for=waits[0] if waits else "",
        key=party.key,
    )
