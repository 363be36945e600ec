"""Messages onto the ledger: ready → timestamped → anchored, each by one compare-and-swap, one
message after another.

One at a time, because each is judged by the state that those before it have made. A message that
waits (its authority or ledger is down) keeps those behind it waiting, visibly. Whatever dies
between two steps is found again: token and entry are stored before the ledger is asked.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any, Final

import rfc8785
import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from chain_adapter import Digest, Entry, Fatal, digest_of
from chain_adapter.consortium import Refused, Rule, decode, genesis_content
from chain_adapter.consortium.gate import KIND
from chain_adapter.keys import meta_digest
from chain_adapter.supplement import Supplement
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.consortium.membership import Membership
from portal.consortium.models import GENESIS, ConsortiumMessage, State
from portal.consortium.tools import Tools
from portal.database import advance
from portal.jobs.recording import prove_final, record_once
from portal.jobs.waiting import goes_on, wait_for, waits
from timestamping.stored import from_text, reverified, to_text
from timestamping.token import Token

_log = structlog.get_logger(__name__)
_WORKER: Final = Actor.process("worker")
#: opaque: the consortium's signers stand in the content
_BY: Final = "consortium"
_SCHEMA: Final = "notary/member/v1"
#: Steps a call makes at most.
_STEPS: Final = 64


class Anchoring:
    """May run in any number of threads and processes at once."""

    def __init__(self, tools: Tools, membership: Membership) -> None:
        self._tools = tools
        self._membership = membership
        self._begun = False

    def advance(self) -> int:
        """Move what is due; the number of moves."""
        if not self._membership.active:
            return 0
        self._begin()
        moves = self._expire()
        for _ in range(_STEPS):
            row = self._due()
            if row is None or not self._step(row):
                break
            moves += 1
        return moves

    def _begin(self) -> None:
        """The rule of the settings becomes the genesis, once and for all."""
        path = self._tools.settings.consortium_rule
        if self._begun or path is None:
            return
        rule = read_rule(self._tools.settings.path(str(path)))
        with self._tools.database.reading() as session:
            there = session.scalar(
                select(ConsortiumMessage.id).where(ConsortiumMessage.type == GENESIS)
            )
        if there is None:
            self._found(rule)
        elif there != rule.digest.hex():
            _log.error("consortium_rule_differs", recorded=there, given=rule.digest.hex())
        self._begun = True

    def _found(self, rule: Rule) -> None:
        now = self._tools.clock()
        row = ConsortiumMessage(
            id=rule.digest.hex(),
            type=GENESIS,
            member="",
            content=genesis_content(rule),
            expires=0,
            salt=secrets.token_bytes(32),
            started_at=now,
            started_by=_WORKER.id,
            ready_at=now,
            state=State.READY,
            attempts=0,
            next_attempt_at=now,
        )
        try:
            with self._tools.database.transaction() as session:
                session.add(row)
                record(session, _WORKER, "consortium.founded", row.subject, {"rule": row.id})
        except IntegrityError:  # another process was first
            return

    def _expire(self) -> int:
        """Messages whose time ran out while they collected signatures."""
        now = int(self._tools.clock().timestamp())
        table = ConsortiumMessage
        late = select(table).where(table.state == State.COLLECTING, table.expires <= now)
        with self._tools.database.reading() as session:
            rows = list(session.scalars(late))
        return sum(self._refuse(row, "expired") for row in rows)

    def _due(self) -> ConsortiumMessage | None:
        """The one message that is next; None when it has to wait."""
        table = ConsortiumMessage
        query = (
            select(table)
            .where(table.state.in_((State.READY, State.TIMESTAMPED)))
            .order_by(table.state.desc(), table.ready_at, table.id)
            .limit(1)
        )
        with self._tools.database.reading() as session:
            row = session.scalar(query)
        if row is None or row.next_attempt_at > self._tools.clock():
            return None
        return row

    def _step(self, row: ConsortiumMessage) -> bool:
        try:
            return self._stamp(row) if row.state == State.READY else self._anchor(row)
        except Exception as error:  # noqa: BLE001 - recorded as the reason
            self._wait(row, error)
            return False

    def _stamp(self, row: ConsortiumMessage) -> bool:
        """A verified token over the message, judged once more at the token's time: that is when
        the ledger's readers will judge it."""
        refused = self._refusal(row, int(self._tools.clock().timestamp()))
        if refused is not None:
            return self._turned_down(row, refused)
        digest = digest_of(row.content)
        token = reverified(self._tools.stamper.stamp(digest), digest, self._tools.stamper.trust())
        refused = self._refusal(row, int(token.gen_time.timestamp()))
        if refused is not None:
            return self._turned_down(row, refused)
        values = {
            "stamps": to_text(token),
            "gen_time": token.gen_time,
            "entry": self._entry(row, digest, token).encode(),
        }
        with self._tools.database.transaction() as session:
            return advance(
                session,
                ConsortiumMessage,
                row.id,
                State.READY,
                state=State.TIMESTAMPED,
                **goes_on(self._tools.clock()),
                **values,
            )

    def _entry(self, row: ConsortiumMessage, digest: Digest, token: Token) -> Entry:
        key = self._tools.entry_key
        said = {"schema": _SCHEMA, "type": row.type}
        return key.sign(
            Entry(
                kind=KIND,
                id=row.id,
                digests=(digest,),
                token=token.sha256,
                meta=meta_digest(row.salt, said),
                by=_BY,
                platform=key.key_id,
            )
        )

    def _anchor(self, row: ConsortiumMessage) -> bool:
        """No verified token, no ledger write: the stored one is judged once more."""
        digest = digest_of(row.content)
        token = reverified(from_text(row.stamps or ""), digest, self._tools.stamper.trust())
        entry = Entry.decode(row.entry or b"")
        if entry.token != token.sha256 or entry.digests != (digest,):
            raise Fatal("the stored entry names another token or digest than the message's")
        ledger = self._tools.ledger
        receipt = record_once(ledger, entry, Supplement(token.der, content=row.content))
        proof = prove_final(ledger, entry, receipt, self._tools.ledger_trust())
        values: dict[str, Any] = {
            "receipt": receipt.to_json().decode(),
            "proof": proof.encode().decode(),
            "position": receipt.position,
            "anchored_at": self._tools.clock(),
        }
        with self._tools.database.transaction() as session:
            moved = advance(
                session,
                ConsortiumMessage,
                row.id,
                State.TIMESTAMPED,
                state=State.ANCHORED,
                **goes_on(self._tools.clock()),
                **values,
            )
            if moved:
                detail: dict[str, str | int] = {"type": row.type, "position": receipt.position}
                record(session, _WORKER, "consortium.anchored", row.subject, detail)
        return moved

    def _refusal(self, row: ConsortiumMessage, now: int) -> Refused | None:
        if row.type == GENESIS:
            return None
        message = decode(row.content)
        return self._membership.ask(lambda consortium: consortium.check(message, now))

    def _turned_down(self, row: ConsortiumMessage, refused: Refused) -> bool:
        """Something else counted first. Who only lacks signatures now may collect them again."""
        if refused.code != "not_enough":
            return self._refuse(row, refused.code)
        with self._tools.database.transaction() as session:
            return advance(session, ConsortiumMessage, row.id, row.state, state=State.COLLECTING)

    def _refuse(self, row: ConsortiumMessage, code: str) -> bool:
        with self._tools.database.transaction() as session:
            values = {"state": State.REFUSED, "refusal": code, "wait_reason": None}
            moved = advance(session, ConsortiumMessage, row.id, row.state, **values)
            if moved:
                record(session, _WORKER, "consortium.refused", row.subject, {"code": code})
        return moved

    def _wait(self, row: ConsortiumMessage, error: Exception) -> None:
        """Let it wait with its reason; the log names a reason when it is a new one."""
        wait = wait_for(error)
        with self._tools.database.transaction() as session:
            result = session.execute(
                update(ConsortiumMessage)
                .where(ConsortiumMessage.id == row.id, ConsortiumMessage.state == row.state)
                .values(waits(wait, row.attempts, self._tools.clock()))
                .execution_options(synchronize_session=False)
            )
            if result.rowcount and row.wait_reason != wait.code:  # type: ignore[attr-defined]
                detail = {"step": str(row.state), "reason": wait.code}
                record(session, _WORKER, "consortium.waiting", row.subject, detail)


def read_rule(path: Path) -> Rule:
    """The rule in a file, in any spelling of JSON.

    Raises:
        Fatal: it cannot be read, or is no rule.
    """
    try:
        return Rule.from_json(rfc8785.dumps(json.loads(path.read_bytes())))
    except (OSError, ValueError, Refused) as error:
        raise Fatal(f"CONSORTIUM_RULE names {path}, which holds no rule: {error}") from error
