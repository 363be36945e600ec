"""Setting a volume: values in, PDF/A-3b out, the extract of the custody log attached."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any, Final

from timestamping.certificate.data import number_zh
from timestamping.certificate.volume.data import Block, Facts, Section, Table, VolumeData
from timestamping.certificate.volume.manifest import CUSTODY
from timestamping.letter.clock import Clock
from timestamping.letter.words import Words
from timestamping.pdf.errors import LetterError
from timestamping.pdf.text import Run, escaped, runs
from timestamping.pdf.typeset import typeset

_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
#: From here on characters are Chinese, or set like it.
_CJK: Final = 0x2E80
#: Beside the certificate's, whose pieces it shares.
TEMPLATE: Final = Path(__file__).parents[1] / "templates" / "volume.typ"


def render_volume(data: VolumeData) -> bytes:
    """The volume as one PDF, the same bytes for the same data. It is not signed: what is sealed is
    the list that names it.

    Raises:
        LetterError: it cannot be set; the sentence says why.
    """
    return typeset(TEMPLATE, _view(data), data.closed_at)


def _view(data: VolumeData) -> dict[str, Any]:
    try:
        custody = data.custody.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LetterError(f"{CUSTODY} is no text", field="custody") from error
    return {
        "title": f"公证卷宗 Archive volume {data.matter}",
        "issuer": escaped(f"{data.office.zh} {data.office.en}".strip()),
        "description": f"SHA-256 {hashlib.sha256(data.custody).hexdigest()}",
        "matter": runs(data.matter),
        "subject": _words(data.title),
        "office": _words(data.office),
        "closed": Clock(data.zone).full(data.closed_at),
        "certificates": [{"zh": number_zh(each), "en": each} for each in data.certificates],
        "sections": [_section(each) for each in data.sections],
        "custody": {"name": CUSTODY, "data": custody},
    }


def _section(section: Section) -> dict[str, Any]:
    blocks = [_block(each) for each in section.blocks]
    return {"title": _words(section.title), "blocks": [each for each in blocks if each]}


def _block(block: Block) -> dict[str, Any] | None:
    if isinstance(block, Facts):
        rows = [{**_words(label), **_value(text)} for label, text in block.rows if text]
        return {"kind": "facts", "rows": rows} if rows else None
    if isinstance(block, Table):
        if not block.rows:
            return None
        return {
            "kind": "table",
            "columns": [_words(each) for each in block.columns],
            "shares": list(block.shares),
            "mono": [place in block.mono for place in range(len(block.columns))],
            "rows": [[_lines(cell) for cell in row] for row in block.rows],
        }
    return {"kind": "note", **_words(block.text)}


def _value(text: str) -> dict[str, Any]:
    """With how it is set: digests in digits' type, Latin text with Latin quotation marks."""
    latin = all(ord(character) < _CJK for character in text)
    mono = _DIGEST.fullmatch(text) is not None
    return {"value": _lines(text), "mono": mono, "lang": "en" if latin else "zh"}


def _lines(text: str) -> list[list[Run]]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [runs(line) for line in lines]


def _words(words: Words) -> dict[str, Any]:
    return {"zh": runs(words.zh), "en": runs(words.en)}
