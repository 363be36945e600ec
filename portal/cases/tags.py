"""Tags: free words, the same word whatever its capitals or its way of writing an accent."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from portal.cases.models import MAX_FOLDED, MAX_TAG
from portal.problems import BadInput

#: tags of one deposit
MAX_TAGS: Final = 20
#: What separates tags in one field, as people type lists in either language.
_SEPARATORS: Final = re.compile(r"[,，、;；|\r\n\t]+")
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Tag:
    """``shown`` as it was written; ``folded`` is what makes two tags the same."""

    shown: str
    folded: str


def fold(text: str) -> str:
    """What a tag is found by; ``""`` for what is no tag.

    >>> fold(" Contract ") == fold("CONTRACT")
    True
    """
    folded = unicodedata.normalize("NFC", _plain(text).casefold())
    return folded if len(folded) <= MAX_FOLDED else ""


def split(text: str) -> list[str]:
    """The tags in one field, separated by commas, semicolons or 、."""
    return [piece for piece in _SEPARATORS.split(text) if piece.strip()]


def read_tags(words: Iterable[str]) -> list[Tag]:
    """Each tag once, in the order given, as it was first written.

    Raises:
        BadInput: one is too long, or there are too many.
    """
    found: dict[str, Tag] = {}
    for word in words:
        shown = _plain(word)
        if len(shown) > MAX_TAG:
            message = "A tag has at most %(limit)s characters."
            raise BadInput("tag_long", message, field="tags", limit=MAX_TAG)
        folded = fold(shown)
        if folded:
            found.setdefault(folded, Tag(shown, folded))
    check_count(len(found))
    return list(found.values())


def check_count(count: int) -> None:
    """Raises BadInput for more tags than one deposit takes."""
    if count > MAX_TAGS:
        message = "A deposit has at most %(limit)s tags."
        raise BadInput("tags_many", message, field="tags", limit=MAX_TAGS)


def _plain(text: str) -> str:
    """NFC, on one line, without what cannot be seen."""
    seen = "".join(
        character if unicodedata.category(character) not in _INVISIBLE else " "
        for character in text
    )
    return " ".join(unicodedata.normalize("NFC", seen).split())
