"""From a report to what the page shows: sentences, icons, facts. Needs a request's language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from flask_babel import gettext
from markupsafe import Markup

from chain_adapter.verdict import Outcome
from portal.privacy.words import ERASED_FOR
from portal.ui.locale import language
from portal.ui.templating import moment
from portal.verification.certified import Status, status
from portal.verification.report import Answer, Found, Report
from portal.verification.sentences import NOT_COMPARED, OUTCOMES
from portal.verification.telling import Told, told

_ICONS: Final = {
    "pass": ("circle-check", "icon-good"),
    "fail": ("circle-x", "icon-bad"),
    "unknown": ("help-circle", "icon-wait"),
}
#: of a question that nobody asked: no file was handed over
_OPEN: Final = ("circle-dashed", "")
_ANSWERS: Final = {
    Answer.MATCHES: "rosette-discount-check",
    Answer.DIFFERS: "circle-x",
    Answer.MISSING: "search",
    Answer.UNDECIDED: "help-circle",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A tick or one of its checks, ready to be shown; ``number`` of checks alone."""

    title: str
    word: str
    detail: str
    icon: str
    icon_class: str
    number: str = ""
    checks: tuple[Line, ...] = ()
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What ``verification/report.html`` shows; ``summary`` names the check that decided."""

    kind: str
    icon: str
    word: str
    sentence: str
    detail: str
    summary: str
    facts: tuple[tuple[str, str | Markup], ...]
    ticks: tuple[Line, ...]
    others: tuple[Found, ...]
    status: Status | None = None


def shown(report: Report) -> Shown:
    """The report in the visitor's language."""
    said, code = told(report), language()
    summary = said["summary"] if report.answer is not Answer.MATCHES else None
    return Shown(
        kind=str(report.answer),
        icon=_ANSWERS[report.answer],
        word=said["word"][code],
        sentence=said["sentence"][code],
        detail=said["detail"][code],
        summary=summary[code] if summary else "",
        facts=tuple(_facts(report.found)) if report.found else (),
        ticks=tuple(_tick(tick, code) for tick in said["ticks"]),
        others=report.others,
        status=status(report.certificate) if report.certificate else None,
    )


def _tick(tick: Told, code: str) -> Line:
    open_question = tick["word"][code] == getattr(NOT_COMPARED, code)
    icon, icon_class = _OPEN if open_question else _ICONS[tick["outcome"]]
    checks = tuple(_check(check, code) for check in tick["checks"])
    return Line(
        tick["label"][code],
        tick["word"][code],
        tick["reason"][code],
        icon,
        icon_class,
        checks=checks,
        failed=tick["outcome"] == "fail",
    )


def _check(check: Told, code: str) -> Line:
    icon, icon_class = _ICONS[check["outcome"]]
    word = OUTCOMES[Outcome(check["outcome"])]
    return Line(
        check["titles"][code],
        getattr(word, code),
        check["detail"],
        icon,
        icon_class,
        check["label"],
    )


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
