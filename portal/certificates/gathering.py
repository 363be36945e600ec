"""What one certificate rests on, read in one session: its matter, deposit, parties and check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.certificates.kit import Kit
from portal.certificates.models import Certificate, CertificateState
from portal.certificates.shapes import (
    CERTIFICATE,
    CORRECTED,
    IN_FORCE,
    REVOCATION,
    REVOKED,
    Link,
    PartyLine,
    SubjectLine,
)
from portal.checks.shapes import Standing
from portal.deposits.evidence import receipt_of, token_of
from portal.deposits.models import Deposit, State
from portal.matters import access
from portal.matters.models import Matter, MatterState
from portal.problems import Conflict, NotFound

#: In which states of its matter a document of each kind can be worked on.
_STATES: Final = {
    CERTIFICATE: (MatterState.ACCEPTED,),
    "correction": (MatterState.ISSUED, MatterState.ARCHIVED),
    REVOCATION: (MatterState.ISSUED, MatterState.ARCHIVED),
}
SEALED: Final = (State.ANCHORED, State.ISSUED)


@dataclass(frozen=True, slots=True)
class Whole:
    """A certificate with everything it says."""

    certificate: Certificate
    matter: Matter
    deposit: Deposit
    subject: SubjectLine
    parties: tuple[PartyLine, ...]
    standing: Standing | None
    predecessor: Certificate | None


def unknown() -> NotFound:
    """One answer for certificates that there are not, and for other people's."""
    return NotFound("certificate_not_found", "There is no such certificate.")


def found(session: Session, certificate_id: str) -> Certificate:
    """Raises NotFound when there is none; decides nothing about who may see it."""
    certificate = session.get(Certificate, certificate_id)
    if certificate is None:
        raise unknown()
    return certificate


def seen(session: Session, actor: Actor, certificate_id: str) -> tuple[Certificate, Matter]:
    """For notaries and auditors. Raises NotFound for everybody else."""
    certificate = found(session, certificate_id)
    try:
        return certificate, access.seen_by_office(session, actor, certificate.matter_id)
    except NotFound as error:
        raise unknown() from error


def handled(
    session: Session, actor: Actor, certificate_id: str, *states: CertificateState
) -> tuple[Certificate, Matter]:
    """For the notary who handles the matter; the matter's row is locked.

    Raises:
        NotFound, Forbidden, Conflict: as :func:`portal.matters.access.handled`.
        Conflict: it is in none of ``states`` any more.
    """
    certificate = found(session, certificate_id)
    part = access.handled(session, actor, certificate.matter_id, *_STATES[certificate.kind])
    session.refresh(certificate)
    check_state(certificate, states)
    return certificate, part


def approvable(session: Session, actor: Actor, certificate_id: str) -> tuple[Certificate, Matter]:
    """For the notary whose approval it needs: the second where the rule asks for one.

    Raises:
        Forbidden: it is somebody else's to approve, or the drafter's own (``own_draft``).
    """
    certificate = found(session, certificate_id)
    states = _STATES[certificate.kind]
    matter = session.get(Matter, certificate.matter_id)
    second = matter is not None and matter.second_needed
    part = "second" if second else "first"
    matter = access.handled(session, actor, certificate.matter_id, *states, part=part)
    session.refresh(certificate)
    return certificate, matter


def matter_states(kind: str) -> tuple[MatterState, ...]:
    return _STATES[kind]


def check_state(certificate: Certificate, states: Sequence[CertificateState]) -> None:
    """Raises Conflict unless it is in one of ``states``."""
    if states and certificate.state not in states:
        raise moved_on()


def moved_on() -> Conflict:
    message = "This certificate has moved on; look at it again."
    return Conflict("certificate_moved_on", message)


def whole(kit: Kit, session: Session, certificate: Certificate, matter: Matter) -> Whole:
    """Everything it says. Reads the parties' particulars: the caller records that."""
    deposit = session.get_one(Deposit, matter.deposit_id)
    before = certificate.predecessor_id
    return Whole(
        certificate,
        matter,
        deposit,
        subject_of(deposit),
        parties_of(kit, session, matter),
        standing_of(kit, session, matter, certificate.kind),
        session.get_one(Certificate, before) if before else None,
    )


def record_reading(session: Session, actor: Actor, matter: Matter, purpose: str) -> None:
    """That somebody of the office had the parties' particulars before them."""
    record(session, actor, "matter.particulars_read", matter.subject, {"for": purpose})


def subject_of(deposit: Deposit) -> SubjectLine:
    """Raises Conflict while the deposit is not on the ledger."""
    if deposit.state not in SEALED or deposit.token is None or deposit.receipts is None:
        message = "The deposit is not on the ledger yet; nothing can be certified of it."
        raise Conflict("deposit_not_sealed", message)
    token, receipt = token_of(deposit), receipt_of(deposit)
    return SubjectLine(
        deposit_id=deposit.id,
        number=deposit.number,
        kind=deposit.kind,
        title=deposit.title or deposit.filename or deposit.number,
        sha256=deposit.sha256,
        sm3=deposit.sm3,
        size=deposit.size,
        file_count=deposit.file_count,
        gen_time=token.gen_time,
        tsa=token.tsa or token.source,
        ledger=receipt.ledger,
        position=receipt.position or 0,
        letter_sha256=deposit.letter_sha256 or "",
    )


def parties_of(kit: Kit, session: Session, matter: Matter) -> tuple[PartyLine, ...]:
    """In the order of the application."""
    rows = kit.matters.particulars_of(session, matter)
    names = {each.id: each.name for each in rows}
    return tuple(
        PartyLine(
            each.role, each.name, each.document, each.number, names.get(each.acts_for or "", "")
        )
        for each in rows
    )


def standing_of(kit: Kit, session: Session, matter: Matter, kind: str) -> Standing | None:
    """None for a revocation, which certifies nothing."""
    if kind == REVOCATION:
        return None
    return kit.checks.standing(session, matter)


def name_of(session: Session, user_id: str | None) -> str | None:
    user = session.get(User, user_id) if user_id else None
    return user.name if user is not None else None


def successor(session: Session, certificate_id: str) -> Certificate | None:
    """What follows it, issued or still being written."""
    query = select(Certificate).where(Certificate.predecessor_id == certificate_id)
    return session.scalar(query)


def row_of(session: Session, certificate: Certificate) -> list[Certificate]:
    """All issued documents of the row it stands in, from the first to the last."""
    first = certificate
    while first.predecessor_id is not None:
        first = session.get_one(Certificate, first.predecessor_id)
    row, upcoming = [first], successor(session, first.id)
    while upcoming is not None and upcoming.state == CertificateState.ISSUED:
        row.append(upcoming)
        upcoming = successor(session, upcoming.id)
    return row


def status_in(row: Sequence[Certificate], certificate: Certificate) -> str:
    """How an issued document stands: a revocation at the end revokes what was before it."""
    if certificate.id == row[-1].id:
        return IN_FORCE
    return REVOKED if row[-1].kind == REVOCATION else CORRECTED


def chain_of(row: Sequence[Certificate]) -> tuple[Link, ...]:
    return tuple(
        Link(each.id, each.number or "", each.kind, each.issued_at or each.drafted_at, each.reason)
        for each in row
    )
