"""What the pages show, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from chain_adapter.consortium import Act, Domain, Member, Message, Rule
from chain_adapter.consortium.offices import METHODS
from chain_adapter.consortium.shapes import ZERO, shown
from portal.consortium.models import ConsortiumMessage, State


@dataclass(frozen=True, slots=True)
class Account:
    """A member as shown. ``standing`` is "active", "limited" (or degraded), "blacklisted",
    "removed" or "branch_blocked"; ``above`` the identities above, the highest first."""

    member: Member
    standing: str
    level: str
    permissions: int
    above: tuple[str, ...]
    name: str

    @property
    def identity(self) -> str:
        return self.member.identity.hex()

    @property
    def parent(self) -> str:
        return "" if self.member.parent == ZERO else self.member.parent.hex()

    @property
    def account(self) -> str:
        return shown(self.member.account)

    @property
    def deposit_key(self) -> str:
        return "" if self.member.key == ZERO else self.member.key.hex()


@dataclass(frozen=True, slots=True)
class Way:
    """One way to complete a message: ``got`` of ``need`` signatures; ``open`` are who may still
    sign, by name."""

    name: str
    kind: str
    need: int
    got: int
    open: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody who has signed; ``name`` is the office's, or ""."""

    address: str
    name: str
    certificate: bool = False
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A message with its row. ``effect`` is a code when it stands on the ledger and changed
    nothing."""

    row: ConsortiumMessage
    message: Message | None
    signers: tuple[Signer, ...]
    ways: tuple[Way, ...]
    effect: str = ""

    @property
    def type(self) -> str:
        """What it is about: an act's own method, else the type."""
        if isinstance(self.message, Act):
            return next(name for name, bit in METHODS.items() if bit == self.message.method)
        return self.row.type

    @property
    def open(self) -> bool:
        return self.row.state == State.COLLECTING

    @property
    def expires(self) -> datetime | None:
        return moment(self.row.expires) if self.row.expires else None


@dataclass(frozen=True, slots=True)
class KeyChange:
    """``office`` is a name of the rule or an identity; ``message`` the id of what changed it."""

    role: str
    office: str
    old: str
    new: str
    at: datetime
    message: str


@dataclass(frozen=True, slots=True)
class Overview:
    """The rule in force and where its signatures count."""

    rule: Rule
    version: int
    authorities: tuple[str, ...]
    regulators: tuple[str, ...]
    domain: Domain
    counted: int


def moment(seconds: int) -> datetime:
    """Unix seconds as a time; what lies beyond the calendar as its end."""
    return datetime.fromtimestamp(min(seconds, 253_402_300_799), UTC)
