"""Typesetting: a template and data in, a PDF/A-3b out.

Data travels as JSON in ``sys.inputs`` and is only ever read by the template as data, so no user
text can become typst source. The creation time comes from the data, which makes the output
byte-reproducible. A missing glyph is an error here (PDF/A forbids ``.notdef``), never a box.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import typst

from timestamping.pdf.errors import LetterError
from timestamping.pdf.fonts import fonts

STANDARD: Final = "a-3b"
_MISSING: Final = re.compile(r'the text `"(.*?)"` could not be displayed')
_local = threading.local()


def typeset(template: Path, data: Mapping[str, Any], created: datetime) -> bytes:
    """Set ``template`` with ``data``; ``created`` is the PDF's creation time.

    Raises:
        LetterError: a character without a glyph, or data the template cannot set.
    """
    try:
        made = _compiler(template.parent).compile(
            input=template,
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
            format="pdf",
            pdf_standards=STANDARD,
            timestamp=int(created.timestamp()),
        )
    except typst.TypstError as error:
        raise _explained(error, data) from error
    if not isinstance(made, bytes):
        raise LetterError("typst gave no document")
    return made


def _compiler(root: Path) -> typst.Compiler:
    """One compiler per thread and template folder: compilers keep their caches warm but refuse
    to be used by two threads at once."""
    compilers: dict[Path, typst.Compiler] = _local.__dict__.setdefault("compilers", {})
    if root not in compilers:
        compilers[root] = typst.Compiler(root=root, font_paths=fonts(), ignore_system_fonts=True)
    return compilers[root]


def _explained(error: typst.TypstError, data: Mapping[str, Any]) -> LetterError:
    missing = _MISSING.search(error.message)
    if missing is None:
        return LetterError(f"the letter cannot be set: {error.message}")
    text = re.sub(r"\\u\{([0-9a-f]+)\}", lambda m: chr(int(m[1], 16)), missing[1])
    names = ", ".join(f"U+{ord(character):04X}" for character in text)
    field = _field_holding(text, data)
    where = f" of field {field}" if field else ""
    return LetterError(f"no installed font can draw {names}{where}", field=field, character=text)


def _field_holding(text: str, value: Any, path: str = "") -> str:
    """The dotted path of the first string in ``value`` that contains ``text``, or ``""``."""
    if isinstance(value, str):
        return path if text in value else ""
    members: list[tuple[Any, Any]] = []
    if isinstance(value, Mapping):
        members = list(value.items())
    elif isinstance(value, list | tuple):
        members = list(enumerate(value))
    for name, member in members:
        found = _field_holding(text, member, f"{path}.{name}" if path else str(name))
        if found:
            return found
    return ""
