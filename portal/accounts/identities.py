"""Who people say they are, and what a notary's office made of it.

Every field is sealed. Reading them is an act of its own in the custody log, also when it is one's
own record: that entry tells people who has looked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Final

from babel import Locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.documents import DOCUMENTS, mask_number, normal_number, possible
from portal.accounts.models import User
from portal.accounts.security_models import Identity
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.database import Database
from portal.problems import BadInput, Conflict, Forbidden, NotFound
from portal.storage.sealing import Box
from timestamping.letter import mask

SELF_DECLARED: Final = "self-declared"
EMAIL_PROVEN: Final = "email-proven"
DOCUMENT_CHECKED: Final = "document-checked"
ORGANISATION_VERIFIED: Final = "organisation-verified"
LEVELS: Final = (SELF_DECLARED, EMAIL_PROVEN, DOCUMENT_CHECKED, ORGANISATION_VERIFIED)
COUNTRIES: Final = frozenset(
    str(code) for code in Locale("en").territories if len(str(code)) == 2 and str(code).isalpha()
)
_PURPOSE: Final = "identity"
_REASON: Final = 300


@dataclass(frozen=True, slots=True)
class IdentityRecord:
    """What a person states. ``country`` is the issuer's ISO 3166-1 code."""

    name: str
    document: str
    country: str
    number: str
    valid_until: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a person's identity stands, masked: fit for pages and letters.

    ``state`` is empty when nothing was submitted; ``document`` and the masked fields are empty
    unless the document was checked. ``edition`` names what was stated, see :func:`edition_of`.
    """

    level: str
    state: str = ""
    submitted_at: datetime | None = None
    decided_at: datetime | None = None
    reason: str = ""
    masked_name: str = ""
    document: str = ""
    masked_number: str = ""
    edition: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """One person in the office's list."""

    user_id: str
    name: str
    email: str
    state: str
    submitted_at: datetime


class Identities:
    """Safe for threads."""

    def __init__(self, database: Database, box: Box, clock: Callable[[], datetime]) -> None:
        self._database, self._box, self._clock = database, box, clock

    def submit(self, actor: Actor, stated: IdentityRecord) -> None:
        """Keep what a person states about themselves; an earlier check no longer counts.

        Raises:
            BadInput: a field that cannot be so; ``field`` names it.
        """
        stated = checked(stated, self._clock().date())
        now = self._clock()
        with self._database.transaction() as session:
            user = session.get_one(User, actor.id)
            row = session.get(Identity, actor.id, with_for_update=True)
            if row is None:
                row = Identity(user_id=actor.id)
                session.add(row)
            row.sealed = self._seal(actor.id, stated)
            if row.state == "checked":
                user.identity_level = row.base_level
            row.state, row.submitted_at, row.decided_at = "submitted", now, None
            row.decided_by = row.reason = row.masked_name = row.document = row.masked_number = ""
            row.valid_until = None
            session.flush()
            detail = {"document": stated.document, "level": user.identity_level}
            record(session, actor, "identity.submitted", f"user:{actor.id}", detail)

    def read(self, actor: Actor, user_id: str) -> IdentityRecord:
        """Every field, for the person or for a notary; recorded with each reading.

        Raises:
            Forbidden: neither of them.
            NotFound: nothing was submitted.
        """
        if actor.id != user_id and not actor.has("notary"):
            raise Forbidden("identity_not_yours", "Only a notary reads other people's identities.")
        with self._database.transaction() as session:
            row = _submitted(session, user_id)
            record(session, actor, "identity.read", f"user:{user_id}")
            return self._open(row)

    def decide(
        self, actor: Actor, user_id: str, level: str, reason: str = "", *, seen: str
    ) -> None:
        """A notary's finding: ``level`` document-checked or organisation-verified, or ``"refused"``
        with a reason the person reads. ``seen`` is the edition that was looked at.

        Raises:
            Forbidden: no notary, or one's own identity.
            NotFound: nothing was submitted.
            Conflict: it is decided already, or something else was stated meanwhile.
            BadInput: an unknown finding, or a refusal without a reason.
        """
        if not actor.has("notary"):
            raise Forbidden("role_missing", "Only a notary checks identities.")
        if actor.id == user_id:
            raise Forbidden("own_identity", "Nobody checks their own identity.")
        if level not in (DOCUMENT_CHECKED, ORGANISATION_VERIFIED, "refused"):
            raise BadInput("level", "Choose what you found.", field="level")
        reason = " ".join(reason.split())[:_REASON]
        if level == "refused" and not reason:
            raise BadInput("reason", "Say why, so that the person can mend it.", field="reason")
        with self._database.transaction() as session:
            row = _submitted(session, user_id, lock=True)
            if row.state != "submitted":
                raise Conflict("identity_decided", "This identity is decided already.")
            if edition_of(row) != seen:
                message = "The person stated something else meanwhile; compare it again."
                raise Conflict("identity_changed", message, field="level")
            self._note(session.get_one(User, user_id), row, level, reason)
            row.decided_at, row.decided_by = self._clock(), actor.id
            session.flush()
            act = "identity.refused" if level == "refused" else "identity.checked"
            record(session, actor, act, f"user:{user_id}", {"level": level})

    def standing(self, user_id: str) -> Standing:
        """How a person's identity stands; nothing is unsealed for it."""
        with self._database.reading() as session:
            return standing_of(session, session.get_one(User, user_id))

    def waiting(self, limit: int = 100) -> list[Submission]:
        """What awaits a notary, oldest first."""
        query = (
            select(Identity, User)
            .join(User, User.id == Identity.user_id)
            .where(Identity.state == "submitted")
            .order_by(Identity.submitted_at)
            .limit(limit)
        )
        with self._database.reading() as session:
            return [
                Submission(user.id, user.name, user.email, row.state, row.submitted_at)
                for row, user in session.execute(query)
            ]

    def _note(self, user: User, row: Identity, level: str, reason: str) -> None:
        if level == "refused":
            row.state, row.reason = "refused", reason
            return
        stated = self._open(row)
        row.state, row.reason, row.base_level = "checked", "", user.identity_level
        row.masked_name, row.document = mask(stated.name), stated.document
        row.masked_number = mask_number(stated.number)
        row.valid_until = date.fromisoformat(stated.valid_until) if stated.valid_until else None
        user.identity_level = level

    def _seal(self, user_id: str, stated: IdentityRecord) -> bytes:
        text = json.dumps(asdict(stated), ensure_ascii=False)
        return self._box.seal(text.encode(), _PURPOSE, user_id)

    def _open(self, row: Identity) -> IdentityRecord:
        return IdentityRecord(**json.loads(self._box.open(row.sealed, _PURPOSE, row.user_id)))


