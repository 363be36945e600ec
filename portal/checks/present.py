"""From a check to what its pages show: sentences, icons, digests side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext

from chain_adapter.verdict import Check
from portal.checks import words
from portal.checks.document import Difference
from portal.checks.shapes import CheckView, Confirmed, Group, Line, Standing
from portal.ui.locale import language
from portal.verification.words import TITLES as SHARED

#: Digits of a digest that stand together, as people read them aloud.
_WIDTH = 8


@dataclass(frozen=True, slots=True)
class Digits:
    """Digits that stand one above the other: (deposited, found, whether they differ) each."""

    pairs: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file read again; ``digests``: algorithm, both values, aligned when they differ."""

    path: str
    size: int | None
    word: str
    look: str
    digests: tuple[tuple[str, str, str, tuple[Digits, ...]], ...]


@dataclass(frozen=True, slots=True)
class CheckRow:
    number: int
    title: str
    detail: str
    about: str
    word: str
    icon: str
    look: str


@dataclass(frozen=True, slots=True)
class Stamp:
    tsa: str
    independent: bool
    at: datetime
    serial: str
    policy: str


@dataclass(frozen=True, slots=True)
class GroupCard:
    """One of the four, ready to be shown; ``checks`` by what they are about, "" first."""

    name: str
    title: str
    icon: str
    asks: str
    outcome: str
    word: str
    sign: str
    look: str
    sentence: str
    checks: tuple[tuple[str, tuple[CheckRow, ...]], ...]
    count: int
    bad: tuple[CheckRow, ...]
    facts: Mapping[str, Any]
    files: tuple[FileRow, ...]
    stamps: tuple[Stamp, ...]
    said: tuple[Confirmed, ...]


def cards(view: CheckView) -> list[GroupCard]:
    """The four groups of a check that has ended."""
    return [_card(group, view) for group in view.groups]


def stage(view: CheckView) -> tuple[str, int | None]:
    """What the machine does now, and how far it is in hundredths."""
    name, _, percent = view.stage.partition(" ")
    done = int(percent) if name == "content" and percent.isdecimal() else None
    return str(words.STAGES.get(name, words.STAGES[""])), done


def aligned(deposited: str, found: str) -> tuple[Digits, ...]:
    """Two digests digit by digit, in groups.

    >>> [each.pairs[0] for each in aligned("ab", "ac")], aligned("ab", "ac")[0].pairs[1]
    ([('a', 'a', False)], ('b', 'c', True))
    """
    width = max(len(deposited), len(found))
    pairs = [
        (old, new, old != new)
        for old, new in zip(deposited.ljust(width), found.ljust(width), strict=True)
    ]
    return tuple(Digits(tuple(pairs[start : start + _WIDTH])) for start in range(0, width, _WIDTH))


def problem(standing: Standing) -> str:
    """Why no certificate may be issued, in the reader's language; empty when one may."""
    return str(gettext(standing.problem)) if standing.problem else ""


def difference_rows(found: Sequence[Difference]) -> list[dict[str, Any]]:
    """What is not as it was, in words; the checks first."""
    return [
        {
            "part": _part(each),
            "what": _what(each),
            "before": _outcome(each, each.before),
            "after": _outcome(each, each.after),
            "decisive": each.decisive,
        }
        for each in found
    ]


def _card(group: Group, view: CheckView) -> GroupCard:
    title, icon, asks = words.GROUPS[group.name]
    word, sign, look = words.OUTCOMES[group.outcome]
    rows = [(line.about, _check(line)) for line in group.lines]
    about: dict[str, list[CheckRow]] = {}
    for name, row in rows:
        about.setdefault(name, []).append(row)
    return GroupCard(
        name=group.name,
        title=str(title),
        icon=icon,
        asks=str(asks),
        outcome=group.outcome,
        word=str(word),
        sign=sign,
        look=look,
        sentence=str(words.SENTENCES[group.name, group.outcome]),
        checks=tuple((name, tuple(found)) for name, found in about.items()),
        count=len(rows),
        bad=tuple(_open_rows(group)),
        facts=group.facts,
        files=tuple(_file(each) for each in group.facts.get("files", ())),
        stamps=tuple(_stamp(each) for each in group.facts.get("stamps", ())),
        said=tuple(view.said(group.name)),
    )


def _open_rows(group: Group) -> Iterator[CheckRow]:
    """What keeps the group from holding: its failures, else what is not decided."""
    wanted = group.outcome if group.outcome in ("fail", "unknown") else ""
    for line in group.lines:
        if line.check.outcome == wanted and line.check.code != "revocation":
            yield _check(line)


def _check(line: Line) -> CheckRow:
    word, sign, look = words.OUTCOMES[str(line.check.outcome)]
    check = line.check
    title, detail = _title(check), check.detail
    return CheckRow(check.number, title, detail, line.about, str(word), sign, look)


def _title(check: Check) -> str:
    own = words.TITLES.get(check.code)
    if own is not None:
        return str(own)
    return SHARED.get(check.code, check.title) if language() == "zh" else check.title


def _file(value: Mapping[str, Any]) -> FileRow:
    word, look = words.FILES[value["state"]]
    digests = []
    for algorithm, deposited in sorted(value["deposited"].items()):
        found = value["found"].get(algorithm, "")
        marked = aligned(deposited, found) if found and found != deposited else ()
        digests.append((algorithm, deposited, found, marked))
    return FileRow(value["path"], value["size"], str(word), look, tuple(digests))


def _stamp(value: Mapping[str, Any]) -> Stamp:
    at = datetime.fromisoformat(value["gen_time"])
    return Stamp(value["tsa"], value["independent"], at, value["serial"], value["policy"])


def _part(each: Difference) -> str:
    if each.part in words.GROUPS:
        return str(words.GROUPS[each.part][0])
    return str(words.PARTS[each.part])


def _what(each: Difference) -> str:
    code, _, about = each.what.partition(" · ")
    if not each.decisive:
        return each.what
    if not code:
        return str(gettext("the whole group"))
    title = words.TITLES.get(code) or (SHARED.get(code) if language() == "zh" else None) or code
    return f"{title} · {about}" if about else str(title)


def _outcome(each: Difference, value: str) -> str:
    return str(words.OUTCOMES[value][0]) if each.decisive and value else value
