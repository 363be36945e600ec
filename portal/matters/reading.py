"""One matter as a whole, for either side. Particulars stay masked in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.audit.service import entries_for, record
from portal.certificates.models import Certificate, CertificateState
from portal.deposits.models import Deposit
from portal.matters import access, materials, notices, parties, rules
from portal.matters.drafting import application_of
from portal.matters.kit import Kit
from portal.matters.messaging import messages_of
from portal.matters.models import (
    OPEN,
    Matter,
    MatterAssignment,
    MatterDocument,
    MatterMaterial,
    MatterPause,
    MatterState,
)
from portal.matters.parties import Parties
from portal.matters.shapes import (
    APPLICANT,
    OFFICE,
    AssignmentView,
    CertificateBrief,
    DepositView,
    DocumentView,
    Informed,
    MaterialView,
    MatterView,
    Missing,
    Particulars,
    PauseView,
    Side,
)
from portal.matters.sides import side_of
from portal.organisations.models import Organisation

_HANDING_IN: Final = (MatterState.DRAFT, *OPEN)
_TAKING: Final = ("missing", "handed-in")


class Reading:
    """Every method checks as what the actor sees the matter."""

    def __init__(self, kit: Kit, known: Parties) -> None:
        self._kit, self._parties = kit, known

    def view(self, actor: Actor, matter_id: str) -> MatterView:
        """A matter on the applicant's side.

        Raises:
            NotFound: no such matter, or somebody else's.
        """
        with self._kit.tools.database.reading() as session:
            matter = access.readable(session, actor, matter_id)
            may_change = access.may_change(session, actor, matter)
            return self._view(session, matter, APPLICANT, may_change)

    def office_view(self, actor: Actor, matter_id: str) -> MatterView:
        """A matter as notaries and auditors see it.

        Raises:
            NotFound: no such matter, never submitted, or the actor is neither.
        """
        with self._kit.tools.database.reading() as session:
            matter = access.seen_by_office(session, actor, matter_id)
            return self._view(session, matter, OFFICE, False)

    def particulars(self, actor: Actor, matter_id: str, party_id: str) -> Particulars:
        """Everything known of a party, for either side; that somebody looked is recorded.

        Raises:
            NotFound, Forbidden: see :func:`portal.matters.sides.side_of`.
        """
        with self._kit.tools.database.transaction() as session:
            matter, side = side_of(session, actor, matter_id)
            row = parties.party_of(session, matter, party_id)
            detail = {"party": row.id, "side": side}
            record(session, actor, "matter.particulars_read", matter.subject, detail)
            return self._parties.opened(row)

    def custody(self, actor: Actor, matter_id: str, limit: int = 200) -> list[AuditEntry]:
        """What happened in a matter, newest first, for its applicant's side."""
        with self._kit.tools.database.reading() as session:
            matter = access.readable(session, actor, matter_id)
            return entries_for(session, matter.subject, limit)[::-1]

    def missing(self, session: Session, matter: Matter) -> tuple[Missing, ...]:
        """What a draft lacks, in the order of the steps."""
        known = self._parties.all_of(session, matter)
        return self._missing(matter, known, _materials(session, matter, known))

    def _view(self, session: Session, matter: Matter, side: Side, may_change: bool) -> MatterView:
        known = self._parties.all_of(session, matter)
        lines = _materials(session, matter, known)
        messages = messages_of(session, matter)
        draft = matter.state == MatterState.DRAFT
        organisation = (
            session.get(Organisation, matter.organisation_id) if matter.organisation_id else None
        )
        return MatterView(
            id=matter.id,
            number=matter.number,
            side=side,
            state=matter.state,
            template=matter.template,
            revision=matter.revision,
            may_change=may_change,
            deposit=_deposit(session.get_one(Deposit, matter.deposit_id)),
            owner_id=matter.owner_id,
            owner_name=session.get_one(User, matter.owner_id).name,
            organisation_id=matter.organisation_id,
            organisation_name=organisation.name if organisation else "",
            application=application_of(matter),
            fee=matter.fee,
            informed=_informed(session, matter),
            second_needed=matter.second_needed,
            created_at=matter.created_at,
            changed_at=matter.changed_at,
            submitted_at=matter.submitted_at,
            accepted_at=matter.accepted_at,
            due_on=matter.due_on,
            days_left=days_left(matter.due_on, self._kit.today),
            ended_at=matter.ended_at,
            ended_reason=matter.ended_reason,
            ended_note=matter.ended_note,
            parties=tuple(parties.view_of(each) for each in known),
            materials=lines,
            messages=messages,
            unread=sum(each.side != side and each.read_at is None for each in messages),
            assignments=_assignments(session, matter),
            pauses=_pauses(session, matter),
            certificate=_certificate(session, matter),
            missing=self._missing(matter, known, lines) if draft else (),
        )

    def _missing(
        self, matter: Matter, known: list[Particulars], lines: tuple[MaterialView, ...]
    ) -> tuple[Missing, ...]:
        found: list[Missing] = []
        if not matter.purpose_code:
            found.append(Missing("purpose", "what", "Choose what it is for."))
        elif not matter.purpose:
            found.append(Missing("purpose", "what", "Say in words what it is for."))
        if not matter.facts:
            found.append(Missing("facts", "what", "Say which facts are to be proved."))
        found += rules.missing_parties(known)
        found += materials.missing(lines)
        if matter.informed_sha256 != notices.current().sha256:
            found.append(Missing("notice", "notice", "Confirm that you have read the notice."))
        return tuple(found)


