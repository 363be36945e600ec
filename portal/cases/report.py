"""The timeline on paper: a bilingual PDF set as letters are, for files and courts.

The report is an extract of the custody log, not a proof by itself: it names the log's length and
last hash at that moment, and each deposit's letter number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from portal.audit.service import Head
from timestamping.letter.clock import Clock
from timestamping.letter.words import NOTHING, Words
from timestamping.pdf.text import escaped, runs
from timestamping.pdf.typeset import typeset

TEMPLATE: Final = Path(__file__).parent / "templates" / "cases" / "timeline.typ"
#: events and deposits that one report takes; a thousand events are about fifty pages
MOST_EVENTS: Final = 3000
MOST_DEPOSITS: Final = 1000


@dataclass(frozen=True, slots=True)
class ReportItem:
    """One deposit of the case."""

    number: str
    title: str
    sha256: str
    received: datetime
    state: Words


@dataclass(frozen=True, slots=True)
class ReportEvent:
    """One event. ``stated`` is the time in the evidence, ``more`` what the entry says besides,
    ``text`` what somebody wrote."""

    seq: int
    at: datetime
    what: Words
    thing: str
    title: str
    who: str
    way: Words
    address: str
    stated: datetime | None = None
    more: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the PDF says. ``zone`` is an IANA name; ``scope`` says which events it holds.
    ``deposits`` counts all deposits of the case, also those beyond ``items``."""

    office: Words
    platform: Words
    title: str
    reference: str
    note: str
    state: Words
    holder: str
    made_by: str
    made_at: datetime
    zone: str
    scope: Words
    log: Head
    deposits: int
    items: Sequence[ReportItem]
    events: Sequence[ReportEvent]


def timeline_pdf(report: Report) -> bytes:
    """The PDF/A-3b, the same bytes for the same report.

    Raises:
        LetterError: the fonts are missing, or the zone is none.
    """
    return typeset(TEMPLATE, _view(report), report.made_at)


def _view(report: Report) -> dict[str, Any]:
    clock = Clock(report.zone)
    return {
        "document-title": escaped(f"案件时间线 Case timeline {report.reference or report.title}"),
        "office": _words(report.office),
        "platform": _words(report.platform),
        "title": runs(report.title),
        "reference": runs(report.reference),
        "footer": escaped(report.reference or report.title)[:60],
        "note": [runs(line) for line in report.note.splitlines()],
        "state": _words(report.state),
        "holder": runs(report.holder),
        "made-by": runs(report.made_by),
        "made-at": clock.full(report.made_at),
        "zone": report.zone,
        "scope": _words(report.scope),
        "log": {"size": str(report.log.size), "hash": [report.log.hash[:32], report.log.hash[32:]]},
        "deposits": str(report.deposits),
        "items": [_item(each, clock) for each in report.items],
        "events": [_event(each, clock) for each in report.events],
    }


def _item(item: ReportItem, clock: Clock) -> dict[str, Any]:
    return {
        "number": item.number,
        "title": runs(item.title),
        "sha256": [item.sha256[:32], item.sha256[32:]],
        "received": [clock.date(item.received), clock.time(item.received)],
        "state": _words(item.state),
    }


def _event(event: ReportEvent, clock: Clock) -> dict[str, Any]:
    return {
        "seq": str(event.seq),
        "at": [clock.date(event.at), clock.time(event.at)],
        "what": _words(event.what),
        "stated": clock.full(event.stated) if event.stated else "",
        "text": [runs(line) for line in event.text.splitlines()],
        "more": runs(event.more),
        "thing": runs(event.thing),
        "title": runs(event.title),
        "who": runs(event.who),
        "way": _words(event.way),
        "address": event.address,
    }


def _words(words: Words = NOTHING) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}
