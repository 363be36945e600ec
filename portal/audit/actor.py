"""Who acts. Every service call takes an Actor, never a web request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Via = Literal["web", "api", "cli", "worker"]


@dataclass(frozen=True)
class Actor:
    """A person or a process, as the custody log names it.

    Attributes:
        id: the user's id, or a process's name such as ``"worker"``.
        name: the name shown to people.
        roles: role names held at the moment of acting.
        address: the network address the request came from; empty for processes.
        via: the way in.
        organisation: id of the organisation acted for; empty when somebody acts for themselves.
        organisation_role: the actor's role in it: ``"manager"``, ``"member"`` or ``"reader"``.
        organisation_name: its name at the moment of acting.
    """

    id: str
    name: str
    roles: frozenset[str] = frozenset()
    address: str = ""
    via: Via = "web"
    organisation: str = ""
    organisation_role: str = ""
    organisation_name: str = ""

    @classmethod
    def process(cls, name: Literal["cli", "worker"]) -> Actor:
        """The portal itself acting, with nobody behind the keyboard."""
        return cls(id=name, name=name, via=name)

    @classmethod
    def nobody(cls, address: str = "", via: Via = "web") -> Actor:
        """A visitor who has not signed in."""
        return cls(id="", name="", address=address, via=via)

    def has(self, *roles: str) -> bool:
        """Whether the actor holds any of ``roles``."""
        return not self.roles.isdisjoint(roles)
