"""Which deposits a list shows, in which order, and from where on."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from portal import cursors
from portal.audit.actor import Actor
from portal.cases.tags import fold
from portal.deposits.models import State
from portal.deposits.numbers import read_number
from portal.search import LAST, Keys, Query, Span, Term, place_from, terms

MAX_PAGE: Final = 200
#: the name under which deposits that wait are counted and found, beside their state
WAITS: Final = "waits"
KINDS: Final = ("file", "digest", "folder", "capture", "draw", "notarial", "volume")
_HEX: Final = re.compile(r"[0-9a-f]{6,64}")


class Sort(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"
    TITLE = "title"
    #: the largest first
    SIZE = "size"


class Owner(StrEnum):
    """Beside all that the actor's lists show."""

    #: deposited by the actor, of those of the organisation acted for
    MINE = "mine"
    #: what others gave the actor access to
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class DepositFilter:
    """``text`` is looked for in title, file name, note, number, digests and tags, see
    :mod:`portal.search.words`; times are ``received_at``, from ``since`` to before ``until``;
    ``waits``: only those whose next step was tried and waits."""

    state: State | None = None
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    waits: bool = False
    kind: str = ""
    case_id: str = ""
    tag: str = ""
    owner: Owner | None = None
    sort: Sort = Sort.NEWEST

    @property
    def plain(self) -> bool:
        """Nothing but time is asked for: the table's own order answers, always up to date."""
        asked = (self.state, self.text.strip(), self.waits, self.kind, self.case_id, self.tag)
        return not any(asked) and self.owner is None and self.sort in (Sort.NEWEST, Sort.OLDEST)

    @property
    def span(self) -> Span:
        first = place_from(self.since) if self.since else 0
        return Span(first, place_from(self.until) if self.until else LAST)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last deposit of a page; the next page begins after it."""

    sort: Sort
    order: Keys
    id: str

    def encode(self) -> str:
        parts = (self.sort, self.order.place, self.order.size, self.id, self.order.title)
        return base64.urlsafe_b64encode(" ".join(map(str, parts)).encode()).decode()

    @classmethod
    def decode(cls, text: str, sort: Sort) -> Cursor:
        """What :meth:`encode` gave for a list in the same order.

        Raises:
            BadInput: anything else.
        """
        try:
            plain = base64.b64decode(text.encode("ascii"), b"-_", validate=True).decode("ascii")
            name, at, size, own, title = plain.split(" ")
            order = Keys(int(at), title, int(size))
            known = Sort(name) is sort and 0 <= order.place <= LAST and -1 <= order.size <= LAST
            if not known or "\x00" in plain:
                raise ValueError("not one of ours")
        except (ValueError, binascii.Error) as error:
            raise cursors.unknown() from error
        return cls(sort, order, own)


def scope_of(actor: Actor) -> str:
    """Whose list :func:`portal.deposits.access.listed` shows the actor, as a scope of the index."""
    return scope(actor.id, actor.organisation or None)


def scope(owner_id: str, organisation_id: str | None) -> str:
    return facet("g", organisation_id) if organisation_id else facet("u", owner_id)


def query_of(actor: Actor, wanted: DepositFilter) -> Query | None:
    """What to ask the index; None when the text holds nothing that could be found."""
    asked = {
        "s": str(wanted.state or ""),
        "w": WAITS if wanted.waits else "",
        "k": wanted.kind,
        "c": wanted.case_id,
        "o": actor.id if wanted.owner is Owner.MINE else "",
    }
    facets = [facet(letter, value) for letter, value in asked.items() if value]
    if wanted.tag:
        facets.append(tag_facet(fold(wanted.tag)))
    either = _ways(wanted.text)
    if wanted.text.strip() and not either:
        return None
    return Query(tuple(facets), either)


def facet(letter: str, value: str) -> str:
    """A token that is no word, for a value of any kind: words hold no underscore."""
    short = value.replace("-", "")
    if short.isascii() and short.isalnum() and len(short) <= 32 and short == short.lower():
        return f"{letter}_{short}"
    return f"{letter}_{hashlib.sha256(value.encode(errors='replace')).hexdigest()[:32]}x"


def tag_facet(folded: str) -> str:
    """For a tag as :func:`portal.cases.tags.fold` gives it."""
    return facet("t", f"tag {folded}")


def _ways(text: str) -> tuple[tuple[Term, ...], ...]:
    """By words; or as a number, with letters misread; or as the beginning of a digest."""
    ways = [terms(text)]
    number = read_number(text[:64])
    if number is not None:
        ways.append((Term((facet("n", number[1].lower()),)),))
    digits = "".join(text.split()).lower()
    if _HEX.fullmatch(digits):
        ways.append((Term((f"h_{digits}",), prefix=True),))
    return tuple(way for way in ways if way)