def days_left(due_on: date | None, today: date) -> int | None:
    """Days of the calendar until then, negative when it is over."""
    return None if due_on is None else (due_on - today).days


def _deposit(row: Deposit) -> DepositView:
    return DepositView(
        id=row.id,
        number=row.number,
        kind=row.kind,
        title=row.title,
        filename=row.filename,
        size=row.size,
        file_count=row.file_count,
        sha256=row.sha256,
        sm3=row.sm3,
        received_at=row.received_at,
        gen_time=row.gen_time,
        state=row.state,
        erased_at=row.erased_at,
    )


def _informed(session: Session, matter: Matter) -> Informed | None:
    if matter.informed_sha256 is None or matter.informed_at is None:
        return None
    by = session.get(User, matter.informed_by or "")
    return Informed(
        edition=matter.informed_edition or "",
        sha256=matter.informed_sha256,
        by=by.name if by else "",
        at=matter.informed_at,
        current=matter.informed_sha256 == notices.current().sha256,
    )


def _materials(
    session: Session, matter: Matter, known: list[Particulars]
) -> tuple[MaterialView, ...]:
    query = select(MatterMaterial).where(MatterMaterial.matter_id == matter.id)
    lines = session.scalars(query).all()
    names = {each.id: rules.masked(each.kind, each.name) for each in known}
    documents = _documents(session, matter)
    people = _names(session, [each.asked_by for each in lines], [each.decided_by for each in lines])
    ordered = materials.ordered(lines, {each.id: each.place for each in known})
    return tuple(
        MaterialView(
            id=each.id,
            code=each.code,
            note=each.note,
            state=each.state,
            party_id=each.party_id,
            party_name=names.get(each.party_id or "", ""),
            asked_by=people.get(each.asked_by or "", ""),
            asked_at=each.asked_at,
            decided_by=people.get(each.decided_by or "", ""),
            decided_at=each.decided_at,
            reason=each.reason,
            documents=tuple(documents.get(each.id, ())),
            takes=matter.state in _HANDING_IN and each.state in _TAKING,
        )
        for each in ordered
    )


def _documents(session: Session, matter: Matter) -> Mapping[str, list[DocumentView]]:
    query = (
        select(MatterDocument, User.name)
        .join(User, User.id == MatterDocument.added_by)
        .where(MatterDocument.matter_id == matter.id)
        .order_by(MatterDocument.added_at, MatterDocument.id)
    )
    found: dict[str, list[DocumentView]] = {}
    for row, name in session.execute(query):
        view = DocumentView(
            id=row.id,
            filename=row.filename,
            media_type=row.media_type,
            size=row.size,
            sha256=row.sha256,
            added_by=name,
            added_at=row.added_at,
            removed_at=row.removed_at,
        )
        found.setdefault(row.material_id, []).append(view)
    return found


def _names(session: Session, *ids: list[str | None]) -> dict[str, str]:
    wanted = {each for some in ids for each in some if each}
    if not wanted:
        return {}
    query = select(User.id, User.name).where(User.id.in_(wanted))
    return {row.id: row.name for row in session.execute(query)}


def _assignments(session: Session, matter: Matter) -> tuple[AssignmentView, ...]:
    query = (
        select(MatterAssignment, User.name)
        .join(User, User.id == MatterAssignment.notary_id)
        .where(MatterAssignment.matter_id == matter.id, MatterAssignment.ended_at.is_(None))
        .order_by(MatterAssignment.part, MatterAssignment.at)
    )
    return tuple(
        AssignmentView(row.notary_id, name, row.part, row.at)
        for row, name in session.execute(query)
    )


def _pauses(session: Session, matter: Matter) -> tuple[PauseView, ...]:
    query = select(MatterPause).where(MatterPause.matter_id == matter.id)
    return tuple(
        PauseView(each.id, each.reason, each.note, each.begun_at, each.ended_at)
        for each in session.scalars(query.order_by(MatterPause.begun_at))
    )


def _certificate(session: Session, matter: Matter) -> CertificateBrief | None:
    """By the table alone: what certificates do is theirs, and they build on matters."""
    query = (
        select(Certificate)
        .where(Certificate.matter_id == matter.id, Certificate.state != CertificateState.DROPPED)
        .order_by(Certificate.issued_at.is_(None), Certificate.issued_at.desc())
        .limit(1)
    )
    row = session.scalar(query)
    if row is None:
        return None
    return CertificateBrief(row.id, row.kind, row.number, row.state, row.issued_at)
