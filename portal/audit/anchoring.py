"""The chain's head goes onto the ledger: taken → timestamped → anchored, each by one
compare-and-swap.

A time-stamping authority or ledger that is down makes an anchor wait, with its reason in its row;
the log goes on meanwhile. Whatever dies between two steps is found again: the token and the signed
entry are stored before the ledger is asked, and the ledger is asked for the entry first.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol
from uuid import uuid4

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chain_adapter import Entry, EntryKey, Fatal, Ledger, Trust
from chain_adapter.supplement import Supplement
from portal import problems
from portal.audit.actor import Actor
from portal.audit.heads import head_digest, head_of, new_entry
from portal.audit.models import AuditAnchor, AuditEntry
from portal.audit.service import head, record
from portal.database import Database, advance
from portal.jobs.recording import prove_final, record_once
from portal.jobs.waiting import goes_on, wait_for, waits
from timestamping.stamper import Stamper
from timestamping.stored import from_text, reverified, to_text

_WORKER: Final = Actor.process("worker")
SUBJECT: Final = "audit:log"
#: Entries that anchoring itself makes: they alone are no reason for another anchor.
_OWN_ACTS: Final = ("audit.anchored", "audit.anchor_asked", "audit.anchor_waiting")


class AnchorState(StrEnum):
    TAKEN = "taken"
    TIMESTAMPED = "timestamped"
    ANCHORED = "anchored"


class Tools(Protocol):
    """What anchoring works with."""

    @property
    def database(self) -> Database: ...
    @property
    def stamper(self) -> Stamper: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def entry_key(self) -> EntryKey: ...
    def ledger_trust(self) -> Trust: ...
    def nudge(self) -> None: ...
    def clock(self) -> datetime: ...


class Anchoring:
    """May run in any number of threads and processes at once."""

    def __init__(self, tools: Tools, hours: int) -> None:
        self._tools = tools
        self._every = timedelta(hours=hours)

    def ask(self, actor: Actor) -> AuditAnchor:
        """Anchor the head now; the asking is part of what is anchored. An anchor that is on its
        way is tried again at once instead.

        Raises:
            Conflict: nothing has happened since the last anchor.
        """
        with self._tools.database.transaction() as session:
            anchor = _unfinished(session)
            if anchor is None and not _moved(session, _last(session)):
                message = "Nothing has been recorded since the last anchor."
                raise problems.Conflict("head_unmoved", message)
            record(session, actor, "audit.anchor_asked", SUBJECT)
            if anchor is None:
                anchor = self._take(session)
            else:
                anchor.next_attempt_at = self._tools.clock()
        self._tools.nudge()
        return anchor

    def daily(self) -> AuditAnchor | None:
        """Take the head when the last anchor is old enough and the chain has moved since."""
        if not self._every:
            return None
        with self._tools.database.reading() as session:
            if not self._due(session):
                return None
        try:
            with self._tools.database.transaction() as session:
                return self._take(session) if self._due(session) else None
        except IntegrityError:  # another process took the same head at this moment
            return None

    def advance(self) -> int:
        """Move whatever is due by one step; the number of moves."""
        due = (
            select(AuditAnchor)
            .where(AuditAnchor.state != AnchorState.ANCHORED)
            .where(AuditAnchor.next_attempt_at <= self._tools.clock())
            .order_by(AuditAnchor.size)
        )
        with self._tools.database.reading() as session:
            anchors = list(session.scalars(due))
        return sum(self._step(anchor) for anchor in anchors)

    def _due(self, session: Session) -> bool:
        last = _last(session)
        if last is not None and self._tools.clock() - last.taken_at < self._every:
            return False
        return _unfinished(session) is None and _moved(session, last)

    def _take(self, session: Session) -> AuditAnchor:
        end, now = head(session), self._tools.clock()
        anchor = AuditAnchor(
            id=str(uuid4()),
            size=end.size,
            hash=end.hash,
            salt=secrets.token_bytes(32),
            taken_at=now,
            state=AnchorState.TAKEN,
            next_attempt_at=now,
        )
        session.add(anchor)
        session.flush()
        return anchor

    def _step(self, anchor: AuditAnchor) -> bool:
        try:
            if anchor.state == AnchorState.TAKEN:
                return self._stamp(anchor)
            return self._anchor(anchor)
        except Exception as error:  # noqa: BLE001 - recorded as the reason
            self._wait(anchor, error)
            return False

    def _stamp(self, anchor: AuditAnchor) -> bool:
        """A verified token over the head, and the signed entry that names it."""
        digest = head_digest(head_of(anchor))
        token = self._tools.stamper.stamp(digest)
        token = reverified(token, digest, self._tools.stamper.trust())
        values = {
            "stamps": to_text(token),
            "gen_time": token.gen_time,
            "entry": new_entry(anchor, token, self._tools.entry_key).encode(),
        }
        with self._tools.database.transaction() as session:
            return self._move(session, anchor, AnchorState.TIMESTAMPED, values)

    def _anchor(self, anchor: AuditAnchor) -> bool:
        """No verified token, no ledger write: the stored one is judged once more."""
        digest = head_digest(head_of(anchor))
        token = reverified(from_text(anchor.stamps or ""), digest, self._tools.stamper.trust())
        entry = Entry.decode(anchor.entry or b"")
        if entry.token != token.sha256 or entry.digests != (digest,):
            raise Fatal("the stored entry names another token or digest than the head's")
        ledger = self._tools.ledger
        receipt = record_once(ledger, entry, Supplement(token.der))
        proof = prove_final(ledger, entry, receipt, self._tools.ledger_trust())
        values: dict[str, Any] = {
            "receipt": receipt.to_json().decode(),
            "proof": proof.encode().decode(),
            "anchored_at": self._tools.clock(),
        }
        with self._tools.database.transaction() as session:
            if not self._move(session, anchor, AnchorState.ANCHORED, values):
                return False
            detail: dict[str, str | int] = {"size": anchor.size}
            detail |= {"ledger": ledger.id, "position": receipt.position}
            record(session, _WORKER, "audit.anchored", f"anchor:{anchor.id}", detail)
        return True

    def _move(
        self, session: Session, anchor: AuditAnchor, reached: AnchorState, values: dict[str, Any]
    ) -> bool:
        """Compare-and-swap; False when somebody else was quicker."""
        values = {"state": reached, **goes_on(self._tools.clock()), **values}
        return advance(session, AuditAnchor, anchor.id, anchor.state, **values)

    def _wait(self, anchor: AuditAnchor, error: Exception) -> None:
        """Let it wait with its reason; the log names a reason when it is a new one."""
        wait = wait_for(error)
        with self._tools.database.transaction() as session:
            result = session.execute(
                update(AuditAnchor)
                .where(AuditAnchor.id == anchor.id, AuditAnchor.state == anchor.state)
                .values(waits(wait, anchor.attempts, self._tools.clock()))
                .execution_options(synchronize_session=False)
            )
            if result.rowcount and anchor.wait_reason != wait.code:  # type: ignore[attr-defined]
                detail = {"step": str(anchor.state), "reason": wait.code}
                record(session, _WORKER, "audit.anchor_waiting", f"anchor:{anchor.id}", detail)


def _last(session: Session) -> AuditAnchor | None:
    return session.scalar(select(AuditAnchor).order_by(AuditAnchor.size.desc()).limit(1))


def _unfinished(session: Session) -> AuditAnchor | None:
    query = select(AuditAnchor).where(AuditAnchor.state != AnchorState.ANCHORED)
    return session.scalar(query.order_by(AuditAnchor.size).limit(1))


def _moved(session: Session, last: AuditAnchor | None) -> bool:
    """Whether anything but anchoring itself was recorded since."""
    news = select(AuditEntry.seq).where(AuditEntry.action.not_in(_OWN_ACTS))
    if last is not None:
        news = news.where(AuditEntry.seq > last.size)
    return session.scalar(news.order_by(AuditEntry.seq).limit(1)) is not None
