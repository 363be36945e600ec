"""The notice that applicants confirm to have read (公证法 27), edition by edition.

An edition's words never change: who wants other words adds another one. What was confirmed can so
be read for ever, and its SHA-256 says that it is what was shown.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent
#: The newest is the one in force.
EDITIONS: Final = ("2026-1",)


@dataclass(frozen=True, slots=True)
class Notice:
    """``sha256`` is over :attr:`text` in UTF-8: the Chinese words, a line of three dashes, and the
    English ones."""

    edition: str
    zh: str
    en: str

    @property
    def text(self) -> str:
        return f"{self.zh}\n---\n{self.en}"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    def paragraphs(self, language: str) -> list[str]:
        """The title, then the paragraphs."""
        return [each.strip() for each in (self.zh if language == "zh" else self.en).split("\n\n")]


def notice(edition: str) -> Notice | None:
    """The words of an edition; None when there is no such one."""
    return _read(edition) if edition in EDITIONS else None


def current() -> Notice:
    """The words in force."""
    return _read(EDITIONS[-1])


@cache
def _read(edition: str) -> Notice:
    zh, en = ((_FOLDER / f"{edition}.{code}.txt").read_text("utf-8") for code in ("zh", "en"))
    return Notice(edition, zh.strip(), en.strip())
