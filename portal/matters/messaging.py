"""Messages between the applicant and the office, inside the matter; mail says only that one came.

A mail goes out for the first message that the other side has not read, not for each further one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.matters import access, mails
from portal.matters.kit import Kit
from portal.matters.models import Matter, MatterMessage, MatterState
from portal.matters.shapes import APPLICANT, OFFICE, MessageView, Side
from portal.matters.sides import side_of
from portal.problems import RateLimited
from portal.texts import prose

MAX_TEXT: Final = 4000
#: messages of one side in one matter and day
DAILY: Final = 100
_SPEAKING: Final = (
    MatterState.SUBMITTED,
    MatterState.ACCEPTED,
    MatterState.ISSUED,
    MatterState.REFUSED,
)


class Messaging:
    """Every method checks on which side of the matter the actor stands."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def post(self, actor: Actor, matter_id: str, text: str) -> str:
        """Say something to the other side; the message's id.

        Raises:
            NotFound, Forbidden, Conflict: see :func:`portal.matters.access.changeable` and
                :func:`portal.matters.access.acted_on`.
            BadInput: nothing, or too much.
            RateLimited: the side has said very much today.
        """
        with self._kit.tools.database.transaction() as session:
            matter, side = self._speaking(session, actor, matter_id)
            text = prose("text", text, MAX_TEXT, needed=True)
            self._check_quota(session, matter, side)
            unread = select(MatterMessage.id).where(
                MatterMessage.matter_id == matter.id,
                MatterMessage.side == side,
                MatterMessage.read_at.is_(None),
            )
            first = session.scalar(unread.limit(1)) is None
            row = MatterMessage(
                matter_id=matter.id,
                side=side,
                author_id=actor.id,
                text=text,
                at=self._kit.now,
            )
            session.add(row)
            session.flush()
            detail = {"message": row.id, "side": side}
            record(session, actor, "matter.message_sent", matter.subject, detail)
            if first:
                tell = mails.tell_office if side == APPLICANT else mails.tell_applicant
                tell(self._kit, session, matter, "message")
            return row.id

    def read(self, actor: Actor, matter_id: str) -> tuple[MessageView, ...]:
        """All messages, oldest first. From now on those of the other side count as read; auditors,
        and whoever only reads in the organisation, read over somebody's shoulder."""
        with self._kit.tools.database.reading() as session:
            matter, side = side_of(session, actor, matter_id)
            found = messages_of(session, matter)
            waiting = any(each.side != side and each.read_at is None for each in found)
        if waiting and self._counts(actor, matter_id, side):
            with self._kit.tools.database.transaction() as session:
                session.execute(
                    update(MatterMessage)
                    .where(MatterMessage.matter_id == matter_id, MatterMessage.side != side)
                    .where(MatterMessage.read_at.is_(None))
                    .values(read_at=self._kit.now)
                    .execution_options(synchronize_session=False)
                )
        return found

    def _counts(self, actor: Actor, matter_id: str, side: Side) -> bool:
        if side == OFFICE:
            return actor.has(access.NOTARY)
        with self._kit.tools.database.reading() as session:
            return access.may_change(session, actor, access.readable(session, actor, matter_id))

    def _speaking(self, session: Session, actor: Actor, matter_id: str) -> tuple[Matter, Side]:
        _, side = side_of(session, actor, matter_id)
        reach = access.changeable if side == APPLICANT else access.acted_on
        return reach(session, actor, matter_id, *_SPEAKING), side

    def _check_quota(self, session: Session, matter: Matter, side: Side) -> None:
        query = select(func.count()).where(
            MatterMessage.matter_id == matter.id,
            MatterMessage.side == side,
            MatterMessage.at > self._kit.now - timedelta(days=1),
        )
        if (session.scalar(query) or 0) >= DAILY:
            message = "At most %(limit)s messages a day; write the rest tomorrow."
            raise RateLimited("messages_many", message, limit=DAILY)


def messages_of(session: Session, matter: Matter) -> tuple[MessageView, ...]:
    """All messages, oldest first."""
    query = (
        select(MatterMessage, User.name)
        .join(User, User.id == MatterMessage.author_id)
        .where(MatterMessage.matter_id == matter.id)
        .order_by(MatterMessage.at, MatterMessage.id)
    )
    return tuple(
        MessageView(row.id, row.side, name, row.text, row.at, row.read_at)
        for row, name in session.execute(query)
    )
