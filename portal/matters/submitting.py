"""From the draft to the office: the notice confirmed, everything there, submitted; and back."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.service import record
from portal.database import advance
from portal.deposits.models import Deposit
from portal.matters import access, mails, notices, writing
from portal.matters.kit import Kit
from portal.matters.models import OPEN, Matter, MatterPause, MatterState
from portal.matters.shapes import WITHDRAWALS, Missing
from portal.problems import BadInput, Conflict

MAX_NOTE: Final = 1000
Missings = Callable[[Session, Matter], tuple[Missing, ...]]


class NotComplete(BadInput):
    """The application lacks something; ``missing`` names each."""

    def __init__(self, missing: tuple[Missing, ...]) -> None:
        message = "The application is not complete: %(what)s"
        super().__init__("not_complete", message, what=" ".join(str(each) for each in missing))
        self.missing = missing


class Submitting:
    """Every method checks whose matter it is."""

    def __init__(self, kit: Kit, missing: Missings) -> None:
        """``missing`` finds what a matter lacks."""
        self._kit, self._missing = kit, missing

    def confirm_informed(self, actor: Actor, matter_id: str, edition: str, sha256: str) -> None:
        """Write down that the actor has read the notice of this edition and digest.

        Raises:
            BadInput: these are not the words in force: they have changed since the page was made.
        """
        notice = notices.current()
        with self._kit.tools.database.transaction() as session:
            matter = access.changeable(session, actor, matter_id, MatterState.DRAFT)
            same = hmac.compare_digest(sha256.encode(), notice.sha256.encode())
            if edition != notice.edition or not same:
                message = "These are not the words in force: read them and confirm again."
                raise BadInput("notice_changed", message, field="confirm")
            if matter.informed_sha256 == notice.sha256:
                return
            matter.informed_edition, matter.informed_sha256 = notice.edition, notice.sha256
            matter.informed_by, matter.informed_at = actor.id, self._kit.now
            matter.changed_at = self._kit.now
            detail = {"edition": notice.edition, "sha256": notice.sha256}
            record(session, actor, "matter.informed", matter.subject, detail)

    def submit(self, actor: Actor, matter_id: str) -> None:
        """Hand the application to the office. From now on the applicant changes nothing of it.

        Raises:
            NotComplete: naming everything that is missing.
            Conflict: it is submitted already.
        """
        with self._kit.tools.database.transaction() as session:
            matter = access.changeable(session, actor, matter_id, MatterState.DRAFT)
            # Locked: an erasure of the content that begins now comes before or after, never within.
            session.get_one(Deposit, matter.deposit_id, with_for_update=True)
            if missing := self._missing(session, matter):
                raise NotComplete(missing)
            now = self._kit.now
            values = {"submitted_at": now, "changed_at": now, "revision": matter.revision + 1}
            self._move(session, matter, MatterState.SUBMITTED, **values)
            detail = {"number": matter.number, "template": matter.template}
            detail["notice"] = matter.informed_sha256 or ""
            record(session, actor, "matter.submitted", matter.subject, detail)

    def withdraw(self, actor: Actor, matter_id: str, reason: str, note: str) -> None:
        """Take the application back, as long as no certificate is issued.

        Raises:
            BadInput: no such reason, or "other" without words.
            Conflict: it is no longer (or not yet) with the office.
        """
        with self._kit.tools.database.transaction() as session:
            matter = access.changeable(session, actor, matter_id, *OPEN)
            if reason not in WITHDRAWALS:
                raise BadInput("reason", "Choose why you withdraw it.", field="reason")
            words = writing.note(note, MAX_NOTE)
            if reason == "other" and not words:
                raise BadInput("note", "Say why in words.", field="note")
            now = self._kit.now
            why = {"ended_reason": reason, "ended_note": words}
            when = {"ended_at": now, "changed_at": now, "due_on": None}
            self._move(session, matter, MatterState.WITHDRAWN, **when, **why)
            session.execute(
                update(MatterPause)
                .where(MatterPause.matter_id == matter.id, MatterPause.ended_at.is_(None))
                .values(ended_at=now, ended_by=actor.id)
                .execution_options(synchronize_session=False)
            )
            record(session, actor, "matter.withdrawn", matter.subject, {"reason": reason})
            mails.tell_office(self._kit, session, matter, "withdrawn")

    def _move(self, session: Session, matter: Matter, state: MatterState, **values: object) -> None:
        if not advance(session, Matter, matter.id, matter.state, state=state, **values):
            message = "This matter has moved on; look at it again."
            raise Conflict("matter_moved_on", message)
        session.expire(matter)
