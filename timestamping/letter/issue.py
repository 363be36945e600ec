"""The one call that makes a letter."""

from __future__ import annotations

from timestamping.letter.data import LetterData
from timestamping.letter.render import render_letter
from timestamping.pdf.sealer import Sealer


def issue_letter(data: LetterData, sealer: Sealer) -> bytes:
    """The sealed letter of ``data``.

    Raises:
        LetterError: the data cannot be set.
        SealError: the seal cannot be applied.
        TimestampError: the seal's time-stamps were not to be had.
    """
    return sealer.seal(render_letter(data), reason=f"存证函 Deposit letter {data.number}")
