"""From the desk's values to what its pages show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask_babel import gettext

from portal.audit.words import act_name, role_names, way_name
from portal.desk.calendar import PERIOD
from portal.desk.clock import Clock
from portal.desk.custody import Entry
from portal.desk.reminding import AHEAD
from portal.desk.words import DETAILS, MATERIALS, PARTS, reason_words

_HEX: Final = 16


@dataclass(frozen=True, slots=True)
class DaysBar:
    """The clock as a bar and in words: ``width`` 0 to 100, ``look`` "good", "soon", "late",
    "still" or "none"; ``words`` say all that the colour says."""

    look: str
    icon: str
    width: int
    words: str


def days_bar(clock: Clock, state: str) -> DaysBar:
    """What stands beside a matter."""
    width = round(100 * clock.share)
    if state not in ("submitted", "accepted"):
        used = gettext("working days used: %(num)s", num=clock.used) if clock.started_on else ""
        return DaysBar("none", "circle-check", width, used)
    if clock.left is None:
        return DaysBar("none", "hourglass", 0, gettext("The clock has not begun"))
    if clock.paused:
        words = gettext(
            "Clock stands still, %(left)s of %(all)s days left", left=clock.left, all=PERIOD
        )
        return DaysBar("still", "player-pause", width, words)
    if clock.left < 0:
        many = gettext("%(num)s working days overdue", num=-clock.left)
        late = gettext("1 working day overdue") if clock.left == -1 else many
        return DaysBar("late", "alert-triangle", 100, late)
    if clock.left == 0:
        return DaysBar("soon", "alert-triangle", width, gettext("Due today"))
    many = gettext("%(num)s working days left", num=clock.left)
    left = gettext("1 working day left") if clock.left == 1 else many
    soon = clock.left <= AHEAD
    return DaysBar("soon" if soon else "good", "clock", width, left)


@dataclass(frozen=True, slots=True)
class TimelineLine:
    """One act in the visitor's language; ``times`` how often in a row, from ``first`` to ``at``."""

    at: datetime
    first: datetime
    times: int
    what: str
    who: str
    roles: tuple[str, ...]
    way: str
    more: tuple[tuple[str, str], ...]


def timeline(entries: Iterable[Entry]) -> list[TimelineLine]:
    """Newest first; the same act of the same person many times in a row is one line."""
    found: list[TimelineLine] = []
    for entry in entries:
        line = _line(entry)
        last = found[-1] if found else None
        if last is not None and _sameness(last) == _sameness(line):
            found[-1] = TimelineLine(
                line.at,
                last.first,
                last.times + 1,
                *(_sameness(line)),  # type: ignore[arg-type]
            )
        else:
            found.append(line)
    return found[::-1]


def _line(entry: Entry) -> TimelineLine:
    portal = entry.via == "worker"
    return TimelineLine(
        at=entry.at,
        first=entry.at,
        times=1,
        what=act_name(entry.action),
        who=str(gettext("the portal itself")) if portal else entry.who,
        roles=() if portal else tuple(role_names(" ".join(entry.roles))),
        way="" if portal else way_name(entry.via),
        more=tuple(_more(entry)),
    )


def _sameness(line: TimelineLine) -> tuple[object, ...]:
    return line.what, line.who, line.roles, line.way, line.more


def _more(entry: Entry) -> Iterator[tuple[str, str]]:
    """What else an entry says that people understand."""
    for key, name in DETAILS.items():
        value = entry.detail.get(key)
        if value in (None, "") or (key == "material" and len(str(value)) == 36):
            continue
        yield str(name), _said(key, value)


def _said(key: str, value: Any) -> str:
    text = str(value)
    if key == "sha256":
        return f"{text[:_HEX]}…"
    if key in ("code", "material"):
        return str(MATERIALS.get(text, text))
    if key == "reason":
        return reason_words(text)
    if key == "part":
        return ", ".join(str(PARTS.get(each, each)) for each in text.split())
    if key == "needed":
        return str(gettext("yes") if text == "yes" else gettext("no"))
    return text
