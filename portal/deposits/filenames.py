"""File names: kept as given, shown harmless, and never used as a path of ours."""

from __future__ import annotations

import unicodedata
from typing import Final

#: A name is stored up to this length, in characters. File systems stop at 255 bytes.
MAX_NAME: Final = 1024
_MAX_BYTES: Final = 200
#: Control, format (right-to-left overrides among them), surrogate, private, line separators.
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_FORBIDDEN: Final = frozenset('/\\:*?"<>|')


def shown_name(name: str) -> str:
    """``name`` for people's eyes: what cannot be seen or would turn the text stands as ``\\u202e``.

    >>> shown_name("invoice\\u202efdp.exe")
    'invoice\\\\u202efdp.exe'
    """
    return "".join(_escaped(c) if unicodedata.category(c) in _INVISIBLE else c for c in name)


def download_name(name: str, fallback: str) -> str:
    """A name any file system takes: the last path part without what is invisible or forbidden,
    at most 200 bytes of UTF-8 with its suffix kept, never empty and never hidden."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    plain = "".join(
        "_" if c in _FORBIDDEN else c for c in last if unicodedata.category(c) not in _INVISIBLE
    ).strip(" .")
    stem, dot, suffix = plain.rpartition(".")
    if not dot or len(suffix.encode()) > 20:
        stem, dot, suffix = plain, "", ""
    room = _MAX_BYTES - len((dot + suffix).encode())
    return stem.encode()[:room].decode(errors="ignore") + dot + suffix or fallback


def _escaped(character: str) -> str:
    point = ord(character)
    if point <= 0xFF:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"
