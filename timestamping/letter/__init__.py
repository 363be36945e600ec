"""Deposit letters (存证函): bilingual, PDF/A-3b, the evidence attached, sealed PAdES B-LTA.

``issue_letter(data, sealer)`` is all a caller needs; ``render_letter(data)`` gives the same letter
unsealed and byte-reproducible. Errors stand in :mod:`timestamping.pdf.errors`.
"""

from timestamping.letter.attachments import letter_document, metadata_document
from timestamping.letter.capture import (
    Capture,
    CaptureCheck,
    CaptureMoment,
    CaptureSegment,
    CaptureStill,
)
from timestamping.letter.data import (
    CustodyEvent,
    Depositor,
    Further,
    Item,
    LetterData,
    Office,
    Times,
)
from timestamping.letter.draw import Drawn, DrawParty, DrawStage, DrawStep, DrawWinner
from timestamping.letter.issue import issue_letter
from timestamping.letter.limits import does_not_prove, proves
from timestamping.letter.masking import mask
from timestamping.letter.notarial import Notarial
from timestamping.letter.render import render_letter
from timestamping.letter.strength import LedgerKind, Strength, StrengthFacts, statement
from timestamping.letter.words import Words

__all__ = [
    "Capture",
    "CaptureCheck",
    "CaptureMoment",
    "CaptureSegment",
    "CaptureStill",
    "CustodyEvent",
    "Depositor",
    "DrawParty",
    "DrawStage",
    "DrawStep",
    "DrawWinner",
    "Drawn",
    "Further",
    "Item",
    "LedgerKind",
    "LetterData",
    "Notarial",
    "Office",
    "Strength",
    "StrengthFacts",
    "Times",
    "Words",
    "does_not_prove",
    "issue_letter",
    "letter_document",
    "mask",
    "metadata_document",
    "proves",
    "render_letter",
    "statement",
]
