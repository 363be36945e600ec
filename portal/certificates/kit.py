"""What the parts of this feature work with, and what they ask of the features beside them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.checks.shapes import Standing
from portal.deposits.downloads import Downloads
from portal.deposits.letters import Letters
from portal.deposits.tools import Tools
from portal.matters.models import Matter
from portal.matters.shapes import Particulars
from portal.storage.sealing import Box

WORKER: Final = Actor.process("worker")
#: ``post(session, to, subject, text)``: in the caller's transaction, delivered later.
Post = Callable[[Session, str, str, str], Any]


class Checks(Protocol):
    """What certificates ask of checks."""

    def standing(
        self, session: Session, matter: Matter, check_id: str | None = None, /
    ) -> Standing: ...


class Matters(Protocol):
    """What certificates ask of matters."""

    def particulars_of(self, session: Session, matter: Matter, /) -> Sequence[Particulars]: ...


@dataclass(frozen=True)
class Kit:
    """``issuing`` keeps threads of one process from signing for the same number in vain."""

    tools: Tools
    box: Box
    matters: Matters
    checks: Checks
    post: Post
    issuing: threading.Lock = field(default_factory=threading.Lock)

    @property
    def now(self) -> datetime:
        return self.tools.clock()

    @property
    def letters(self) -> Letters:
        return Letters(self.tools)

    @property
    def downloads(self) -> Downloads:
        return Downloads(self.tools, self.letters)
