"""Events and pictures of a case as pages, the PDF and the CSV show them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from flask import url_for
from flask_babel import LazyString, force_locale, gettext, lazy_gettext

from portal.audit.words import act_name, way_name
from portal.cases.events import OTHER, Event
from portal.cases.models import CaseState
from portal.cases.picture import Picture
from portal.deposits.present import EXPORTS, STATES
from timestamping.letter.words import Words

#: kind of event → its name and its icon, in the order of the picture's lanes
KINDS: Final = {
    "received": (lazy_gettext("Reception"), "file-upload"),
    "proof": (lazy_gettext("Proof"), "rubber-stamp"),
    "taken": (lazy_gettext("Taken away"), "download"),
    "verified": (lazy_gettext("Verified"), "shield-check"),
    "access": (lazy_gettext("Access"), "users"),
    "note": (lazy_gettext("Notes"), "notes"),
    "case": (lazy_gettext("Order in the case"), "briefcase"),
    OTHER: (lazy_gettext("Other"), "history"),
}
CASE_STATES: Final = {
    CaseState.OPEN: lazy_gettext("open"),
    CaseState.CLOSED: lazy_gettext("closed"),
}
#: acts about several deposits at once
_COUNTED: Final = {
    "case.deposits_added": lazy_gettext("deposits put in: %(count)s"),
    "case.deposits_removed": lazy_gettext("deposits taken out: %(count)s"),
}
#: a time stated by the evidence itself, by action
_STATED: Final = {
    "deposit.timestamped": lazy_gettext("time in the token"),
    "deposit.anchored": lazy_gettext("time on the ledger"),
}


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event in the visitor's language. ``link`` is "" for the case itself."""

    seq: int
    at: datetime
    kind: str
    icon: str
    what: str
    more: str
    text: str
    thing: str
    title: str
    link: str
    who: str
    way: str
    address: str
    stated: datetime | None
    stated_name: str


def lines(events: Iterable[Event]) -> Iterator[EventLine]:
    for event in events:
        _, icon = KINDS.get(event.kind, KINDS[OTHER])
        yield EventLine(
            seq=event.seq,
            at=event.at,
            kind=event.kind,
            icon=icon,
            what=what(event.action, event.detail),
            more=more(event),
            text=event.text,
            thing=event.thing.label,
            title=event.thing.title,
            link=_address(event),
            who=who(event),
            way="" if event.via == "worker" else way_name(event.via),
            address=event.address,
            stated=event.stated,
            stated_name=str(_STATED.get(event.action, "")),
        )


def groups(shown: Iterable[EventLine]) -> list[list[EventLine]]:
    """Neighbours that differ only in what they are about stand together: fourteen letters issued
    in a row are one line that opens."""
    found: list[list[EventLine]] = []
    for line in shown:
        last = found[-1][0] if found else None
        alone = line.text or not line.link
        if last is None or alone or last.text or _sameness(last) != _sameness(line):
            found.append([])
        found[-1].append(line)
    return found


def _sameness(line: EventLine) -> tuple[str, ...]:
    return line.kind, line.what, line.more, line.who, line.way, line.address


def _address(event: Event) -> str:
    thing = event.thing
    values: dict[str, Any] = dict(thing.values)
    return url_for(thing.endpoint, **values) if thing.endpoint else ""


def what(action: str, detail: Mapping[str, Any]) -> str:
    """What was done, in the language of the moment."""
    given = str(detail.get("what", ""))
    if action in _COUNTED:
        return str(_COUNTED[action]) % {"count": detail.get("count", 0)}
    if action == "deposit.exported":
        return str(gettext("handed out: %(what)s", what=EXPORTS.get(given, given)))
    if action == "case.exported":
        return str(gettext("timeline exported: %(what)s", what=given.upper()))
    return act_name(action)


def more(event: Event) -> str:
    """What else the entry says that people understand; the same in every language."""
    if event.action in _COUNTED:
        numbers = str(event.detail.get("numbers", "")).split()
        left = int(event.detail.get("count", 0)) - len(numbers)
        return ", ".join(numbers) + (" …" if left > 0 else "")
    if event.action in ("access.given", "access.taken_back"):
        return str(event.detail.get("to", ""))
    if event.action == "deposit.tagged":
        signed = (("+", event.detail.get("added", "")), ("−", event.detail.get("removed", "")))
        return " · ".join(f"{sign} {words}" for sign, words in signed if words)
    return ""


def who(event: Event) -> str:
    """The portal's own processes are named as such."""
    if event.via == "worker":
        return str(gettext("the portal itself"))
    return event.who or str(gettext("nobody signed in"))


def kind_name(kind: str) -> str:
    return str(KINDS.get(kind, KINDS[OTHER])[0])


def state_name(state: str) -> str:
    """The state of a deposit in words."""
    known = {str(each): label for each, label in STATES.items()}
    return str(known.get(state, state))


def described(picture: Picture) -> str:
    """The picture in one sentence, for those who do not see it."""
    parts = [f"{kind_name(lane.kind)} {lane.count}" for lane in picture.lanes]
    return str(gettext(", ")).join(parts)


def both(say: Callable[[], str | LazyString]) -> Words:
    """The same in Chinese and English, for paper that is in both."""
    said = []
    for locale in ("zh", "en"):
        with force_locale(locale):
            said.append(str(say()))
    return Words(*said)


def both_of(event: Event) -> Words:
    """What was done, in both languages."""
    return _both_of(event.action, tuple((key, str(value)) for key, value in event.detail.items()))


# Switching languages costs more than finding the words, and most rows say the same few things.
@lru_cache(maxsize=512)
def _both_of(action: str, detail: tuple[tuple[str, str], ...]) -> Words:
    return both(lambda: what(action, dict(detail)))


@lru_cache(maxsize=16)
def way_of(via: str) -> Words:
    return both(lambda: way_name(via))
