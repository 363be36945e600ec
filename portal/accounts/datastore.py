"""Flask-Security's way to the tables, made fit for SQLite.

On SQLite a transaction that has read and then writes is refused when somebody else wrote in
between, and no waiting helps it. So every look-up here ends its read transaction at once; what
it loaded stays usable, and the write that follows starts a transaction of its own.
"""

from __future__ import annotations

from typing import Any, cast

from flask_security import SQLAlchemySessionUserDatastore
from sqlalchemy.orm import Session, scoped_session

from portal.accounts.models import Role, User


class PortalDatastore(SQLAlchemySessionUserDatastore):
    """Users and roles over the request's session."""

    def __init__(self, session: scoped_session[Session]) -> None:
        super().__init__(session, User, Role)
        self.session = session

    def find_user(self, case_insensitive: bool = False, **kwargs: Any) -> User | None:
        """As Flask-Security asks it; the read transaction is over on return."""
        user = super().find_user(case_insensitive, **kwargs)
        end_reading(self.session)
        return cast("User | None", user)

    def find_role(self, role: str) -> Role | None:
        """As Flask-Security asks it; the read transaction is over on return."""
        found = super().find_role(role)
        end_reading(self.session)
        return cast("Role | None", found)

    def create_user(self, **kwargs: Any) -> User:
        """A new person begins as a depositor."""
        kwargs.setdefault("roles", ["depositor"])
        return cast("User", super().create_user(**kwargs))


def end_reading(session: scoped_session[Session]) -> None:
    """End the read transaction, when nothing else is in it."""
    # A commit leaves loaded objects as they are (expire_on_commit is off). With changes pending
    # it would write them too early, and their transaction writes first anyway.
    if not (session.new or session.dirty or session.deleted):
        session.commit()
