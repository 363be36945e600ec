"""Setting a letter: values in, unsigned PDF/A-3b out."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from timestamping.letter.data import LetterData
from timestamping.letter.view import view
from timestamping.pdf.typeset import typeset

TEMPLATE: Final = Path(__file__).parent / "templates" / "letter.typ"


def render_letter(data: LetterData) -> bytes:
    """The unsigned letter, the same bytes for the same data.

    Raises:
        LetterError: naming the field and the character that cannot be set.
    """
    return typeset(TEMPLATE, view(data), data.times.issued)
