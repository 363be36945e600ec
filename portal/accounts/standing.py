"""Whether accounts are open, and where their people are reached; for features that act later, when
nobody is signed in."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.models import User


def open_accounts(session: Session, ids: Collection[str]) -> set[str]:
    """Those of ``ids`` whose account is not closed."""
    if not ids:
        return set()
    return set(session.scalars(select(User.id).where(User.id.in_(ids), User.active)))


def address_of(session: Session, user_id: str) -> str | None:
    """The e-mail address of an open account."""
    return session.scalar(select(User.email).where(User.id == user_id, User.active))
