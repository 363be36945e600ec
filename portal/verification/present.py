"""From a report to what the page shows: sentences, icons, facts. Needs a request's language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from flask_babel import gettext
from markupsafe import Markup

from chain_adapter.verdict import Check, Outcome
from portal.privacy.words import ERASED_FOR
from portal.ui.locale import language
from portal.ui.templating import moment
from portal.verification.phrases import (
    AREAS,
    DETAILS,
    NOT_COMPARED,
    OUTCOMES,
    PART,
    REASONS,
    SENTENCES,
)
from portal.verification.report import Answer, Area, Found, Report, Tick
from portal.verification.words import TITLES

_ICONS: Final = {
    Outcome.PASS: ("circle-check", "icon-good"),
    Outcome.FAIL: ("circle-x", "icon-bad"),
    Outcome.UNKNOWN: ("help-circle", "icon-wait"),
}
#: where a file of a folder was compared, not all of what was deposited
_OF_A_FILE: Final = {(Answer.MATCHES, "record")}
_ANSWERS: Final = {
    Answer.MATCHES: "rosette-discount-check",
    Answer.DIFFERS: "circle-x",
    Answer.MISSING: "search",
    Answer.UNDECIDED: "help-circle",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A tick or one of its checks, ready to be shown."""

    label: str
    word: str
    why: str
    icon: str
    icon_class: str
    checks: tuple[Line, ...] = ()
    failed: bool = False

    # The template calls a check's label and reason what they are there.
    @property
    def title(self) -> str:
        return self.label

    @property
    def detail(self) -> str:
        return self.why


@dataclass(frozen=True, slots=True)
class Shown:
    """What ``verification/report.html`` shows."""

    kind: str
    icon: str
    sentence: str
    detail: str
    facts: tuple[tuple[str, str | Markup], ...]
    ticks: tuple[Line, ...]
    others: tuple[Found, ...]


def shown(report: Report) -> Shown:
    """The report in the visitor's language."""
    key = (report.answer, report.subject)
    part = bool(report.found and report.found.part) and key in _OF_A_FILE
    return Shown(
        kind=str(report.answer),
        icon=_ANSWERS[report.answer],
        sentence=str(SENTENCES[key]),
        detail=str(PART if part else DETAILS[key]),
        facts=tuple(_facts(report.found)) if report.found else (),
        ticks=tuple(_tick(tick) for tick in report.ticks),
        others=report.others,
    )


def _tick(tick: Tick) -> Line:
    icon, icon_class = _ICONS[tick.outcome]
    word = OUTCOMES[tick.outcome]
    if tick.area is Area.FILE and tick.outcome is Outcome.UNKNOWN:
        # Nobody handed a file over, which is nothing against the deposit.
        icon, icon_class, word = "circle-dashed", "", NOT_COMPARED
    return Line(
        str(AREAS[tick.area]),
        str(word),
        str(REASONS[tick.area, tick.outcome]),
        icon,
        icon_class,
        tuple(_check(check) for check in tick.checks),
        tick.outcome is Outcome.FAIL,
    )


def _check(check: Check) -> Line:
    icon, icon_class = _ICONS[check.outcome]
    title = TITLES.get(check.code, check.title) if language() == "zh" else check.title
    return Line(title, str(OUTCOMES[check.outcome]), check.detail, icon, icon_class)


def _facts(found: Found) -> Iterator[tuple[str, str | Markup]]:
    number = Markup('<span class="number">{}</span>').format(found.number)
    yield gettext("Letter number"), number
    if found.received_at is not None:
        yield gettext("Received"), moment(found.received_at)
    if found.gen_time is not None:
        yield gettext("Time-stamped"), moment(found.gen_time)
    if found.anchored_at is not None:
        yield gettext("On the ledger since"), moment(found.anchored_at)
    if found.position is not None:
        yield gettext("Place in the ledger"), gettext("entry %(index)s", index=found.position)
    if found.files is not None:
        count = gettext("a list of files, %(count)s in all", count=found.files)
        yield gettext("Part of") if found.part else gettext("Extent"), count
    if found.file_seen is not None:
        seen = gettext("The portal received the whole file and digested it itself.")
        unseen = gettext("Only a digest was handed over; the portal never saw the file.")
        yield gettext("What was deposited"), seen if found.file_seen else unseen
    if found.erased_at is not None:
        yield gettext("Content"), _erased(found)


def _erased(found: Found) -> Markup:
    sentence = gettext(
        "erased %(whose)s; the proof remains, and whoever still has the file can verify it",
        whose=str(ERASED_FOR[found.erased_for or "owner"]),
    )
    return Markup("{} {}").format(moment(found.erased_at), sentence)
