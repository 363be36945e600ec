"""Records of draws, replayed from their steps and kept in memory while nothing is added."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from lottery.config import Config
from lottery.record import Record
from lottery.statements import Signed
from portal.draws.models import Draw, DrawStatement, DrawStep

_KEPT: Final = 32


class Records:
    """Replays and remembers. Safe for threads: a record never changes once it is made."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, str], Record] = OrderedDict()

    def load(self, session: Session, draw: Draw) -> Record:
        """The record as far as it has come; with the frozen rules alone before the first step."""
        query = select(DrawStep.sha256).where(DrawStep.draw_id == draw.id)
        head = session.scalar(query.order_by(DrawStep.n.desc()).limit(1))
        if head is None:
            return Record.of([], config_of(draw))
        key = (draw.id, head)
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
                return known
        made = Record.of(contents(session, draw.id))
        self.keep(draw.id, made)
        return made

    def keep(self, draw_id: str, made: Record) -> None:
        with self._lock:
            self._known[(draw_id, made.head)] = made
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)


def config_of(draw: Draw) -> Config:
    """The frozen rules."""
    return Config.parse(json.loads(draw.config or "{}"))


def contents(session: Session, draw_id: str) -> list[bytes]:
    """The bytes of all steps, in order."""
    query = select(DrawStep.content).where(DrawStep.draw_id == draw_id).order_by(DrawStep.n)
    return list(session.scalars(query))


def waiting(session: Session, draw_id: str, attempt: int) -> Sequence[DrawStatement]:
    """Statements that are not part of a step yet, in the order in which they came."""
    query = (
        select(DrawStatement)
        .where(DrawStatement.draw_id == draw_id, DrawStatement.attempt == attempt)
        .where(DrawStatement.used_n.is_(None))
        .order_by(DrawStatement.received_at, DrawStatement.id)
    )
    return session.scalars(query).all()


def signed(row: DrawStatement) -> Signed:
    """A row as the record's rules take it."""
    return Signed(json.loads(row.document), row.signature)
