"""What lists of deposits can be narrowed by and ordered by, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask_babel import LazyString, gettext, lazy_gettext

from portal.deposits.filters import WAITS, Owner, Sort
from portal.deposits.present import STATES

STATE_WORDS: Final = {
    WAITS: lazy_gettext("Waiting for another try"),
    **{str(state): words for state, words in STATES.items()},
}
KIND_WORDS: Final = {
    "file": lazy_gettext("File"),
    "folder": lazy_gettext("Folder"),
    "capture": lazy_gettext("Capture"),
    "draw": lazy_gettext("Draw"),
    "notarial": lazy_gettext("Notarial certificate"),
    "volume": lazy_gettext("Archive volume"),
    "digest": lazy_gettext("Digest only"),
}
OWNER_WORDS: Final = {
    Owner.MINE.value: lazy_gettext("Deposited by me"),
    Owner.SHARED.value: lazy_gettext("Shared with me"),
}
SORT_WORDS: Final = {
    Sort.NEWEST.value: lazy_gettext("Newest first"),
    Sort.OLDEST.value: lazy_gettext("Oldest first"),
    Sort.TITLE.value: lazy_gettext("By title"),
    Sort.SIZE.value: lazy_gettext("Largest first"),
}


@dataclass(frozen=True, slots=True)
class Choices:
    """Value → words, of each select box."""

    states: dict[str, LazyString]
    kinds: dict[str, LazyString]
    owners: dict[str, LazyString]
    sorts: dict[str, LazyString]


def choices(for_organisation: bool) -> Choices:
    """For one's own list "by me" would be all of it."""
    owners = dict(OWNER_WORDS)
    if not for_organisation:
        del owners[Owner.MINE.value]
    return Choices(dict(STATE_WORDS), dict(KIND_WORDS), owners, dict(SORT_WORDS))


def chip(name: str, value: str) -> str:
    """One thing that narrows a list: ``kind``, ``file`` → "Kind: File"."""
    known = {"state": STATE_WORDS, "kind": KIND_WORDS, "owner": OWNER_WORDS}.get(name, {})
    said = str(known.get(value, value))
    match name:
        case "text":
            return str(gettext("Words: %(value)s", value=said))
        case "state":
            return str(gettext("State: %(value)s", value=said))
        case "kind":
            return str(gettext("Kind: %(value)s", value=said))
        case "case":
            return str(gettext("Case: %(value)s", value=said))
        case "tag":
            return str(gettext("Tag: %(value)s", value=said))
        case "since":
            return str(gettext("From: %(value)s", value=said))
        case "until":
            return str(gettext("To: %(value)s", value=said))
    return said
