"""What the parts of this feature work with, and what they ask of the features beside them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.deposits.downloads import Downloads
from portal.deposits.letters import Letters
from portal.deposits.tools import Tools
from portal.matters.models import Matter
from portal.storage.sealing import Box

WORKER: Final = Actor.process("worker")
#: ``post(session, to, subject, text)``: in the caller's transaction, delivered later.
Post = Callable[[Session, str, str, str], Any]


class Standing(Protocol):
    """How the check of a matter stands; see :mod:`portal.checks`."""

    @property
    def check_id(self) -> str | None: ...
    @property
    def problem(self) -> str | None: ...
    @property
    def outcome(self) -> str | None: ...
    @property
    def sha256(self) -> str | None: ...
    @property
    def reasons(self) -> Mapping[str, str]: ...


class Checks(Protocol):
    """What certificates ask of checks."""

    def standing(
        self, session: Session, matter: Matter, check_id: str | None = None, /
    ) -> Standing: ...


class Particulars(Protocol):
    """A party as the certificate names it."""

    @property
    def id(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def document(self) -> str: ...
    @property
    def number(self) -> str: ...


class Matters(Protocol):
    """What certificates ask of matters."""

    def particulars_of(self, session: Session, matter: Matter, /) -> Sequence[Any]: ...


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
