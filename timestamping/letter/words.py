"""The same words in Chinese and English, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Words:
    zh: str
    en: str

    def __bool__(self) -> bool:
        return bool(self.zh or self.en)


NOTHING: Final = Words("", "")
