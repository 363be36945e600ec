"""How much of what a page says is kept. Whatever comes from a page is hostile."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

#: Characters of an address, of a title, of one header's value; headers of one message.
MAX_URL: Final = 8192
MAX_TITLE: Final = 300
MAX_VALUE: Final = 16384
MAX_HEADERS: Final = 200
#: Bytes of one body, as the browser is asked to keep them; of all bodies it keeps at a time.
MAX_BODY: Final = 32 << 20
MAX_BODIES: Final = 160 << 20
MAX_POST: Final = 64 << 10
#: Exchanges, and bytes of archive, of one session; requests under way at a time.
MAX_EXCHANGES: Final = 50_000
MAX_ARCHIVE: Final = 1 << 30
MAX_OPEN: Final = 5_000
#: Visits, origins whose certificates are kept, downloads.
MAX_VISITS: Final = 5_000
MAX_ORIGINS: Final = 500
MAX_DOWNLOADS: Final = 500
MAX_DOWNLOAD: Final = 2 << 30
MAX_SESSIONS: Final = 500
#: A picture of a whole page: pixels in all, CSS pixels of height, and of one strip.
MAX_PIXELS: Final = 40_000_000
MAX_WIDTH: Final = 4096
MAX_HEIGHT: Final = 60_000
STRIP: Final = 4000
#: Bytes of a snapshot (MHTML) and of a PDF.
MAX_DOCUMENT: Final = 128 << 20

_ADDRESS: Final = "".join(chr(code) for code in range(0x21, 0x7F))
_UNSAFE: Final = re.compile(r"[^\w.+() -]+")


def line(value: Any, limit: int = MAX_VALUE) -> str:
    """``value`` as text of one line, storable as UTF-8, at most ``limit`` characters."""
    text = value if isinstance(value, str) else "" if value is None else str(value)
    text = text[: limit + 1].encode("utf-8", "replace").decode()
    text = "".join(" " if unicodedata.category(one) in ("Cc", "Zl", "Zp") else one for one in text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def url(value: Any) -> str:
    """An address in ASCII without anything that ends a line; cut off where it is endless."""
    return quote(line(value, MAX_URL).rstrip("…"), safe=_ADDRESS)


def number(value: Any) -> float:
    """A finite number; 0 for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15:
        return float(value)
    return 0.0


def mapping(value: Any) -> Mapping[str, Any]:
    """``value`` when it is an object; an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def headers(value: Any) -> list[tuple[str, str]]:
    """Header fields as pairs. DevTools joins several of one name by line feeds."""
    pairs: list[tuple[str, str]] = []
    for name, text in mapping(value).items():
        for each in str(text)[: MAX_VALUE * 4].split("\n"):
            if len(pairs) < MAX_HEADERS:
                field = re.sub(r"[^!-9;-~]", "", line(name, 200))  # RFC 9110 §5.1: a token
                pairs.append((field or "x-unnamed", line(each).strip()))
    return pairs


def is_web(address: str) -> bool:
    """Whether something was asked of a server for it."""
    return address.startswith(("http://", "https://"))


def harmless(name: Any, otherwise: str = "download") -> str:
    """A file name that is only a name: no folders, no control or direction characters, no leading
    dot, at most 120 bytes of UTF-8."""
    text = unicodedata.normalize("NFC", line(name, 400).replace("\\", "/").rpartition("/")[2])
    text = _UNSAFE.sub("_", text).strip(" .")
    while len(text.encode()) > 120:
        stem, dot, ending = text.rpartition(".")
        text = f"{stem[:-1]}.{ending}" if dot and stem and len(ending) <= 12 else text[:-1]
    return text or otherwise
