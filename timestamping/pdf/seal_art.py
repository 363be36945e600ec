"""The visible seal: a round red office seal, drawn as plain paths.

Glyphs are turned into outlines once (text → SVG → PDF paths), so that a seal adds no font and no
image to a letter, only a short content stream in DeviceRGB, which the letter's sRGB output intent
covers (ISO 19005-3 §6.2.4.3).
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import typst
from pyhanko.pdf_utils.content import RawContent
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.reader import PdfFileReader

from timestamping.pdf.errors import SealError
from timestamping.pdf.fonts import coverage, fonts

TEMPLATE: Final = Path(__file__).parent / "templates" / "seal.typ"
#: Side of the square the seal is drawn in, PDF points (42 mm).
SIDE: Final = 42 / 25.4 * 72
_WRAPPER: Final = """#set page(width: {width}mm, height: {height}mm, margin: 0mm, fill: none)
#image(bytes(sys.inputs.svg), width: {width}mm)
"""
_STROKE: Final = re.compile(rb"/\w+ CS ([\d.]+ [\d.]+ [\d.]+) SCN")
_FILL: Final = re.compile(rb"/\w+ cs ([\d.]+ [\d.]+ [\d.]+) scn")
_MARKED: Final = re.compile(rb"/\w+ ?<<[^>]*>> ?BDC|/\w+ BMC|\bEMC\b")


def seal_content(name: str, purpose: str) -> RawContent:
    """The seal of ``name``, ready to be drawn into any letter.

    Raises:
        SealError: the name cannot be drawn.
    """
    box = BoxConstraints(width=SIDE, height=SIDE)
    return RawContent(data=seal_paths(name, purpose), box=box)


def seal_paths(name: str, purpose: str) -> bytes:
    """PDF path operators of the seal (ISO 32000-1 §8.5), without any named resource."""
    unknown = [character for character in name + purpose if character not in coverage()]
    if unknown:
        raise SealError(f"the seal of {name!r} cannot be drawn: no glyph for {unknown[0]!r}")
    words = {"name": list(name), "purpose": list(purpose)}
    return outlined(TEMPLATE, words, 42, 42)


def outlined(template: Path, data: Mapping[str, Any], width: int, height: int) -> bytes:
    """A one-page drawing of ``width`` by ``height`` millimetres as path operators.

    Raises:
        SealError: it cannot be drawn, or needs more than paths.
    """
    compiler = typst.Compiler(root=template.parent, font_paths=fonts(), ignore_system_fonts=True)
    wrapper = _WRAPPER.format(width=width, height=height).encode()
    try:
        svg = compiler.compile(
            input=template, sys_inputs={"data": json.dumps(dict(data))}, format="svg"
        )
        pdf = compiler.compile(input=wrapper, sys_inputs={"svg": _text(svg)}, format="pdf")
    except typst.TypstError as error:
        raise SealError(f"{template.stem} cannot be drawn: {error.message}") from error
    page = PdfFileReader(io.BytesIO(_bytes(pdf))).root["/Pages"]["/Kids"][0]
    paths = _MARKED.sub(b"", page["/Contents"].data)
    paths = _FILL.sub(rb" \1 rg", _STROKE.sub(rb" \1 RG", paths))
    if b"/" in paths:
        raise SealError("the seal needs more than paths; the typesetter draws it another way")
    return paths


def _bytes(made: object) -> bytes:
    if not isinstance(made, bytes):
        raise SealError("the typesetter gave no single page")
    return made


def _text(made: object) -> str:
    return _bytes(made).decode()
