"""Numbered copies: one for each party, and how it was handed over."""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.service import record
from portal.certificates import gathering
from portal.certificates.kit import Kit
from portal.certificates.models import Certificate, CertificateCopy, CertificateState
from portal.certificates.shapes import CopyView
from portal.matters import access
from portal.matters.models import MatterParty
from portal.problems import BadInput, Conflict, NotFound

DOWNLOAD, PAPER, MAIL = "download", "paper", "post"
_BY_OFFICE: Final = (PAPER, MAIL)
_MOST: Final = 99


class Copies:
    def __init__(self, kit: Kit) -> None:
        self._kit, self._tools = kit, kit.tools

    def list(self, actor: Actor, certificate_id: str) -> tuple[CopyView, ...]:
        """For the office: all copies of an issued certificate, by number."""
        with self._tools.database.reading() as session:
            certificate, _ = gathering.seen(session, actor, certificate_id)
            return copies_of(session, certificate)

    def parties(self, actor: Actor, certificate_id: str) -> dict[str, str]:
        """Id → masked name of everybody who may get a further copy."""
        with self._tools.database.reading() as session:
            _, matter = gathering.seen(session, actor, certificate_id)
            query = select(MatterParty).where(MatterParty.matter_id == matter.id)
            rows = session.scalars(query.order_by(MatterParty.place))
            return {row.id: row.masked_name for row in rows}

    def hand_over(self, actor: Actor, certificate_id: str, copy_id: str, how: str) -> None:
        """The notary's office handed a copy over, on paper or by post.

        Raises:
            BadInput: no such way. Conflict: it was handed over already.
        """
        if how not in _BY_OFFICE:
            raise BadInput("copy_how", "A copy is handed over on paper or by post.", field="how")
        with self._tools.database.transaction() as session:
            copy, certificate = self._acted_on(session, actor, certificate_id, copy_id)
            if not self._mark(session, actor, copy, how):
                raise Conflict("copy_handed", "This copy was handed over already.")
            detail: dict[str, str | int] = {"n": copy.n, "how": how}
            record(session, actor, "certificate.copy_handed", certificate.subject, detail)

    def add(self, actor: Actor, certificate_id: str, party_id: str) -> int:
        """A further copy for a party; its number.

        Raises:
            NotFound: the matter has no such party. Conflict: there are as many as there may be.
        """
        with self._tools.database.transaction() as session:
            certificate = gathering.found(session, certificate_id)
            matter = access.acted_on(session, actor, certificate.matter_id)
            gathering.check_state(certificate, (CertificateState.ISSUED,))
            party = session.get(MatterParty, party_id)
            if party is None or party.matter_id != matter.id:
                raise NotFound("party_not_found", "This matter has no such party.")
            mine = CertificateCopy.certificate_id == certificate.id
            last = session.scalar(select(func.max(CertificateCopy.n)).where(mine)) or 0
            if last >= _MOST:
                message = "There are as many copies as there may be: %(most)s."
                raise Conflict("copies_many", message, most=_MOST)
            made = CertificateCopy(certificate_id=certificate.id, n=last + 1, party_id=party.id)
            session.add(made)
            detail: dict[str, str | int] = {"n": last + 1, "party": party.id}
            record(session, actor, "certificate.copy_added", certificate.subject, detail)
        return last + 1

    def downloaded(self, session: Session, actor: Actor, certificate: Certificate) -> None:
        """The applicant took the certificate away: the first copy that waits is handed over."""
        query = (
            select(CertificateCopy)
            .where(CertificateCopy.certificate_id == certificate.id)
            .order_by(CertificateCopy.n)
        )
        copies = list(session.scalars(query))
        if any(each.how == DOWNLOAD for each in copies):
            return
        waiting = next((each for each in copies if each.how is None), None)
        if waiting is not None:
            self._mark(session, actor, waiting, DOWNLOAD)

    def _mark(self, session: Session, actor: Actor, copy: CertificateCopy, how: str) -> bool:
        moved = session.execute(
            update(CertificateCopy)
            .where(CertificateCopy.id == copy.id, CertificateCopy.how.is_(None))
            .values(how=how, by=actor.id, handed_at=self._kit.now)
            .execution_options(synchronize_session=False)
        )
        return bool(moved.rowcount == 1)  # type: ignore[attr-defined]

    def _acted_on(
        self, session: Session, actor: Actor, certificate_id: str, copy_id: str
    ) -> tuple[CertificateCopy, Certificate]:
        copy = session.get(CertificateCopy, copy_id)
        if copy is None or copy.certificate_id != certificate_id:
            raise NotFound("copy_not_found", "There is no such copy.")
        certificate = gathering.found(session, copy.certificate_id)
        access.acted_on(session, actor, certificate.matter_id)
        return copy, certificate


def copies_of(session: Session, certificate: Certificate) -> tuple[CopyView, ...]:
    """By number, parties by their masked names."""
    query = (
        select(CertificateCopy, MatterParty.masked_name)
        .join(MatterParty, MatterParty.id == CertificateCopy.party_id)
        .where(CertificateCopy.certificate_id == certificate.id)
        .order_by(CertificateCopy.n)
    )
    return tuple(
        CopyView(
            id=copy.id,
            n=copy.n,
            party_id=copy.party_id,
            party=name,
            how=copy.how,
            by=gathering.name_of(session, copy.by) or "",
            handed_at=copy.handed_at,
        )
        for copy, name in session.execute(query)
    )