def standing_of(session: Session, user: User) -> Standing:
    """As :meth:`Identities.standing`, inside somebody's session: for letters."""
    row = session.get(Identity, user.id)
    if row is None:
        return Standing(user.identity_level)
    return Standing(
        user.identity_level,
        row.state,
        row.submitted_at,
        row.decided_at,
        row.reason,
        row.masked_name,
        row.document,
        row.masked_number,
        edition_of(row),
    )


def edition_of(row: Identity) -> str:
    """Names what is sealed now, so that a finding is about what the notary has read: whoever states
    something else between the two is looked at again."""
    return hashlib.sha256(row.sealed).hexdigest()


def checked(stated: IdentityRecord, today: date) -> IdentityRecord:
    """``stated`` in its normal form.

    Raises:
        BadInput: a field that cannot be so; ``field`` names it.
    """
    name = " ".join(stated.name.split())
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise BadInput("name", "Give the name as the document prints it.", field="name")
    if stated.document not in DOCUMENTS:
        raise BadInput("document", "Choose a document.", field="document")
    if stated.country not in COUNTRIES:
        raise BadInput("country", "Choose the issuing country or region.", field="country")
    number = normal_number(stated.number)
    if not possible(stated.document, stated.country, number):
        message = "A document of this kind has no such number: look for a typing error."
        raise BadInput("number", message, field="number")
    if stated.valid_until:
        _check_date(stated.valid_until, today)
    return replace(stated, name=name, number=number)


def _check_date(text: str, today: date) -> None:
    try:
        ends = date.fromisoformat(text)
    except ValueError as error:
        message = "Give the date as year-month-day."
        raise BadInput("valid_until", message, field="valid_until") from error
    if ends < today:
        raise BadInput("expired", "This document is no longer valid.", field="valid_until")


def _submitted(session: Session, user_id: str, lock: bool = False) -> Identity:
    row = session.get(Identity, user_id, with_for_update=lock or None)
    if row is None:
        raise NotFound("identity_not_found", "Nothing was submitted.")
    return row
