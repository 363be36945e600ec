"""What the pages show: members, the rule, messages and who still has to sign, the history of keys.

Everything here is public, as it stands on the ledger; names are those of the rule.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence

from sqlalchemy import select

from chain_adapter.consortium import (
    Consortium,
    KeyEvent,
    Rule,
    decode,
    read_genesis,
)
from chain_adapter.consortium.shapes import shown
from portal.consortium.accounts import Accounting, Accounts
from portal.consortium.collecting import no_consortium
from portal.consortium.membership import Membership
from portal.consortium.models import GENESIS, ConsortiumMessage, State
from portal.consortium.shown import Account, KeyChange, Overview, Shown, moment
from portal.consortium.tools import Tools
from portal.consortium.ways import signers, ways
from portal.problems import NotFound


class Reading:
    """Safe from any thread; nothing here changes anything."""

    def __init__(self, tools: Tools, membership: Membership) -> None:
        self._tools = tools
        self._membership = membership
        self._accounting = Accounting()

    def overview(self) -> Overview:
        """Raises NotFound where there is no consortium."""
        found = self._membership.ask(_overview)
        if found is None:
            raise no_consortium()
        return found

    def accounts(self) -> tuple[Account, ...]:
        """All members, in the order of their first registration."""
        return self._accounts().rows

    def account(self, identity: str) -> Account:
        """Raises NotFound for an identity that never registered."""
        found = self._accounts().named.get(identity)
        if found is None:
            raise NotFound("no_member", "There is no member with this identity.")
        return found

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

    def _accounts(self) -> Accounts:
        found = self._membership.ask(self._accounting.accounts)
        if found is None:
            raise no_consortium()
        return found

    def _all(self, query: object) -> list[Shown]:
        with self._tools.database.reading() as session:
            rows: Sequence[ConsortiumMessage] = session.scalars(query).all()  # type: ignore[call-overload]
        return [self._shown(row) for row in rows]

    def _shown(self, row: ConsortiumMessage) -> Shown:
        if row.type == GENESIS:
            return Shown(row, None, (), ())
        message = decode(row.content)
        asked = self._membership.ask(
            lambda each: (signers(each.state, message), ways(each.state, message))
        )
        signed, open_ways = asked or ((), ())
        effect = self._membership.without_effect.get(row.id, "")
        return Shown(row, message, signed, open_ways, effect)


def genesis_rule(row: ConsortiumMessage) -> Rule:
    """The rule of the genesis row."""
    return read_genesis(row.content)


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
