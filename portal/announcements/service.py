"""Announcing, withdrawing, and what is to be shown now. No Flask in here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError

from portal.announcements.models import Announcement, Audience, Level
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.database import Database
from portal.problems import BadInput, NotFound

_log = structlog.get_logger(__name__)
MAX_TEXT: Final = 500
#: What is shown is looked up this seldom, so that pages pay no query for it.
_KEPT_SECONDS: Final = 5.0
_MOST_SHOWN: Final = 5
_HISTORY: Final = 100


@dataclass(frozen=True, slots=True)
class Notice:
    """An announcement as pages show it."""

    id: str
    text_zh: str
    text_en: str
    level: str
    audience: str
    starts_at: datetime
    ends_at: datetime | None

    def shown_at(self, now: datetime) -> bool:
        return self.starts_at <= now and (self.ends_at is None or now < self.ends_at)


@dataclass(frozen=True, slots=True)
class Draft:
    """What an operator wrote; times are aware."""

    text_zh: str
    text_en: str
    level: Level
    audience: Audience
    starts_at: datetime
    ends_at: datetime | None


class AnnouncementService:
    """Thread-safe. Other processes see a change after :data:`_KEPT_SECONDS` at most."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock
        self._kept: tuple[float, tuple[Notice, ...]] | None = None
        self._lock = threading.Lock()

    def publish(self, actor: Actor, draft: Draft) -> Announcement:
        """Announce; from then on the text is never changed.

        Raises:
            BadInput: a text missing or too long, or an end that is not after the beginning.
        """
        now = self._clock()
        ends_at = draft.ends_at
        if ends_at is not None and (ends_at <= draft.starts_at or ends_at <= now):
            message = "The end lies before the beginning, or in the past."
            raise BadInput("announcement_end", message, field="ends_at")
        row = Announcement(
            text_zh=_checked("text_zh", draft.text_zh),
            text_en=_checked("text_en", draft.text_en),
            level=draft.level,
            audience=draft.audience,
            starts_at=draft.starts_at,
            ends_at=ends_at,
            author_id=actor.id,
            author_name=actor.name,
            created_at=now,
        )
        with self._database.transaction() as session:
            session.add(row)
            session.flush()
            detail = {"level": str(draft.level), "audience": str(draft.audience)}
            record(session, actor, "announcement.published", f"announcement:{row.id}", detail)
        self._forget()
        return row

    def withdraw(self, actor: Actor, announcement_id: str) -> None:
        """Show it no more; doing so twice changes nothing."""
        with self._database.transaction() as session:
            row = session.get(Announcement, announcement_id)
            if row is None:
                raise NotFound("announcement_not_found", "There is no such announcement.")
            if row.withdrawn_at is None:
                row.withdrawn_at = self._clock()
                subject = f"announcement:{row.id}"
                record(session, actor, "announcement.withdrawn", subject)
        self._forget()

    def history(self) -> list[Announcement]:
        """The latest announcements, newest first, whether shown, planned, over or withdrawn."""
        query = select(Announcement).order_by(Announcement.created_at.desc()).limit(_HISTORY)
        with self._database.reading() as session:
            return list(session.scalars(query))

    def showing(self, *, signed_in: bool) -> list[Notice]:
        """What to show now, the latest first. Never raises: a page without its banner is better
        than no page."""
        try:
            notices = self._notices()
        except SQLAlchemyError:
            _log.warning("announcements_unread", exc_info=True)
            return []
        now = self._clock()
        due = [each for each in notices if each.shown_at(now)]
        return [each for each in due if signed_in or each.audience == Audience.EVERYBODY]

    def _notices(self) -> tuple[Notice, ...]:
        kept = self._kept
        if kept is not None and time.monotonic() - kept[0] < _KEPT_SECONDS:
            return kept[1]
        with self._lock:
            if self._kept is not None and self._kept is not kept:
                return self._kept[1]  # another thread has just looked
            found = self._read()
            self._kept = (time.monotonic(), found)
            return found

    def _read(self) -> tuple[Notice, ...]:
        query = (
            select(Announcement)
            .where(Announcement.withdrawn_at.is_(None))
            .where(or_(Announcement.ends_at.is_(None), Announcement.ends_at > self._clock()))
            .order_by(Announcement.starts_at.desc())
            .limit(_MOST_SHOWN)
        )
        names = Notice.__dataclass_fields__
        with self._database.reading() as session:
            rows = session.scalars(query)
            return tuple(Notice(**{name: getattr(row, name) for name in names}) for row in rows)

    def _forget(self) -> None:
        with self._lock:
            self._kept = None


def _checked(field: str, text: str) -> str:
    text = " ".join(text.split())
    if not 1 <= len(text) <= MAX_TEXT or not text.isprintable():
        message = "An announcement has 1 to %(limit)s characters in each language."
        raise BadInput("announcement_text", message, field=field, limit=MAX_TEXT)
    return text
