"""The custody log cannot be rewritten unseen, and writers never fork it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, text, update
from sqlalchemy.exc import DBAPIError

from portal.audit.actor import Actor
from portal.audit.models import GENESIS, AuditEntry
from portal.audit.service import (
    Act,
    ChainReport,
    entries_for,
    head,
    latest,
    record,
    record_many,
    verify_chain,
)
from portal.database import Database
from tests.effort import examples

CLERK = Actor("7", "陈静", frozenset({"notary", "auditor"}), "192.0.2.7")
SIZE = 8


@pytest.fixture
def chain(database: Database) -> Database:
    """A log of eight entries."""
    with database.transaction() as session:
        for number in range(SIZE):
            record(session, CLERK, "deposit.read", f"deposit:{number % 2}", {"n": number})
    return database


@contextmanager
def unguarded(database: Database) -> Iterator[Connection]:
    """What somebody who owns the database can do: take the triggers away first."""
    with database.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            names = connection.scalars(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            ).all()
            for name in names:
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text("DROP FUNCTION audit_refuse CASCADE"))
        yield connection


def _report(database: Database) -> ChainReport:
    with database.reading() as session:
        return verify_chain(session)


def test_an_empty_log_is_intact(database: Database) -> None:
    report = _report(database)
    assert (report.ok, report.size, report.head) == (True, 0, GENESIS)


def test_entries_say_who_what_when_and_from_where(chain: Database) -> None:
    with chain.reading() as session:
        entry = latest(session, 1)[0]
    assert (entry.actor_id, entry.actor_name, entry.roles) == ("7", "陈静", "auditor notary")
    assert (entry.address, entry.via, entry.action) == ("192.0.2.7", "web", "deposit.read")
    assert json.loads(entry.detail) == {"n": SIZE - 1}
    assert timedelta(0) <= datetime.now(UTC) - entry.at < timedelta(minutes=5)


def test_entries_about_one_thing_come_in_order(chain: Database) -> None:
    with chain.reading() as session:
        assert [entry.seq for entry in entries_for(session, "deposit:1")] == [2, 4, 6, 8]
        assert [entry.seq for entry in entries_for(session, "deposit:1", limit=2)] == [6, 8]
        assert [entry.seq for entry in latest(session, 3, before=5)] == [4, 3, 2]


def test_the_head_moves_with_each_entry(chain: Database) -> None:
    with chain.transaction() as session:
        before = head(session)
        record(session, CLERK, "x", "y")
        after = head(session)
    assert (before.size, after.size) == (SIZE, SIZE + 1)
    assert before.hash != after.hash
    assert _report(chain).ok


def test_a_rolled_back_act_leaves_no_entry(chain: Database) -> None:
    with pytest.raises(RuntimeError), chain.transaction() as session:  # noqa: PT012
        record(session, CLERK, "x", "y")
        raise RuntimeError
    assert _report(chain).size == SIZE


@pytest.mark.parametrize("number", range(1, SIZE + 1))
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", datetime(2001, 1, 1, tzinfo=UTC)),
        ("actor_id", "8"),
        ("actor_name", "Somebody Else"),
        ("roles", "administrator"),
        ("address", "203.0.113.1"),
        ("via", "cli"),
        ("action", "deposit.deleted"),
        ("subject", "deposit:9"),
        ("detail", "{}"),
    ],
)
def test_any_changed_column_of_any_entry_is_found(
    chain: Database, number: int, column: str, value: str | datetime
) -> None:
    with unguarded(chain) as connection:
        where = AuditEntry.seq == number
        connection.execute(update(AuditEntry).where(where).values({column: value}))
    report = _report(chain)
    assert (report.ok, report.broken_at, report.code) == (False, number, "changed")
    assert str(number) in report.sentence


@pytest.mark.parametrize("number", range(1, SIZE + 1))
def test_a_deleted_entry_is_found(chain: Database, number: int) -> None:
    with unguarded(chain) as connection:
        connection.execute(text("DELETE FROM audit_entries WHERE seq = :seq"), {"seq": number})
    report = _report(chain)
    assert not report.ok
    if number < SIZE:
        assert (report.broken_at, report.code) == (number, "missing")
    else:
        assert (report.broken_at, report.code) == (SIZE - 1, "truncated")


def test_entries_that_changed_places_are_found(chain: Database) -> None:
    with unguarded(chain) as connection:
        for old, new in ((3, 99), (4, 3), (99, 4)):
            connection.execute(
                text("UPDATE audit_entries SET seq = :new WHERE seq = :old"),
                {"old": old, "new": new},
            )
    report = _report(chain)
    assert (report.broken_at, report.code) == (3, "relinked")


def test_an_entry_put_behind_the_head_is_found(chain: Database) -> None:
    with chain.transaction() as session:
        last = latest(session, 1)[0]
        row = {column.name: getattr(last, column.name) for column in AuditEntry.__table__.columns}
        session.execute(insert(AuditEntry), [row | {"seq": SIZE + 1, "hash": "forged"}])
    report = _report(chain)
    assert (report.broken_at, report.code) == (9, "surplus")


def test_a_rewritten_tail_is_found_by_the_head(chain: Database) -> None:
    """Hashes that fit again do not help whoever cannot rewrite the head too."""
    with unguarded(chain) as connection:
        connection.execute(text("UPDATE audit_head SET hash = :h"), {"h": "ab" * 32})
    report = _report(chain)
    assert (report.broken_at, report.code) == (SIZE, "truncated")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET actor_name = 'x' WHERE seq = 3",
        "UPDATE audit_entries SET hash = hash",
        "DELETE FROM audit_entries WHERE seq = 3",
        "DELETE FROM audit_entries",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET size = 1",
    ],
)
def test_the_database_itself_refuses_to_rewrite(chain: Database, statement: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"), chain.engine.begin() as connection:
        connection.execute(text(statement))
    assert _report(chain).ok


def test_the_last_ways_around_are_refused_too(chain: Database) -> None:
    sqlite = chain.engine.dialect.name == "sqlite"
    statement = (
        "INSERT OR REPLACE INTO audit_entries SELECT * FROM audit_entries WHERE seq = 3"
        if sqlite
        else "TRUNCATE audit_entries"
    )
    with pytest.raises(DBAPIError, match="append-only"), chain.engine.begin() as connection:
        connection.execute(text(statement))
    assert _report(chain).ok


def test_concurrent_writers_keep_one_chain(database: Database) -> None:
    def write(worker: int) -> None:
        for turn in range(10):
            with database.transaction() as session:
                acts = [Act(CLERK, "x", f"worker:{worker}", {"turn": turn})] * 2
                record_many(session, acts)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))
    report = _report(database)
    assert (report.ok, report.size) == (True, 120)


def test_proving_while_others_write_finds_nothing_wrong(chain: Database) -> None:
    def write(_: int) -> None:
        with chain.transaction() as session:
            record(session, CLERK, "x", "y")

    with ThreadPoolExecutor(3) as pool:
        writing = [pool.submit(write, number) for number in range(30)]
        reports = [_report(chain) for _ in range(10)]
        for done in writing:
            done.result()
    assert all(report.ok for report in reports), [r.sentence for r in reports if not r.ok]
    assert _report(chain).size == SIZE + 30


def test_a_long_log_is_walked_to_its_end(database: Database) -> None:
    with database.transaction() as session:
        record_many(session, [Act(CLERK, "x", "y", {"n": n}) for n in range(2500)])
    assert _report(database).ok
    with unguarded(database) as connection:
        connection.execute(text("UPDATE audit_entries SET via = 'cli' WHERE seq = 2400"))
    assert _report(database).broken_at == 2400


@settings(
    max_examples=examples(30),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(name=st.text(max_size=300), value=st.text(max_size=700) | st.integers())
def test_any_text_is_kept_and_proved(database: Database, name: str, value: str | int) -> None:
    actor = Actor("1", name, address=name)
    with database.transaction() as session:
        record(session, actor, "x", "y", {"value": value})
    assert _report(database).ok


@pytest.mark.parametrize("odd", ["\x00", "\ud800", "𠮷", "\u202e", "é"])
def test_odd_characters(database: Database, odd: str) -> None:
    with database.transaction() as session:
        record(session, Actor("1", odd), "x", "y", {"name": odd})
    assert _report(database).ok


def test_times_of_any_zone_hash_the_same(chain: Database) -> None:
    """PostgreSQL hands times back in the session's zone."""
    if chain.engine.dialect.name != "postgresql":
        pytest.skip("SQLite keeps no zone")
    with chain.reading() as session:
        session.execute(text("SET TIME ZONE 'Asia/Shanghai'"))
        assert verify_chain(session).ok
