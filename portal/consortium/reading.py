"""What the pages show: members, the rule, messages and who still has to sign, the history of keys.

Everything here is public, as it stands on the ledger; names are those of the rule.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from chain_adapter.consortium import (
    Act,
    Change,
    Consortium,
    KeyEvent,
    Member,
    Message,
    Register,
    Replace,
    Rotate,
    Rule,
    decode,
    read_genesis,
)
from chain_adapter.consortium.rule import METHODS
from chain_adapter.consortium.shapes import ZERO, shown
from chain_adapter.consortium.standing import permissions_of
from chain_adapter.consortium.state import State as Everything
from chain_adapter.consortium.typed import Domain
from portal.consortium.collecting import no_consortium
from portal.consortium.membership import Membership
from portal.consortium.models import GENESIS, ConsortiumMessage, State
from portal.consortium.tools import Tools
from portal.problems import NotFound


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


class Reading:
    """Safe from any thread; nothing here changes anything."""

    def __init__(self, tools: Tools, membership: Membership) -> None:
        self._tools = tools
        self._membership = membership

    def overview(self) -> Overview:
        """Raises NotFound where there is no consortium."""
        found = self._membership.ask(_overview)
        if found is None:
            raise no_consortium()
        return found

    def accounts(self) -> list[Account]:
        """All members, in the order of their first registration."""
        found = self._membership.ask(
            lambda each: [_account(each, member) for member in each.members()]
        )
        if found is None:
            raise no_consortium()
        return found

    def account(self, identity: str) -> Account:
        """Raises NotFound for an identity that never registered."""
        for each in self.accounts():
            if each.identity == identity:
                return each
        raise NotFound("no_member", "There is no member with this identity.")

    def message(self, message_id: str) -> Shown:
        """Raises NotFound."""
        with self._tools.database.reading() as session:
            row = session.get(ConsortiumMessage, message_id)
        if row is None:
            raise NotFound("no_message", "There is no such message.")
        return self._shown(row)

    def pending(self) -> list[Shown]:
        """What is not on the ledger yet, the newest first."""
        states = (State.COLLECTING, State.READY, State.TIMESTAMPED)
        query = (
            select(ConsortiumMessage)
            .where(ConsortiumMessage.state.in_(states))
            .order_by(ConsortiumMessage.started_at.desc())
            .limit(500)
        )
        return self._all(query)

    def latest(self, limit: int = 50) -> list[Shown]:
        """What stands on the ledger or was refused, the newest first."""
        table = ConsortiumMessage
        query = (
            select(table)
            .where(table.state.in_((State.ANCHORED, State.REFUSED)))
            .order_by(table.started_at.desc())
            .limit(limit)
        )
        return self._all(query)

    def about(self, identity: str) -> list[Shown]:
        """Every message about a member, oldest first."""
        table = ConsortiumMessage
        query = select(table).where(table.member == identity).order_by(table.started_at).limit(500)
        return self._all(query)

    def keys(self, identity: str | None = None) -> list[KeyChange]:
        """How offices' keys followed each other; or one member's keys."""
        found = self._membership.ask(lambda each: _changes(each, identity))
        return found or []

    def stream(self) -> bytes:
        """What ``python -m chain_adapter.consortium replay`` reads: everything on the ledger, in
        order, with the times of the tokens."""
        table = ConsortiumMessage
        query = (
            select(table.content, table.gen_time)
            .where(table.state == State.ANCHORED)
            .order_by(table.position)
        )
        with self._tools.database.reading() as session:
            rows = session.execute(query).all()
        lines = [
            json.dumps({"time": int(time.timestamp()), "content": b64encode(content).decode()})
            for content, time in rows
            if time is not None
        ]
        return "".join(f"{line}\n" for line in lines).encode()

    def _all(self, query: object) -> list[Shown]:
        with self._tools.database.reading() as session:
            rows: Sequence[ConsortiumMessage] = session.scalars(query).all()  # type: ignore[call-overload]
        return [self._shown(row) for row in rows]

    def _shown(self, row: ConsortiumMessage) -> Shown:
        if row.type == GENESIS:
            return Shown(row, None, (), ())
        message = decode(row.content)
        asked = self._membership.ask(
            lambda each: (_signers(each.state, message), _ways(each.state, message))
        )
        signers, ways = asked or ((), ())
        effect = self._membership.without_effect.get(row.id, "")
        return Shown(row, message, signers, ways, effect)


def genesis_rule(row: ConsortiumMessage) -> Rule:
    """The rule of the genesis row."""
    return read_genesis(row.content)


def moment(seconds: int) -> datetime:
    """Unix seconds as a time; what lies beyond the calendar as its end."""
    return datetime.fromtimestamp(min(seconds, 253_402_300_799), UTC)


def _overview(found: Consortium) -> Overview:
    state = found.state
    return Overview(
        state.rule,
        state.version,
        tuple(map(shown, state.authorities)),
        tuple(map(shown, state.regulators)),
        found.domain,
        len(found.events),
    )


def _account(found: Consortium, member: Member) -> Account:
    state = found.state
    blocked = state.blocked_by(member.identity)
    if blocked is not None and blocked is not member:
        standing = "branch_blocked"
    elif blocked is not None:
        standing = "blacklisted" if member.blacklisted else "removed"
    else:
        lowered = member.denied or member.level != member.granted
        standing = "limited" if lowered else "active"
    levels = state.rule.levels
    level = levels[member.level].name if member.level < len(levels) else ""
    above: list[str] = []
    parent = member.parent
    while parent != ZERO:
        above.insert(0, parent.hex())
        parent = state.members[parent].parent
    names = {each.member: each.name for each in state.rule.named}
    return Account(
        member,
        standing,
        level,
        permissions_of(state, member.identity),
        tuple(above),
        names.get(member.identity, ""),
    )


def _names(state: Everything) -> dict[bytes, str]:
    """The names behind today's keys."""
    rule = state.rule
    names = {key: each.name for key, each in zip(state.authorities, rule.authorities, strict=True)}
    names |= {key: each.name for key, each in zip(state.regulators, rule.regulators, strict=True)}
    for each in rule.named:
        if each.member in state.members:
            names[state.members[each.member].account] = each.name
    return names


