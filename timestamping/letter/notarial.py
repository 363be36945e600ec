"""What a letter says of a document of the notary's office: a certificate, or an archive volume.

A short extract of plain values; the document itself is in the package.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from timestamping.letter.words import Words
from timestamping.pdf.text import runs


@dataclass(frozen=True, slots=True)
class Notarial:
    """``title`` is what it is, ``lead`` one sentence about it; ``facts`` are label and value, in
    the order to be printed."""

    title: Words
    lead: Words
    facts: tuple[tuple[Words, str], ...]


def notarial_view(notarial: Notarial | None) -> dict[str, Any] | None:
    """None for a letter about anything else."""
    if notarial is None:
        return None
    return {
        "title": {"zh": notarial.title.zh, "en": notarial.title.en},
        "lead": {"zh": notarial.lead.zh, "en": notarial.lead.en},
        "facts": [
            {"zh": label.zh, "en": label.en, "value": runs(value)}
            for label, value in notarial.facts
        ],
    }
