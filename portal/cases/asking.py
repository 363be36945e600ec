"""What an address asks for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from flask_babel import gettext

from portal.cases.events import EventFilter
from portal.cases.models import CaseState
from portal.cases.present import KINDS
from portal.cases.service import CaseFilter
from portal.days import start_of
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
    kind, zone = typed.get("kind", ""), services().settings.zone
    try:
        wanted = EventFilter(
            kind=kind if kind in KINDS else "",
            subject=f"deposit:{typed['thing']}" if "thing" in typed else "",
            since=start_of(typed.get("since", ""), zone),
            until=start_of(typed.get("until", ""), zone, timedelta(days=1)),
        )
    except ValueError:
        sentence = gettext("A date is written as year-month-day, for example 2026-11-21.")
        return EventFilter(), typed, sentence
    return wanted, typed, ""
