"""What the parts of this feature work with, and the few things all of them say."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.deposits.numbers import new_number
from portal.deposits.tools import Tools
from portal.matters.models import Matter
from portal.storage.sealing import Box

#: ``post(session, to, subject, text)``: in the caller's transaction, delivered later.
Post = Callable[[Session, str, str, str], Any]
WORKER: Final = Actor.process("worker")


@dataclass(frozen=True)
class Kit:
    """``box`` seals what is known of people, ``post`` sends mail in the caller's transaction."""

    tools: Tools
    box: Box
    post: Post

    @property
    def now(self) -> datetime:
        return self.tools.clock()

    @property
    def today(self) -> date:
        """The office's date."""
        return self.now.astimezone(self.tools.settings.zone).date()

    def number(self) -> str:
        """``MA20261121-7K3M9QXT``: as letter numbers, in a series of its own."""
        number, _ = new_number(self.now, self.tools.settings.zone)
        return f"MA{number.removeprefix('NE')}"

    def link(self, matter: Matter, side: str) -> str:
        """The address of a matter's page, for mails to this side."""
        folder = "my/matters" if side == "applicant" else "desk/matters"
        return f"{self.tools.settings.base_url.rstrip('/')}/{folder}/{matter.id}"

    def changed(self, matter: Matter) -> None:
        """What is applied for is another from now on."""
        matter.revision += 1
        matter.changed_at = self.now


def vault_key() -> str:
    """A place in the vault for a document: unguessable, and never used twice."""
    return f"matter/{secrets.token_hex(20)}"
