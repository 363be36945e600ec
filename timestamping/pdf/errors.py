"""What can go wrong between data and a sealed PDF.

``PdfError``
    ``LetterError``   the data cannot be set as a letter; carries ``field`` and ``character``
    ``SealError``     the seal could not be applied; the unsigned letter is still good
    ``BadPdf``        bytes offered for verification are not a letter this code can read
"""

from __future__ import annotations


class PdfError(Exception):
    """Base of all errors of letters and seals."""

    code = "pdf"


class LetterError(PdfError):
    """A letter cannot be made of this data. ``field`` names the field, ``character`` the
    character no installed font can draw (empty when the cause is another)."""

    code = "letter"

    def __init__(self, message: str, *, field: str = "", character: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.character = character


class SealError(PdfError):
    """The seal could not be applied."""

    code = "seal"


class BadPdf(PdfError):
    """The bytes are not a PDF letter."""

    code = "bad-pdf"
