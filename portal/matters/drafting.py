"""Drafts of applications: beginning one, saying what it is about, forgetting it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.service import record
from portal.deposits import access as deposit_access
from portal.deposits.models import Deposit, State
from portal.matters import access, materials, rules, writing
from portal.matters.kit import Kit
from portal.matters.models import (
    Matter,
    MatterDocument,
    MatterMaterial,
    MatterMessage,
    MatterParty,
    MatterState,
)
from portal.matters.parties import forget_content
from portal.matters.shapes import LANGUAGES, Application
from portal.problems import BadInput, Conflict, Forbidden, NotFound

#: drafts and applications under way of one person or organisation
MOST_OPEN: Final = 200
_SEALED: Final = (State.ANCHORED, State.ISSUED)
_UNDER_WAY: Final = (MatterState.DRAFT, MatterState.SUBMITTED, MatterState.ACCEPTED)


class Drafting:
    """Every method checks whose it is."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def create(self, actor: Actor, deposit_id: str, template: str | None) -> str:
        """Begin an application for a certificate of this deposit; its id. Whoever begins twice
        gets the same draft again.

        Raises:
            NotFound: no such deposit, or somebody else's.
            Forbidden: the actor only reads it.
            Conflict: it is not sealed yet, or too many applications are under way.
            BadInput: a template that such a deposit cannot have.
        """
        with self._kit.tools.database.transaction() as session:
            deposit = self._deposit(session, actor, deposit_id)
            offered = rules.templates_for(deposit.kind)
            if not offered:
                message = "Deposits that the notary's desk made are certified already."
                raise Conflict("not_offered", message)
            chosen = template or offered[0]
            if chosen not in offered:
                message = "Such a deposit cannot have this kind of certificate."
                raise BadInput("template", message, field="template")
            known = session.scalar(_draft_of(actor, deposit, chosen))
            if known is not None:
                return known
            self._check_quota(session, actor, deposit)
            matter = self._new(actor, deposit, chosen)
            session.add(matter)
            materials.keep_in_step(self._kit, session, matter)
            detail = {"number": matter.number, "deposit": deposit.number, "template": chosen}
            record(session, actor, "matter.created", matter.subject, detail)
        return matter.id

    def may_apply(self, actor: Actor, deposit_id: str) -> bool:
        """Whether the deposit is the actor's to apply for."""
        mine = select(Deposit.id).where(Deposit.id == deposit_id, deposit_access.changeable(actor))
        with self._kit.tools.database.reading() as session:
            return session.scalar(mine) is not None

    def save(
        self, actor: Actor, matter_id: str, stated: Application, *, partial: bool = False
    ) -> None:
        """Say what is applied for.

        Args:
            partial: a form on its way: what is missing is told later.

        Raises:
            NotFound, Forbidden, Conflict: see :func:`portal.matters.access.changeable`.
            BadInput: naming the field.
        """
        with self._kit.tools.database.transaction() as session:
            matter = access.changeable(session, actor, matter_id, MatterState.DRAFT)
            application = writing.checked(stated, partial=partial)
            application = self._in_language(session, matter, application)
            if application == application_of(matter):
                return
            for name in Application.__slots__:
                setattr(matter, name, getattr(application, name))
            dropped = materials.keep_in_step(self._kit, session, matter)
            self._kit.changed(matter)
            record(session, actor, "matter.described", matter.subject)
        forget_content(self._kit, dropped)

    def discard(self, actor: Actor, matter_id: str) -> None:
        """Forget a draft with everything in it.

        Raises:
            Conflict: it was submitted; it can be withdrawn.
        """
        with self._kit.tools.database.transaction() as session:
            matter = access.changeable(session, actor, matter_id, MatterState.DRAFT)
            mine = MatterDocument.matter_id == matter.id
            keys = list(session.scalars(select(MatterDocument.vault_key).where(mine)))
            session.execute(
                update(MatterParty).where(MatterParty.matter_id == matter.id).values(acts_for=None)
            )
            for table in (MatterDocument, MatterMaterial, MatterMessage, MatterParty):
                session.execute(delete(table).where(table.matter_id == matter.id))
            record(session, actor, "matter.discarded", matter.subject, {"number": matter.number})
            session.delete(matter)
        forget_content(self._kit, [key for key in keys if key])

    def _in_language(
        self, session: Session, matter: Matter, application: Application
    ) -> Application:
        """With the facts in the language chosen now, where these are still the usual words."""
        deposit = session.get_one(Deposit, matter.deposit_id)
        usual = {
            language: writing.first_facts(matter.template, deposit, language)
            for language in LANGUAGES
        }
        if application.facts in usual.values():
            return replace(application, facts=usual[application.language])
        return application

    def _deposit(self, session: Session, actor: Actor, deposit_id: str) -> Deposit:
        visible = Deposit.id == deposit_id, deposit_access.readable(actor)
        # Locked, so that whoever begins twice at once gets one draft.
        deposit = session.scalar(select(Deposit).where(*visible).with_for_update())
        if deposit is None:
            raise NotFound("deposit_not_found", "There is no such deposit.")
        mine = select(Deposit.id).where(Deposit.id == deposit_id, deposit_access.changeable(actor))
        if session.scalar(mine) is None:
            message = "You may read this deposit, but not apply for a certificate of it."
            raise Forbidden("reader_only", message)
        if deposit.state not in _SEALED:
            message = "This deposit is not sealed yet; apply as soon as its letter is issued."
            raise Conflict("not_sealed", message)
        return deposit

    def _new(self, actor: Actor, deposit: Deposit, template: str) -> Matter:
        application, now = writing.first_application(template, deposit), self._kit.now
        matter = Matter(
            number=self._kit.number(),
            owner_id=actor.id,
            organisation_id=deposit.organisation_id,
            deposit_id=deposit.id,
            template=template,
            state=MatterState.DRAFT,
            revision=0,
            fee="",
            second_needed=False,
            created_at=now,
            changed_at=now,
        )
        for name in Application.__slots__:
            setattr(matter, name, getattr(application, name))
        return matter

    def _check_quota(self, session: Session, actor: Actor, deposit: Deposit) -> None:
        query = select(func.count()).where(_held_as(actor, deposit), Matter.state.in_(_UNDER_WAY))
        if (session.scalar(query) or 0) >= MOST_OPEN:
            message = "At most %(limit)s applications may be under way at once."
            raise Conflict("matters_many", message, limit=MOST_OPEN)


def application_of(matter: Matter) -> Application:
    """What is applied for, as it stands."""
    return Application(**{name: getattr(matter, name) for name in Application.__slots__})


def _held_as(actor: Actor, deposit: Deposit) -> ColumnElement[bool]:
    if deposit.organisation_id is not None:
        return Matter.organisation_id == deposit.organisation_id
    return (Matter.owner_id == actor.id) & Matter.organisation_id.is_(None)


def _draft_of(actor: Actor, deposit: Deposit, template: str) -> Select[str]:
    return (
        select(Matter.id)
        .where(
            _held_as(actor, deposit),
            Matter.deposit_id == deposit.id,
            Matter.template == template,
            Matter.state == MatterState.DRAFT,
        )
        .limit(1)
    )
