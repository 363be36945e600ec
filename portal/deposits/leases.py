"""Leases: a deposit is in the hands of one worker at a time, and of nobody when that one dies."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

import structlog
from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from portal.database import Database
from portal.deposits.models import Deposit, State
from portal.deposits.tools import Tools

_log = structlog.get_logger(__name__)
LEASE: Final = timedelta(seconds=30)


class Leases:
    """Takes due deposits and keeps them. Compare-and-swap on the state protects what is right; the
    lease only saves work from being done twice."""

    def __init__(self, tools: Tools, length: timedelta = LEASE) -> None:
        self._tools = tools
        self._length = length

    @contextmanager
    def taken(
        self, states: Sequence[State], limit: int, *, on_demand: bool = False
    ) -> Iterator[list[Deposit]]:
        """Up to ``limit`` due deposits in one of ``states``, oldest first, leased until the block
        ends; what is still leased then is given back.

        Args:
            on_demand: those whose letters are made on demand, or else all others.
        """
        lease = uuid4().hex
        rows = self._take(lease, states, limit, on_demand=on_demand)
        if not rows:
            yield []
            return
        ended = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(lease, ended), daemon=True)
        keeper.start()
        try:
            yield rows
        finally:
            ended.set()
            keeper.join()
            self._give_back(lease)

    def _take(
        self, lease: str, states: Sequence[State], limit: int, *, on_demand: bool = False
    ) -> list[Deposit]:
        database, now = self._tools.database, self._tools.clock()
        wanted = Deposit.letter_on_demand.is_(on_demand)
        due = select(Deposit.id).where(_due(states, now), wanted)
        with database.reading() as session:  # most looks find nothing and need no write lock
            if session.scalar(due.limit(1)) is None:
                return []
        oldest = due.order_by(Deposit.next_attempt_at, Deposit.received_at).limit(limit)
        with database.transaction() as session:
            ids = list(session.scalars(oldest.with_for_update(skip_locked=True)))
            session.execute(
                update(Deposit)
                .where(Deposit.id.in_(ids))
                .values(lease=lease, lease_until=now + self._length)
                .execution_options(synchronize_session=False)
            )
        query = select(Deposit).where(Deposit.lease == lease).order_by(Deposit.received_at)
        with database.reading() as session:
            return list(session.scalars(query))

    def _keep(self, lease: str, ended: threading.Event) -> None:
        while not ended.wait(self._length.total_seconds() / 3):
            try:
                _renew(self._tools.database, lease, self._tools.clock() + self._length)
            except SQLAlchemyError:  # at worst somebody else takes over
                _log.warning("lease_not_renewed", exc_info=True)

    def _give_back(self, lease: str) -> None:
        try:
            with self._tools.database.reading() as session:
                if session.scalar(select(Deposit.id).where(Deposit.lease == lease)) is None:
                    return
            _renew(self._tools.database, lease, None)
        except SQLAlchemyError:  # it runs out by itself
            _log.warning("lease_not_returned", exc_info=True)


def _due(states: Sequence[State], now: datetime) -> ColumnElement[bool]:
    free = or_(Deposit.lease_until.is_(None), Deposit.lease_until < now)
    return and_(Deposit.state.in_(states), Deposit.next_attempt_at <= now, free)


def _renew(database: Database, lease: str, until: datetime | None) -> None:
    with database.transaction() as session:
        session.execute(
            update(Deposit)
            .where(Deposit.lease == lease)
            .values(lease=lease if until else None, lease_until=until)
            .execution_options(synchronize_session=False)
        )
