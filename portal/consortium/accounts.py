"""The accounts that pages and API show, made from the members' state once for every state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chain_adapter.consortium import Consortium, Event, Member
from chain_adapter.consortium.shapes import ZERO
from chain_adapter.consortium.standing import permissions_of
from portal.consortium.shown import Account


@dataclass(frozen=True, slots=True)
class Accounts:
    """All members in the order of their first registration, and by their identity in
    hexadecimal. ``event`` is the last that had counted, None for the rule alone."""

    event: Event | None
    rows: tuple[Account, ...]
    named: Mapping[str, Account]


class Accounting:
    """Keeps the accounts of the state it was asked about last.

    Members change by events alone, so the last event says whether they are still the same,
    whichever process brought it onto the ledger. Not for several threads at once: asked within
    :meth:`Membership.ask`.
    """

    def __init__(self) -> None:
        self._kept: Accounts | None = None

    def accounts(self, found: Consortium) -> Accounts:
        """The accounts as they are in ``found``, which has to be the same consortium each time."""
        event = found.events[-1] if found.events else None
        if self._kept is None or self._kept.event != event:
            names = {each.member: each.name for each in found.state.rule.named}
            rows = tuple(_account(found, each, names) for each in found.members())
            self._kept = Accounts(event, rows, {each.identity: each for each in rows})
        return self._kept


def _account(found: Consortium, member: Member, names: Mapping[bytes, str]) -> Account:
    state = found.state
    levels = state.rule.levels
    level = levels[member.level].name if member.level < len(levels) else ""
    above: list[str] = []
    parent = member.parent
    while parent != ZERO:
        above.insert(0, parent.hex())
        parent = state.members[parent].parent
    return Account(
        member,
        _standing(found, member),
        level,
        permissions_of(state, member.identity),
        tuple(above),
        names.get(member.identity, ""),
    )


def _standing(found: Consortium, member: Member) -> str:
    blocked = found.state.blocked_by(member.identity)
    if blocked is None:
        lowered = member.denied or member.level != member.granted
        return "limited" if lowered else "active"
    if blocked is not member:
        return "branch_blocked"
    return "blacklisted" if member.blacklisted else "removed"