def _signers(state: Everything, message: Message) -> tuple[Signer, ...]:
    names = _names(state)
    signed = [Signer(shown(each.signer), names.get(each.signer, "")) for each in message.signatures]
    if isinstance(message, Register):
        signed += [
            Signer(shown(each.authority), names.get(each.authority, ""), True, moment(each.until))
            for each in message.certificates
        ]
    return tuple(signed)


def _ways(state: Everything, message: Message) -> tuple[Way, ...]:
    """The ways in which a message can become complete, each with who may still sign."""
    signed = {each.signer for each in message.signatures}
    match message:
        case Register():
            certified = {each.authority for each in message.certificates}
            return (
                _both((message.application.account,), signed),
                Way(
                    "",
                    "authorities",
                    state.rule.certificates,
                    len(certified & set(state.authorities)),
                    _unsigned(
                        state.authorities,
                        [each.name for each in state.rule.authorities],
                        certified,
                    ),
                ),
            )
        case Act():
            return _acting(state, message.method, signed)
        case Change():
            return _groups(state, METHODS["change"], signed)
        case Rotate():
            return (_both((message.old, message.new), signed),)
        case Replace():
            member = state.members.get(message.identity)
            keys = {message.account} | ({member.account} if member else set())
            return (_both(tuple(sorted(keys)), signed),)
    return ()


def _acting(state: Everything, method: int, signed: set[bytes]) -> tuple[Way, ...]:
    rule = state.rule
    alone = [place for place, each in enumerate(rule.regulators) if each.methods & method]
    ways = list(_groups(state, method, signed))
    for place in alone:
        key, name = state.regulators[place], rule.regulators[place].name
        got = int(key in signed)
        ways.append(Way(name, "regulator", 1, got, () if got else (name,)))
    for each in rule.named:
        member = state.members.get(each.member)
        if each.methods & method and member is not None:
            got = int(member.account in signed)
            ways.append(Way(each.name, "named", 1, got, () if got else (each.name,)))
    return tuple(ways)


def _groups(state: Everything, method: int, signed: set[bytes]) -> tuple[Way, ...]:
    ways = []
    for group in state.rule.groups:
        if group.methods & method:
            keys = [state.regulators[place] for place in group.members]
            offices = [state.rule.regulators[place].name for place in group.members]
            got = sum(key in signed for key in keys)
            ways.append(Way(group.name, "group", group.need, got, _unsigned(keys, offices, signed)))
    return tuple(ways)


def _both(keys: tuple[bytes, ...], signed: set[bytes]) -> Way:
    left = tuple(shown(each) for each in keys if each not in signed)
    return Way("", "keys", len(keys), len(keys) - len(left), left)


def _unsigned(keys: Sequence[bytes], names: Sequence[str], signed: set[bytes]) -> tuple[str, ...]:
    return tuple(name for key, name in zip(keys, names, strict=True) if key not in signed)


def _changes(found: Consortium, identity: str | None) -> list[KeyChange]:
    rule = found.state.rule
    lists = {
        "authority": [each.name for each in rule.authorities],
        "regulator": [each.name for each in rule.regulators],
    }

    def office(event: KeyEvent) -> str:
        if isinstance(event.owner, bytes):
            return event.owner.hex()
        named = lists[event.role]
        return named[event.owner] if event.owner < len(named) else str(event.owner)

    def text(key: bytes | None) -> str:
        if not key or not any(key):
            return ""
        return shown(key) if len(key) == 20 else key.hex()

    return [
        KeyChange(
            each.role,
            office(each),
            text(each.old),
            text(each.new),
            moment(each.time),
            each.message.hex(),
        )
        for each in found.history
        if (identity is None and each.role in lists)
        or (isinstance(each.owner, bytes) and each.owner.hex() == identity)
    ]
