"""Looking at certificates: the office's side, the applicant's side, the preview, the proposal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from chain_adapter import Digest
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.certificates import gathering, issuing, numbers, papers
from portal.certificates.copies import Copies
from portal.certificates.keys import Keys
from portal.certificates.kit import Kit
from portal.certificates.models import ArchiveVolume, Certificate, CertificateState
from portal.certificates.numbers import Number
from portal.certificates.shapes import CERTIFICATE, CertificateView, Proposal, VolumeLine
from portal.deposits.models import Deposit
from portal.downloads import Download
from portal.matters import access
from portal.matters.models import Matter
from portal.problems import BadInput, Conflict, NotFound, PortalError, Unavailable
from portal.storage import VaultError
from timestamping.certificate import CheckedGroup, MachineCheck, render_certificate
from timestamping.pdf.errors import LetterError, PdfError

_LIVE: Final = (CertificateState.DRAFT, CertificateState.APPROVED, CertificateState.ISSUED)


class Reading:
    def __init__(self, kit: Kit, keys: Keys, copies: Copies) -> None:
        self._kit, self._tools, self._keys, self._copies = kit, kit.tools, keys, copies

    def office_view(self, actor: Actor, certificate_id: str) -> CertificateView:
        """For notaries and auditors."""
        with self._tools.database.reading() as session:
            certificate, matter = gathering.seen(session, actor, certificate_id)
            return self._view(session, actor, certificate, matter)

    def view(self, actor: Actor, certificate_id: str) -> CertificateView:
        """For applicants: what was issued.

        Raises:
            NotFound: no such certificate, somebody else's, or not issued.
        """
        with self._tools.database.reading() as session:
            certificate, matter = self._issued(session, actor, certificate_id)
            return self._view(session, actor, certificate, matter)

    def of_matter(self, actor: Actor, matter_id: str, side: str) -> tuple[CertificateView, ...]:
        """All that were not dropped, in their order; for applicants what was issued."""
        query = (
            select(Certificate)
            .where(Certificate.matter_id == matter_id, Certificate.state.in_(_LIVE))
            .order_by(Certificate.drafted_at, Certificate.id)
        )
        with self._tools.database.reading() as session:
            if side == "office":
                matter = access.seen_by_office(session, actor, matter_id)
            else:
                matter = access.readable(session, actor, matter_id)
                query = query.where(Certificate.state == CertificateState.ISSUED)
            rows = sorted(
                session.scalars(query), key=lambda row: (row.serial or 10**9, row.drafted_at)
            )
            return tuple(self._view(session, actor, row, matter) for row in rows)

    def volume(self, actor: Actor, matter_id: str) -> VolumeLine | None:
        """The archive volume, when one was asked for; for the office."""
        with self._tools.database.reading() as session:
            access.seen_by_office(session, actor, matter_id)
            row = session.get(ArchiveVolume, matter_id)
            if row is None:
                return None
            made = session.get(Deposit, row.deposit_id) if row.deposit_id else None
            number = made.number if made is not None else None
        return VolumeLine(row.state, row.trouble, row.asked_at, row.made_at, row.deposit_id, number)

    def proposal(self, actor: Actor, certificate_id: str) -> Proposal:
        """Exactly what would be signed now, and what is in the way. Recorded as a look at the
        parties' particulars.

        Raises:
            Forbidden, NotFound: it is not this notary's to issue.
        """
        with self._tools.database.transaction() as session:
            certificate, matter = gathering.handled(session, actor, certificate_id)
            whole = gathering.whole(self._kit, session, certificate, matter)
            gathering.record_reading(session, actor, matter, "issue")
            view = self._view(session, actor, certificate, matter)
            keys = [self._keys.view(row, actor) for row in self._keys.of(session, actor.id)]
            approver = certificate.approved_by
            others = (
                [self._keys.view(row, actor) for row in self._keys.of(session, approver)]
                if approver and approver != actor.id
                else []
            )
            settings = self._tools.settings
            year = numbers.year_of(self._kit.now, settings.zone)
            number = numbers.expected(session, year, settings.office_code)
            problems = tuple(_problems(session, certificate, matter, whole))
        return Proposal(
            certificate=view,
            number=number,
            subject=whole.subject,
            parties=whole.parties,
            standing=whole.standing,
            keys=tuple(keys),
            second_keys=tuple(others),
            problems=problems,
            copies=papers.copies_of(matter.copies, whole.parties),
        )

    def preview(self, actor: Actor, certificate_id: str) -> bytes:
        """The certificate as it stands, as a PDF marked DRAFT on each page.

        Raises:
            BadInput: something in it cannot be printed; the sentence names it.
        """
        with self._tools.database.transaction() as session:
            certificate, matter = gathering.seen(session, actor, certificate_id)
            whole = gathering.whole(self._kit, session, certificate, matter)
            people = papers.people_of(
                session, certificate, certificate.drafted_by, matter.second_needed
            )
            check = papers.machine_check(session, whole.standing)
            gathering.record_reading(session, actor, matter, "preview")
        if certificate.kind != "revocation":
            check = check if check and check.outcome in ("pass", "unknown") else None
            check = _draft_check(check)
        try:
            data = papers.data_of(self._kit, whole, people, check, None, self._kit.now)
            return render_certificate(data, draft=True)
        except LetterError as error:
            message = "This cannot stand on a certificate (%(place)s): %(why)s"
            raise BadInput("unprintable", message, place=error.field, why=str(error)) from error
        except PdfError as error:
            message = "The preview cannot be made just now: %(why)s"
            raise Unavailable("preview", message, why=str(error)) from error

    def pdf(self, actor: Actor, certificate_id: str, side: str) -> Download:
        """The signed certificate. Taking it away is recorded; an applicant's counts as the hand
        over of the copy that waits first."""
        with self._tools.database.reading() as session:
            if side == "office":
                certificate, _ = gathering.seen(session, actor, certificate_id)
            else:
                certificate, _ = self._issued(session, actor, certificate_id)
        if certificate.pdf_key is None:
            raise Conflict("not_issued", "It has not been issued yet.")

        def begin() -> Iterator[bytes]:
            data = self._kept(certificate)
            with self._tools.database.transaction() as session:
                if side != "office":
                    self._copies.downloaded(session, actor, certificate)
                detail = {"number": certificate.number or "", "side": side}
                record(session, actor, "certificate.downloaded", certificate.subject, detail)
            return iter((data,))

        return Download(f"{certificate.number}.pdf", "application/pdf", begin)

    def _kept(self, certificate: Certificate) -> bytes:
        digest = Digest.parse("sha256", certificate.pdf_sha256 or "")
        try:
            return self._tools.vault.read(certificate.pdf_key or "", digest)
        except VaultError as error:
            message = "The certificate cannot be read from storage just now."
            raise Unavailable("certificate_unreadable", message) from error

    def _issued(
        self, session: Session, actor: Actor, certificate_id: str
    ) -> tuple[Certificate, Matter]:
        certificate = gathering.found(session, certificate_id)
        if certificate.state != CertificateState.ISSUED:
            raise gathering.unknown()
        try:
            return certificate, access.readable(session, actor, certificate.matter_id)
        except NotFound as error:
            raise gathering.unknown() from error

    def _view(
        self, session: Session, actor: Actor, certificate: Certificate, matter: Matter
    ) -> CertificateView:
        issued = certificate.state == CertificateState.ISSUED
        row = gathering.row_of(session, certificate) if issued else []
        own = session.get(Deposit, certificate.deposit_id) if certificate.deposit_id else None
        after = gathering.successor(session, certificate.id) if issued else None
        before = certificate.predecessor_id
        name = gathering.name_of
        return CertificateView(
            id=certificate.id,
            matter_id=matter.id,
            matter_number=matter.number,
            matter_state=matter.state,
            matter_revision=matter.revision,
            kind=certificate.kind,
            template=certificate.template,
            state=certificate.state,
            status=gathering.status_in(row, certificate) if row else None,
            revision=certificate.revision,
            testimony_zh=certificate.testimony_zh,
            testimony_en=certificate.testimony_en,
            languages=tuple(matter.language.split("+")),
            reason=certificate.reason,
            drafter=name(session, certificate.drafted_by) or "",
            drafted_at=certificate.drafted_at,
            approver=name(session, certificate.approved_by),
            approved_at=certificate.approved_at,
            second_needed=matter.second_needed,
            number=Number.read(certificate.number) if certificate.number else None,
            issuer=name(session, certificate.issued_by),
            issued_at=certificate.issued_at,
            pdf_sha256=certificate.pdf_sha256,
            deposit_id=certificate.deposit_id,
            deposit_number=own.number if own else None,
            deposit_state=own.state if own else None,
            predecessor=session.get_one(Certificate, before).number if before else None,
            chain=gathering.chain_of(row),
            open_successor=after.id
            if after is not None and after.state != CertificateState.ISSUED
            else None,
            parts=access.parts_of(session, actor, matter),
            own=access.is_own(session, actor, matter),
            drafted_by_me=certificate.drafted_by == actor.id,
        )


def _problems(
    session: Session, certificate: Certificate, matter: Matter, whole: gathering.Whole
) -> Iterator[PortalError]:
    """Everything that is in the way of issuing it now, as far as rows can tell."""
    try:
        issuing.check_ready(session, certificate, matter, certificate.revision)
    except PortalError as error:
        yield error
    if whole.standing is not None and whole.standing.problem is not None:
        yield Conflict("check", whole.standing.problem)
    if certificate.kind == CERTIFICATE and not any(
        each.role == "applicant" for each in whole.parties
    ):
        yield Conflict("no_applicant", "The application names no applicant.")


def _draft_check(check: MachineCheck | None) -> MachineCheck:
    """What stands in a draft while there is no check, or none that may be certified."""
    if check is not None and all(
        each.outcome in ("pass", "none") or each.reason for each in check.groups
    ):
        return check
    known = {each.group: each for each in check.groups} if check else {}
    missing = "（草稿）尚未核验或尚未说明 (draft) not checked, or not yet explained"
    return MachineCheck(
        document=check.document if check else b"{}",
        outcome="unknown",
        groups=tuple(
            known[name]
            if name in known and (known[name].outcome != "unknown" or known[name].reason)
            else CheckedGroup(name, "unknown", reason=missing)
            for name in ("content", "time", "ledger", "origin")
        ),
        ended_at=check.ended_at if check else None,
    )
