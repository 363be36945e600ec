"""What anybody may ask of certificates: by number or by the digest of the PDF. No names."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.certificates import gathering
from portal.certificates.kit import Kit
from portal.certificates.models import Certificate, CertificateState
from portal.certificates.numbers import Number
from portal.certificates.shapes import PublicCertificate
from portal.deposits.models import Deposit
from portal.matters.models import Matter
from portal.problems import NotFound

_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Public:
    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def find(self, text: str) -> PublicCertificate:
        """By number, however it is typed.

        Raises:
            NotFound: no such certificate was issued.
        """
        number = Number.read(text)
        found = None
        if number is not None:
            found = self._where(Certificate.number == str(number))
        if found is None:
            message = "No certificate of this number was issued here."
            raise NotFound("certificate_not_issued", message)
        return found

    def find_by_digest(self, sha256: str) -> PublicCertificate | None:
        """By the SHA-256 of the PDF, hexadecimal; None when none of ours has it."""
        digest = sha256.strip().lower()
        if not _SHA256.fullmatch(digest):
            return None
        return self._where(Certificate.pdf_sha256 == digest)

    def _where(self, criterion: object) -> PublicCertificate | None:
        query = select(Certificate).where(
            criterion,  # type: ignore[arg-type]
            Certificate.state == CertificateState.ISSUED,
        )
        with self._kit.tools.database.reading() as session:
            certificate = session.scalar(query)
            return self._public(session, certificate) if certificate is not None else None

    def _public(self, session: Session, certificate: Certificate) -> PublicCertificate:
        settings = self._kit.tools.settings
        matter = session.get_one(Matter, certificate.matter_id)
        own = session.get_one(Deposit, certificate.deposit_id)
        subject = session.get_one(Deposit, matter.deposit_id)
        row = gathering.row_of(session, certificate)
        return PublicCertificate(
            number=certificate.number or "",
            kind=certificate.kind,
            status=gathering.status_in(row, certificate),
            issued_at=certificate.issued_at or certificate.drafted_at,
            office_zh=settings.office_name_zh,
            office_en=settings.office_name_en,
            template=certificate.template,
            subject_number=subject.number,
            pdf_sha256=certificate.pdf_sha256 or "",
            deposit_number=own.number,
            chain=tuple(
                (each.number, each.kind, each.issued_at, each.reason)
                for each in gathering.chain_of(row)
            ),
        )
