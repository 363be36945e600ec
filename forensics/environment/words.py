"""What the checks are called and what they say, in Chinese and English."""

from __future__ import annotations

from typing import Final, NamedTuple


class Words(NamedTuple):
    zh: str
    en: str


#: Reason codes and their sentences.
REASONS: Final[dict[str, Words]] = {}
