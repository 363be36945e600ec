"""What a file handed in really is, told from its first bytes and never from its name.

Only kinds that no browser runs as a page are taken: text, SVG, HTML, programs and office files with
macros are none of them.
"""

from __future__ import annotations

from typing import Final

#: bytes that :func:`sniffed` wants to see
HEAD: Final = 32
#: media type → the suffix a download of it has
TAKEN: Final = {
    "application/pdf": "pdf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/heic": "heic",
    "image/tiff": "tif",
}
_BRANDS: Final = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"})


def sniffed(head: bytes) -> str | None:
    """The media type of content that begins so, one of :data:`TAKEN`; None for anything else."""
    if head.startswith(b"%PDF-"):  # ISO 32000-2 §7.5.2
        return "application/pdf"
    if head.startswith(b"\xff\xd8\xff"):  # ITU-T T.81 B.1.1.3
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):  # ISO/IEC 15948 §5.2
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":  # RFC 9649 §2.4
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in _BRANDS:  # ISO/IEC 23008-12 §10
        return "image/heic"
    if head[:4] in (b"II*\x00", b"MM\x00*"):  # TIFF 6.0 §2
        return "image/tiff"
    return None
