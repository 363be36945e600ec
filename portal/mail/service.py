"""The outbox: what is posted, what waits, and its delivery."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, scoped_session

from portal.database import Database
from portal.mail.models import OutboxMail
from portal.mail.transports import MailRefused, MailUnavailable, Transport
from portal.storage.sealing import Box

_log = structlog.get_logger(__name__)
AnySession = Session | scoped_session[Session]

#: waiting times between attempts; the last one repeats
_BACK_OFF: Final = tuple(timedelta(seconds=each) for each in (30, 120, 600, 1800, 3600, 3 * 3600))
#: about two days
MAX_ATTEMPTS: Final = 20
KEPT_DAYS: Final = 30
_BATCH: Final = 20
_PURPOSE: Final = "mail"


@dataclass(frozen=True, slots=True)
class WaitingMail:
    """A mail that has not left, as operators see it: never its text. ``state`` is ``waiting`` or
    ``failed``; ``reason`` is what the last attempt met, empty before the first."""

    id: str
    recipient: str
    subject: str
    state: str
    attempts: int
    reason: str
    created_at: datetime
    next_attempt_at: datetime


class MailService:
    """Safe for threads; several workers may deliver at once."""

    def __init__(
        self,
        database: Database,
        transport: Transport,
        box: Box,
        sender: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """``sender`` is ``Name <address>`` or an address.

        Raises:
            ValueError: ``sender`` names no address.
        """
        name, address = parseaddr(sender)
        if "@" not in address:
            raise ValueError("MAIL_FROM is an address, or Name <address>")
        self._sender = Address(name, addr_spec=address)
        self._database, self._transport, self._box = database, transport, box
        self._clock = clock

    def post(self, session: AnySession, to: str, subject: str, text: str) -> str:
        """Put a mail into the outbox in the caller's transaction; its id.

        ``subject`` loses line breaks; ``text`` is plain and already in the recipient's language.
        """
        now = self._clock()
        mail_id = str(uuid.uuid4())
        mail = OutboxMail(
            id=mail_id,
            recipient=to,
            subject=" ".join(subject.split())[:200],
            sealed=self._box.seal(text.encode(), _PURPOSE, mail_id),
            next_attempt_at=now,
            created_at=now,
        )
        session.add(mail)
        session.flush()
        return mail_id

    def deliver(self) -> int:
        """Try every mail whose time has come, once; how many left or were given up.

        Each is claimed by compare-and-swap, so that two workers do not send the same one. A crash
        between sending and noting it sends it again: a mail twice is better than none.
        """
        return sum(self._attempt(*each) for each in self._due())

    def waiting(self, limit: int = 100) -> list[WaitingMail]:
        """Mails that have not left, failed ones first, then the oldest."""
        query = (
            select(OutboxMail)
            .where(OutboxMail.state.in_(("waiting", "failed")))
            .order_by(OutboxMail.state, OutboxMail.created_at, OutboxMail.id)
            .limit(limit)
        )
        with self._database.reading() as session:
            return [_seen(mail) for mail in session.scalars(query)]

    def retry(self, mail_id: str) -> bool:
        """Try a waiting or failed mail again now; False when there is none of that id."""
        mine = (OutboxMail.id == mail_id) & OutboxMail.state.in_(("waiting", "failed"))
        fresh = {"state": "waiting", "attempts": 0, "next_attempt_at": self._clock()}
        with self._database.transaction() as session:
            done = session.execute(update(OutboxMail).where(mine).values(**fresh))
        return bool(done.rowcount)  # type: ignore[attr-defined]

    def forget_old(self, days: int = KEPT_DAYS) -> None:
        """Remove mails long since sent or given up."""
        over = OutboxMail.created_at < self._clock() - timedelta(days=days)
        with self._database.transaction() as session:
            session.execute(delete(OutboxMail).where(over, OutboxMail.state != "waiting"))

    def _due(self) -> list[tuple[str, int]]:
        query = (
            select(OutboxMail.id, OutboxMail.attempts)
            .where(OutboxMail.state == "waiting", OutboxMail.next_attempt_at <= self._clock())
            .order_by(OutboxMail.next_attempt_at)
            .limit(_BATCH)
        )
        with self._database.reading() as session:
            return [(row.id, row.attempts) for row in session.execute(query)]

    def _attempt(self, mail_id: str, attempts: int) -> int:
        mail = self._claim(mail_id, attempts)
        if mail is None or mail.sealed is None:
            return 0
        try:
            self._transport.send(self._message(mail))
        except MailUnavailable as error:
            state = "waiting" if attempts + 1 < MAX_ATTEMPTS else "failed"
            return self._note(mail_id, state, str(error))
        except (MailRefused, ValueError) as error:  # ValueError: an address no header can hold
            return self._note(mail_id, "failed", str(error))
        return self._note(mail_id, "sent", "")

    def _claim(self, mail_id: str, attempts: int) -> OutboxMail | None:
        wait = _BACK_OFF[min(attempts, len(_BACK_OFF) - 1)]
        mine = (OutboxMail.id == mail_id) & (OutboxMail.attempts == attempts)
        taken = (
            update(OutboxMail)
            .where(mine, OutboxMail.state == "waiting")
            .values(attempts=attempts + 1, next_attempt_at=self._clock() + wait)
            .execution_options(synchronize_session=False)
        )
        with self._database.transaction() as session:
            if not session.execute(taken).rowcount:  # type: ignore[attr-defined]
                return None
            return session.get(OutboxMail, mail_id)

    def _note(self, mail_id: str, state: str, reason: str) -> int:
        values: dict[str, object] = {"state": state, "reason": reason[:300]}
        if state == "sent":
            values |= {"sent_at": self._clock(), "sealed": None}
        with self._database.transaction() as session:
            session.execute(update(OutboxMail).where(OutboxMail.id == mail_id).values(**values))
        _log.info("mail", mail=mail_id, state=state, reason=reason[:100])
        return int(state != "waiting")

    def _message(self, mail: OutboxMail) -> EmailMessage:
        text = self._box.open(mail.sealed or b"", _PURPOSE, mail.id).decode()
        message = EmailMessage(policy=SMTP)
        message["From"] = self._sender
        message["To"] = Address(addr_spec=mail.recipient)
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(mail.created_at)
        message["Message-ID"] = f"<{mail.id}@{self._sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: no holiday replies, please
        message.set_content(text)
        return message


def _seen(mail: OutboxMail) -> WaitingMail:
    return WaitingMail(
        mail.id,
        mail.recipient,
        mail.subject,
        mail.state,
        mail.attempts,
        mail.reason,
        mail.created_at,
        mail.next_attempt_at,
    )
