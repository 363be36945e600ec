"""PDF/A-3b: typesetting from data, sealing, and judging a sealed letter."""

from timestamping.pdf.errors import BadPdf, LetterError, PdfError, SealError

__all__ = ["BadPdf", "LetterError", "PdfError", "SealError"]
