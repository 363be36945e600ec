"""Whose deposits are whose, as criteria for queries. Nothing else decides it.

A deposit belongs to whoever made it, or, when it was made for an organisation, to that
organisation and no longer to the person: who leaves the organisation leaves its deposits too.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Select, and_, or_, select

from portal.audit.actor import Actor
from portal.deposits.models import Deposit
from portal.organisations.models import CHANGING_ROLES, AccessGrant, Membership
from portal.problems import Forbidden


def listed(actor: Actor) -> ColumnElement[bool]:
    """What lists and counts show: the organisation's acted for, else one's own."""
    if actor.organisation:
        return Deposit.organisation_id == actor.organisation
    return _own(actor)


def readable(actor: Actor) -> ColumnElement[bool]:
    """What may be opened by its id: one's own, those of organisations one belongs to, and those
    one was given access to. A program acting for an organisation opens that one's alone."""
    if _program_of_organisation(actor):
        return Deposit.organisation_id == actor.organisation
    return or_(_own(actor), Deposit.organisation_id.in_(_organisations(actor)), granted(actor))


def changeable(actor: Actor) -> ColumnElement[bool]:
    """What may be changed: one's own, and those of organisations one does more than read in."""
    roles = tuple(sorted(CHANGING_ROLES))
    mine = Deposit.organisation_id.in_(_organisations(actor).where(Membership.role.in_(roles)))
    if _program_of_organisation(actor):
        return and_(Deposit.organisation_id == actor.organisation, mine)
    return or_(_own(actor), mine)


def granted(actor: Actor) -> ColumnElement[bool]:
    """Those the actor was given access to, which has neither ended nor been taken back."""
    now = datetime.now(UTC)
    return Deposit.id.in_(
        select(AccessGrant.deposit_id).where(
            AccessGrant.user_id == actor.id,
            AccessGrant.revoked_at.is_(None),
            or_(AccessGrant.until.is_(None), AccessGrant.until > now),
        )
    )


def check_depositing(actor: Actor) -> None:
    """Whether the actor may deposit for whom they act.

    Raises:
        Forbidden: they only read in the organisation.
    """
    if actor.organisation and actor.organisation_role not in CHANGING_ROLES:
        message = "You may read this organisation's deposits, but not deposit for it."
        raise Forbidden("reader_only", message)


def _own(actor: Actor) -> ColumnElement[bool]:
    return and_(Deposit.owner_id == actor.id, Deposit.organisation_id.is_(None))


def _organisations(actor: Actor) -> Select[str]:
    return select(Membership.organisation_id).where(Membership.user_id == actor.id)


def _program_of_organisation(actor: Actor) -> bool:
    # A key made for an organisation must not open what is private to whoever made it.
    return bool(actor.organisation) and actor.via == "api"
