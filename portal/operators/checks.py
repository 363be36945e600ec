"""Looking after the parts: asked by the worker once a minute, remembered for a week.

Pages read what is remembered: an authority that hangs must not hang the page that shows it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import delete, select

from chain_adapter import Ledger, LedgerError
from chain_adapter.witness import WitnessLedger
from portal.database import Database
from portal.operators.models import HealthCheck
from portal.operators.watch import Post, look, node_parts, part_of, tell
from timestamping.stamper import Stamper

_log = structlog.get_logger(__name__)
_REMEMBERED: Final = timedelta(days=7)
#: How many of the last checks a page shows.
_SHOWN: Final = 60
#: A last check older than this says nothing about now.
STALE: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Check:
    at: datetime
    ok: bool
    milliseconds: int
    detail: str


@dataclass(frozen=True, slots=True)
class Part:
    """``kind`` is "tsa", "ledger", "node" or "quorum" (a ledger's nodes together); ``checks`` are
    the last ones, oldest first, never none."""

    kind: str
    name: str
    checks: tuple[Check, ...]
    stale: bool

    @property
    def last(self) -> Check:
        return self.checks[-1]


class Checks:
    """Asks the stamper and each ledger how they are."""

    def __init__(
        self,
        database: Database,
        stamper: Stamper,
        ledgers: tuple[Ledger, ...],
        clock: Callable[[], datetime],
        post: Post | None = None,
        base_url: str = "",
    ) -> None:
        self._database, self._clock = database, clock
        self._post, self._base_url = post, base_url
        self._stamper, self._ledgers = stamper, ledgers

    def run(self) -> None:
        """Ask all parts now and remember what they say; one that raises is not well. Operators are
        told when a ledger has too few nodes."""
        found = [
            HealthCheck(part=name[:200], at=self._clock(), ok=ok, milliseconds=spent, detail=detail)
            for name, ok, spent, detail in self._asked()
        ]
        with self._database.transaction() as session:
            session.add_all(found)
            session.flush()
            for ledger in self._ledgers:
                if self._post is not None and isinstance(ledger, WitnessLedger):
                    tell(session, self._post, ledger, self._base_url)

    def parts(self) -> list[Part]:
        """Every part with its last checks."""
        now, parts = self._clock(), []
        with self._database.reading() as session:
            for name in self._names():
                query = select(HealthCheck).where(HealthCheck.part == name[:200])
                newest = query.order_by(HealthCheck.at.desc()).limit(_SHOWN)
                rows = [
                    Check(row.at, row.ok, row.milliseconds, row.detail)
                    for row in session.scalars(newest)
                ]
                kind, _, title = name.partition(":")
                if rows:
                    stale = now - rows[0].at > STALE
                    parts.append(Part(kind, title, tuple(reversed(rows)), stale))
        return parts

    def forget_old(self) -> None:
        with self._database.transaction() as session:
            old = HealthCheck.at < self._clock() - _REMEMBERED
            session.execute(delete(HealthCheck).where(old))

    def _names(self) -> list[str]:
        own = [f"tsa:{self._stamper.label}", *(f"ledger:{each.id}" for each in self._ledgers)]
        return own + node_parts(self._ledgers)

    def _asked(self) -> Iterator[tuple[str, bool, int, str]]:
        yield self._one(f"tsa:{self._stamper.label}", self._stamper.health)
        for ledger in self._ledgers:
            yield self._one(f"ledger:{ledger.id}", ledger.health)
            if isinstance(ledger, WitnessLedger):
                yield from _nodes(ledger)

    def _one(self, name: str, ask: Callable[[], object]) -> tuple[str, bool, int, str]:
        began = time.monotonic()
        try:
            health = ask()
            ok, detail = bool(health.ok), str(health.detail)  # type: ignore[attr-defined]
        except Exception as error:  # noqa: BLE001 - whatever it is, the part is not well
            ok, detail = False, f"{type(error).__name__}: {error}"
            _log.warning("check_failed", part=name, exc_info=True)
        return name, ok, round((time.monotonic() - began) * 1000), detail[:500]


def _nodes(ledger: WitnessLedger) -> Iterator[tuple[str, bool, int, str]]:
    """Each node and all of them together; they were asked at once, in so many milliseconds."""
    began = time.monotonic()
    try:
        seen = list(look(ledger))
    except LedgerError as error:
        seen = [(part_of(ledger), False, str(error))]
    spent = round((time.monotonic() - began) * 1000)
    for name, ok, detail in seen:
        yield name, ok, spent, detail[:500]
