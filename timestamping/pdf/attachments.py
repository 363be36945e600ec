"""Reading what is attached to a PDF (ISO 32000-1 §7.11.4), within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pyhanko.pdf_utils.reader import PdfFileReader

from timestamping.pdf.errors import BadPdf

#: Most attachments read, and most bytes of one of them.
MAX_FILES: Final = 64
MAX_BYTES: Final = 8 << 20
_MAX_DEPTH: Final = 8


def attachments(reader: PdfFileReader) -> dict[str, bytes]:
    """Name to bytes of everything in the EmbeddedFiles name tree.

    Raises:
        BadPdf: a name occurs twice, or there is more than the bounds allow.
    """
    found: dict[str, bytes] = {}
    try:
        root = reader.root["/Names"]["/EmbeddedFiles"]
    except KeyError:
        return found
    for name, spec in _leaves(root, 0):
        if name in found:
            raise BadPdf(f"the attachment {name} occurs twice")
        if len(found) >= MAX_FILES:
            raise BadPdf(f"there are more than {MAX_FILES} attachments")
        data = bytes(spec["/EF"]["/F"].data)
        if len(data) > MAX_BYTES:
            raise BadPdf(f"the attachment {name} has more than {MAX_BYTES} bytes")
        found[name] = data
    return found


def _leaves(node: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """Name tree leaves in order (ISO 32000-1 §7.9.6)."""
    if depth > _MAX_DEPTH:
        raise BadPdf("the attachments' name tree is too deep")
    if "/Names" in node:
        names = node["/Names"]
        for at in range(0, len(names) - 1, 2):
            yield str(names[at]), names[at + 1]
    if "/Kids" in node:
        kids = node["/Kids"]
        for at in range(len(kids)):
            yield from _leaves(kids[at], depth + 1)
