"""What an address asks for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from flask_babel import gettext

from portal.cases.events import EventFilter
from portal.cases.models import CaseState
from portal.cases.present import KINDS
from portal.cases.service import CaseFilter
from portal.ui.context import services

_LONGEST = 200


def case_filter(args: Mapping[str, str]) -> CaseFilter:
    """``?text= state=``; what is no state asks for any."""
    state = args.get("state", "")
    known = CaseState(state) if state in set(CaseState) else None
    return CaseFilter(args.get("text", "")[:_LONGEST], known)


def event_filter(args: Mapping[str, str]) -> tuple[EventFilter, dict[str, str], str]:
    """``?kind= since= until= thing=``: the filter, what was typed, and what is wrong with it."""
    names = ("kind", "since", "until", "thing")
    typed = {name: args[name][:_LONGEST] for name in names if args.get(name)}
    kind = typed.get("kind", "")
    try:
        wanted = EventFilter(
            kind=kind if kind in KINDS else "",
            subject=f"deposit:{typed['thing']}" if "thing" in typed else "",
            since=_day(typed.get("since", "")),
            until=_day(typed.get("until", ""), timedelta(days=1)),
        )
    except ValueError:
        sentence = gettext("A date is written as year-month-day, for example 2026-11-21.")
        return EventFilter(), typed, sentence
    return wanted, typed, ""


def _day(text: str, later: timedelta = timedelta()) -> datetime | None:
    """The start of a day in the office's zone, as UTC. Raises ValueError for what is no date."""
    if not text:
        return None
    try:
        start = datetime.combine(date.fromisoformat(text), time(), services().settings.zone)
        return (start + later).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error
