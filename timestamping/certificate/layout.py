"""Where things stand on a certificate, shared by its template and by who signs it.

The places of signatures and seal are at the foot of the page that the PDF's named destination
:data:`PLACE` leads to, always at the same spot: the template floats its block there.
"""

from __future__ import annotations

from typing import Final

#: The named destination on the page of the signatures (ISO 32000-1 §12.3.2.3).
PLACE: Final = "signatures"
NOTARY, SECOND, SEAL = "Notary", "Second", "Seal"
STAMP_FIELD: Final = "DocumentTimestamp"

RECORD: Final = "certificate.json"
DRAFT_RECORD: Final = "draft.json"
CHECK: Final = "check.json"
ANCHORS: Final = "trust.json"
#: Files of a certificate's deposit.
PDF: Final = "certificate.pdf"
SUBJECT: Final = "subject/package.zip"

#: Millimetres from the page's left and lower edge: left, bottom, right, top.
_MILLIMETRES: Final = {
    NOTARY: (52, 74, 104, 93),
    SECOND: (52, 47, 104, 66),
    SEAL: (143, 40, 185, 82),
}


def box(field: str) -> tuple[int, int, int, int]:
    """The place of a signature field in PDF points."""
    left, bottom, right, top = (round(each / 25.4 * 72) for each in _MILLIMETRES[field])
    return left, bottom, right, top


def size(field: str) -> tuple[int, int]:
    """Width and height of that place, millimetres."""
    left, bottom, right, top = _MILLIMETRES[field]
    return right - left, top - bottom
