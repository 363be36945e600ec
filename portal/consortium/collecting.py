"""Messages come in: signed wholly, or by one, and then co-signed by others until they suffice.

What the rule would refuse is refused here with the rule's own code; what only lacks signatures
waits for them. Signatures are the authority: who hands a message in does not matter, except to the
custody log.
"""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from typing import Any, Final

import rfc8785
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chain_adapter.consortium import CODES, Act, Message, Refused, Register, Replace, decode
from chain_adapter.consortium.shapes import MAX_CONTENT
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.consortium.membership import Membership
from portal.consortium.models import ConsortiumMessage, State
from portal.consortium.tools import Tools
from portal.problems import BadInput, Conflict, NotFound, TooLarge

#: Open messages at once: a bound for those who start many and finish none.
MOST_OPEN: Final = 500


class Collecting:
    """Use cases up to state ``ready``."""

    def __init__(self, tools: Tools, membership: Membership) -> None:
        self._tools = tools
        self._membership = membership

    def post(self, actor: Actor, given: bytes) -> ConsortiumMessage:
        """Take a message, or further signatures of one that waits for them. JSON in any spelling.

        Raises:
            BadInput: not a message, or the rule refuses it; the code names which.
            Conflict: it is on its way or was carried out before.
            NotFound: there is no consortium.
        """
        message = read(given)
        found = self._membership.ask(lambda consortium: message.id(consortium.domain).hex())
        if found is None:
            raise no_consortium()
        with self._tools.database.transaction() as session:
            row = self._row(session, found)
            if row is None:
                row = self._started(session, actor, message, found)
            else:
                self._joined(session, actor, row, message)
        if row.state == State.READY:
            self._tools.nudge()
        return row

    def _row(self, session: Session, found: str) -> ConsortiumMessage | None:
        query = select(ConsortiumMessage).where(ConsortiumMessage.id == found)
        row = session.scalar(query.with_for_update())
        if row is not None and row.state != State.COLLECTING:
            message = "This message was handed in before; it collects no signatures any more."
            raise Conflict("consortium_known", message)
        return row

    def _started(
        self, session: Session, actor: Actor, message: Message, found: str
    ) -> ConsortiumMessage:
        state, now = self._judged(message), self._tools.clock()
        if not message.signatures:
            raise BadInput("consortium_unsigned", "A message needs the signature of who starts it.")
        waiting = select(func.count()).where(ConsortiumMessage.state == State.COLLECTING)
        if (session.scalar(waiting) or 0) >= MOST_OPEN:
            sentence = "Too many messages wait for signatures; some have to be finished first."
            raise Conflict("consortium_full", sentence)
        row = ConsortiumMessage(
            id=found,
            type=message.type,
            member=member_of(message),
            content=message.encode(),
            expires=message.expires,
            salt=secrets.token_bytes(32),
            started_at=now,
            started_by=actor.id,
            state=state,
            ready_at=now if state == State.READY else None,
            attempts=0,
            next_attempt_at=now,
        )
        session.add(row)
        session.flush()
        record(session, actor, "consortium.started", row.subject, {"type": message.type})
        return row

    def _joined(
        self, session: Session, actor: Actor, row: ConsortiumMessage, message: Message
    ) -> None:
        """The same message with what both bring; what is newer counts."""
        merged = _merged(decode(row.content), message)
        if merged.encode() == row.content:
            raise Conflict("consortium_nothing_new", "These signatures are there already.")
        state = self._judged(merged)
        row.content = merged.encode()
        if state == State.READY:
            now = self._tools.clock()
            row.state, row.ready_at, row.next_attempt_at = state, now, now
        detail = {"signatures": len(merged.signatures)}
        record(session, actor, "consortium.signed", row.subject, detail)

    def _judged(self, message: Message) -> State:
        """Ready, or still collecting.

        Raises:
            BadInput: the rule refuses it, whoever else might sign.
        """
        now: datetime = self._tools.clock()
        refused = self._membership.refusal(message, now)
        if refused is None:
            return State.READY
        if refused.code == "not_enough":
            return State.COLLECTING
        raise refusal_problem(refused)


def read(given: bytes) -> Message:
    """A message in any spelling of JSON.

    Raises:
        BadInput, TooLarge: it is none.
    """
    if len(given) > MAX_CONTENT:
        sentence = "A message has at most %(limit)s bytes."
        raise TooLarge("consortium_too_large", sentence, limit=MAX_CONTENT)
    try:
        value: Any = json.loads(given)
        return decode(rfc8785.dumps(value))
    except Refused as refused:
        raise refusal_problem(refused) from refused
    except (ValueError, RecursionError, rfc8785.CanonicalizationError) as error:
        raise BadInput("consortium_malformed", CODES["malformed"][1]) from error


def refusal_problem(refused: Refused) -> BadInput:
    """The rule's refusal as an answer: its code and its sentence."""
    return BadInput(f"consortium_{refused.code}", CODES[refused.code][1], field="message")


def member_of(message: Message) -> str:
    """Whom it is about, as 64 hex digits; "" for nobody."""
    match message:
        case Register():
            return message.application.identity.hex()
        case Act():
            return message.member.hex()
        case Replace():
            return message.identity.hex()
    return ""


def no_consortium() -> NotFound:
    message = "This portal's ledger has no consortium, or its rule is not recorded yet."
    return NotFound("no_consortium", message)


def _merged(old: Message, new: Message) -> Message:
    merged = old.signed(*new.signatures)
    if isinstance(merged, Register) and isinstance(new, Register):
        merged = merged.certified(*new.certificates)
    return merged
