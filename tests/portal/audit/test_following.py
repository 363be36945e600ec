"""Who follows the custody log takes up every entry once, whatever happens in between."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.following import Follower
from portal.audit.models import AuditEntry, AuditFollower
from portal.audit.service import Act, record_many
from portal.database import Database

CLERK = Actor("7", "陈静", frozenset({"notary"}), "198.51.100.7")


class Reader(Follower):
    """Keeps what it took in memory; ``fails`` so often first."""

    NAME = "reader"

    def __init__(self, database: Database, fails: int = 0) -> None:
        super().__init__(database)
        self.fails, self.taken = fails, list[int]()

    def _take(self, session: Session, entries: Sequence[AuditEntry]) -> None:
        if self.fails:
            self.fails -= 1
            raise RuntimeError("no")
        self.taken += [each.seq for each in entries]


class Other(Reader):
    NAME = "other"


def write(database: Database, count: int) -> None:
    with database.transaction() as session:
        record_many(session, [Act(CLERK, "deposit.read", "deposit:1")] * count)


def test_nothing_new_moves_nothing(database: Database) -> None:
    reader = Reader(database)
    assert reader.advance() == 0
    assert reader.taken == []
    with database.reading() as session:
        assert session.scalars(select(AuditFollower)).all() == []


def test_every_entry_comes_once_and_in_order(database: Database) -> None:
    reader, other = Reader(database), Other(database)
    write(database, 1003)
    assert [reader.advance(), reader.advance(), reader.advance()] == [1000, 3, 0]
    write(database, 2)
    assert reader.advance() == 2
    assert reader.taken == list(range(1, 1006))
    assert other.advance() == 1000, "each has a cursor of its own"


def test_what_failed_comes_again(database: Database) -> None:
    reader = Reader(database, fails=1)
    write(database, 3)
    with pytest.raises(RuntimeError):
        reader.advance()
    assert reader.advance() == 3
    assert reader.taken == [1, 2, 3]


def test_of_many_workers_one_takes_an_entry(database: Database) -> None:
    write(database, 5)
    workers = [Reader(database) for _ in range(4)]
    together = threading.Barrier(len(workers))

    def work(each: Reader) -> int:
        together.wait()
        return each.advance()

    with ThreadPoolExecutor(len(workers)) as pool:
        assert sorted(pool.map(work, workers)) == [0, 0, 0, 5]
    with database.reading() as session:
        assert session.get_one(AuditFollower, "reader").seq == 5
