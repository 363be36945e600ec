"""Setting a certificate: values in, unsigned PDF/A-3b out."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from timestamping.certificate.data import CertificateData
from timestamping.certificate.view import view
from timestamping.pdf.typeset import typeset

TEMPLATE: Final = Path(__file__).parent / "templates" / "certificate.typ"


def render_certificate(data: CertificateData, draft: bool = False) -> bytes:
    """The unsigned certificate, the same bytes for the same data.

    A draft says so on each page, may lack its number, and carries ``draft.json`` instead of a
    record, so that it can never be signed or taken for the certificate.

    Raises:
        LetterError: naming the field and the character that cannot be set.
    """
    return typeset(TEMPLATE, view(data, draft), data.issued_at)
