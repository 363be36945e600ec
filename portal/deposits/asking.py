"""What the address of a list asks for, and what its form shows again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from flask_babel import gettext

from portal.days import start_of
from portal.deposits.filters import KINDS, WAITS, DepositFilter, Owner, Sort
from portal.deposits.models import State

#: page sizes to choose from, the usual one first
SIZES: Final = (30, 100, 200)
#: characters of a question that are looked at; a digest has 64
MAX_TEXT: Final = 200
_NAMES: Final = ("text", "state", "kind", "since", "until", "case", "tag", "owner", "sort", "size")


@dataclass(frozen=True, slots=True)
class Asked:
    """``typed`` is what the form shows again; ``given`` those of it that narrow the list."""

    wanted: DepositFilter
    typed: dict[str, str]
    size: int
    problem: str = ""

    @property
    def given(self) -> dict[str, str]:
        narrowing = (name for name in _NAMES if name not in ("sort", "size"))
        return {name: self.typed[name] for name in narrowing if self.typed[name]}

    @property
    def address(self) -> dict[str, str]:
        """The address's parameters, without those that say what is usual."""
        return {name: value for name, value in self.typed.items() if value}


def asked_for(arguments: Mapping[str, str], zone: ZoneInfo) -> Asked:
    """The filter an address asks for. What is no choice of ours is as if it were not there; a date
    that is none is told, and then no date narrows the list."""
    typed = {name: arguments.get(name, "").strip()[:MAX_TEXT] for name in _NAMES}
    problem, since, until = "", None, None
    try:
        since = start_of(typed["since"], zone)
        until = start_of(typed["until"], zone, timedelta(days=1))
    except ValueError:
        since = None
        problem = gettext("A date is written as year-month-day, for example 2026-11-21.")
    state, sort = typed["state"], typed["sort"]
    wanted = DepositFilter(
        state=State(state) if state in set(State) else None,
        text=typed["text"],
        since=since,
        until=until,
        waits=state == WAITS,
        kind=typed["kind"] if typed["kind"] in KINDS else "",
        case_id=typed["case"],
        tag=typed["tag"],
        owner=Owner(typed["owner"]) if typed["owner"] in set(Owner) else None,
        sort=Sort(sort) if sort in set(Sort) else Sort.NEWEST,
    )
    size = int(typed["size"]) if typed["size"] in map(str, SIZES) else SIZES[0]
    return Asked(wanted, typed, size, problem)
