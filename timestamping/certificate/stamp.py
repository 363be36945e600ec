"""The visible part of a notary's signature: a name stamp, drawn as plain paths like the seal."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from timestamping.certificate.data import NotaryPerson
from timestamping.pdf.seal_art import outlined

TEMPLATE: Final = Path(__file__).parent / "templates" / "name.typ"


@lru_cache(maxsize=64)
def name_stamp(person: NotaryPerson, width: int, height: int) -> bytes:
    """PDF path operators of the stamp, ``width`` by ``height`` millimetres.

    Raises:
        SealError: the name cannot be drawn.
    """
    words = {"name": person.name, "name-en": person.name_en, "width": width, "height": height}
    return outlined(TEMPLATE, words, width, height)
