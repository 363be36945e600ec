"""What tests of accounts share: a mailbox that can be opened, and codes of an app."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from portal.accounts import totp
from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.service import entries_for
from portal.services import Services
from tests.totp import away_from_a_step

_LINK = re.compile(r"http://127\.0\.0\.1:8000(/\S+)")
EnableApp = Callable[[User], bytes]


class Mailbox:
    """What the portal sent, delivered now."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def mails(self, to: str = "") -> list[EmailMessage]:
        """Oldest first."""
        self._services.mail.deliver()
        folder = self._services.settings.path("mail")
        read = [
            message_from_bytes(path.read_bytes(), policy=policy.default)
            for path in sorted(folder.glob("*.eml"))
        ]
        return [mail for mail in read if not to or mail["To"] == to]  # type: ignore[misc]

    def text(self, to: str = "") -> str:
        """The text of the newest mail."""
        return str(self.mails(to)[-1].get_content())

    def links(self, to: str = "") -> list[str]:
        """The paths of the links in the newest mail."""
        return _LINK.findall(self.text(to))


@pytest.fixture
def mailbox(services: Services) -> Mailbox:
    return Mailbox(services)


@pytest.fixture
def enable_app(services: Services) -> EnableApp:
    """Set up somebody's authenticator app; its secret."""

    def enable(user: User) -> bytes:
        secret = services.accounts.factors.begin_app(user.id)
        actor = Actor(user.id, user.name, user.role_names)
        away_from_a_step(2)
        # The code before: the present one is left for signing in.
        services.accounts.factors.finish_app(actor, code_of(secret, -1))
        return secret

    return enable


@pytest.fixture
def actions(services: Services) -> Callable[[User], list[str]]:
    """What the custody log says about a person."""

    def read(user: User) -> list[str]:
        with services.database.reading() as session:
            return [entry.action for entry in entries_for(session, f"user:{user.id}")]

    return read


def code_of(secret: bytes, steps: int = 0) -> str:
    """The code shown now, or so many steps from now."""
    return totp.code_at(secret, totp.step_of(time.time()) + steps)
