"""Drafts: beginning one, changing it, finding it in a list, forgetting it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from portal import cursors
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.deposits.access import check_depositing
from portal.draws import access, plans
from portal.draws.kit import Kit, actor_text
from portal.draws.models import (
    Draw,
    DrawList,
    DrawParty,
    DrawSnapshot,
    DrawState,
    DrawStatement,
    ListState,
)
from portal.draws.shapes import DrawLine, DrawPage, Plan
from portal.problems import BadInput, Conflict, Forbidden
from portal.texts import line

_ENDED: Final = (DrawState.COMPLETE, DrawState.CANCELLED)
#: Changes of these make the worker read the list anew.
_OF_THE_LIST: Final = ("pools", "max_weight")


class Drafting:
    """Every method checks whose draw it is."""

    def __init__(self, kit: Kit, portal_party: Callable[[Session, Draw], None]) -> None:
        """``portal_party`` adds the portal's own party to a new draw."""
        self._kit, self._tools, self._portal_party = kit, kit.tools, portal_party

    def create(self, actor: Actor, title_zh: str, title_en: str) -> str:
        """Begin a draft, with whoever begins it as its organiser; its id.

        Raises:
            Forbidden: not an organiser of draws, or only a reader of the organisation.
            BadInput: no title in either language.
            Conflict: too many draws are open.
        """
        self._kit.check_on()
        if not actor.has("organiser"):
            message = "This needs one of these roles: %(roles)s."
            raise Forbidden("role_missing", message, roles="organiser")
        check_depositing(actor)
        titles = [
            line(name, text, plans.MAX_TITLE)
            for name, text in (("title_zh", title_zh), ("title_en", title_en))
        ]
        if not any(titles):
            message = "Give the draw a title in at least one language."
            raise BadInput("title_missing", message, field="title_zh")
        name = actor.organisation_name or actor.name
        plan = Plan(title_zh=titles[0], title_en=titles[1], organiser=name)
        now = self._tools.clock()
        made = Draw(
            owner_id=actor.id,
            organisation_id=actor.organisation or None,
            actor=actor_text(actor),
            title_zh=titles[0],
            title_en=titles[1],
            plan=plans.encode(plan),
            state=DrawState.DRAFT,
            next_attempt_at=now,
            created_at=now,
            changed_at=now,
        )
        with self._tools.database.transaction() as session:
            self._check_quota(session, actor)
            session.add(made)
            session.flush()
            session.add(_organiser(made, actor, name))
            self._portal_party(session, made)
            record(session, actor, "draw.created", made.subject)
        return made.id

    def plan(self, actor: Actor, draw_id: str) -> Plan:
        """The draft as it stands, or what was frozen."""
        with self._tools.database.reading() as session:
            return plans.decode(access.readable(session, actor, draw_id).draw.plan)

    def save(self, actor: Actor, draw_id: str, plan: Plan) -> None:
        """Keep the draft; the layout and the policy on duplicates stay as they are.

        Raises:
            NotFound, Forbidden, Conflict: see :func:`portal.draws.access.changeable`.
            BadInput: naming the field.
        """
        plan = plans.checked(plan)
        if not (plan.title_zh or plan.title_en):
            message = "Give the draw a title in at least one language."
            raise BadInput("title_missing", message, field="title_zh")
        with self._tools.database.transaction() as session:
            draw = access.changeable(session, actor, draw_id)
            before = plans.decode(draw.plan)
            plan = replace(plan, layout=before.layout, duplicates=before.duplicates)
            if plan == before:
                return
            draw.plan = plans.encode(plan)
            draw.title_zh, draw.title_en = plan.title_zh, plan.title_en
            draw.rehearsal, draw.draw_at = plan.rehearsal, plan.draw_at
            self._changed(draw)
            if any(getattr(plan, name) != getattr(before, name) for name in _OF_THE_LIST):
                self._read_again(session, draw)
            organiser = session.get(DrawParty, (draw.id, "organiser"))
            if organiser is not None and plan.organiser:
                organiser.name = plan.organiser
            record(session, actor, "draw.planned", draw.subject)
        self._tools.nudge()

    def mine(self, actor: Actor, cursor: str | None, size: int) -> DrawPage:
        """One page of the actor's draws, the newest first.

        Raises:
            BadInput: a cursor that no page gave.
        """
        query = select(Draw).where(access.listed(actor))
        if cursor:
            query = query.where(cursors.before(cursor, Draw.created_at, Draw.id))
        query = query.order_by(Draw.created_at.desc(), Draw.id.desc()).limit(size + 1)
        with self._tools.database.reading() as session:
            rows = session.scalars(query).all()
            ids = [each.id for each in rows]
            roles = dict(
                session.execute(
                    select(DrawParty.draw_id, DrawParty.role).where(
                        DrawParty.draw_id.in_(ids), DrawParty.user_id == actor.id
                    )
                ).all()
            )
        more = len(rows) > size
        rows = rows[:size]
        following = cursors.cursor(rows[-1].created_at, rows[-1].id) if more else None
        return DrawPage(tuple(_line(each, roles.get(each.id, "")) for each in rows), following)

    def delete(self, actor: Actor, draw_id: str) -> None:
        """Forget a draft: its list goes at once, the rest with it.

        Raises:
            Conflict: it is frozen; what was announced is never taken back, only voided.
        """
        with self._tools.database.transaction() as session:
            draw = access.changeable(session, actor, draw_id)
            listed = session.get(DrawList, draw_id, with_for_update=True)
            if listed is not None and listed.state != ListState.GOING:
                message = "Remove the list of entries first."
                raise Conflict("list_there", message)
            for table in (DrawStatement, DrawSnapshot, DrawList, DrawParty):
                session.execute(delete(table).where(table.draw_id == draw_id))
            record(session, actor, "draw.deleted", draw.subject)
            session.delete(draw)

    def _check_quota(self, session: Session, actor: Actor) -> None:
        query = select(func.count()).select_from(Draw).where(Draw.state.not_in(_ENDED))
        if actor.organisation:
            query = query.where(Draw.organisation_id == actor.organisation)
        else:
            query = query.where(Draw.owner_id == actor.id, Draw.organisation_id.is_(None))
        limit = self._tools.settings.draw_open
        if (session.scalar(query) or 0) >= limit:
            message = "At most %(limit)s draws may be open at once; end or delete one first."
            raise Conflict("draws_many", message, limit=limit)

    def _changed(self, draw: Draw) -> None:
        draw.revision += 1
        draw.changed_at = self._tools.clock()

    def _read_again(self, session: Session, draw: Draw) -> None:
        """What was found in the list, or committed to, held for other pools."""
        listed = session.get(DrawList, draw.id, with_for_update=True)
        if listed is not None and listed.state != ListState.GOING:
            listed.state, listed.revision = ListState.SURVEY, listed.revision + 1
            listed.document = listed.problem = listed.problem_code = None
            listed.done = listed.total = listed.tries = 0
            listed.next_attempt_at = self._tools.clock()


def _organiser(draw: Draw, actor: Actor, name: str) -> DrawParty:
    now = draw.created_at
    return DrawParty(
        draw_id=draw.id,
        party="organiser",
        place=0,
        role="organiser",
        name=name,
        user_id=actor.id,
        invited_at=now,
        claimed_at=now,
    )


def _line(draw: Draw, role: str) -> DrawLine:
    return DrawLine(
        id=draw.id,
        title_zh=draw.title_zh,
        title_en=draw.title_en,
        state=draw.state,
        phase=draw.phase,
        attempt=draw.attempt,
        rehearsal=draw.rehearsal,
        role=role,
        draw_at=draw.draw_at,
        created_at=draw.created_at,
    )
