"""Prepared statements do what the toolkit's own execution does, on either database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, bindparam, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from portal.accounts.models import ApiKey, User
from portal.database import Database
from portal.prepared import Prepared
from portal.services import Services
from tests.portal.absence import take_away

_KEYS = cast(Table, ApiKey.__table__)
_ADD = Prepared(insert(_KEYS), _KEYS.c.keys())
_READ = select(*_KEYS.c).where(_KEYS.c.id == bindparam("key"))
_MORNING = datetime(2026, 11, 21, 8, 30, 1, 5, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def database(services: Services) -> Database:
    return services.database


def _row(user: User, id_: str, **more: object) -> dict[str, object]:
    row: dict[str, object] = {
        "id": id_,
        "user_id": user.id,
        "organisation_id": None,
        "name": "张 '%s' ?",
    }
    row |= {"secret": "0" * 64, "scopes": "read", "created_at": _MORNING, "expires_at": _MORNING}
    return row | {"last_used_at": None, "revoked_at": None} | more


def test_values_are_written_and_read_as_by_the_toolkit(database: Database, user: User) -> None:
    rows = [_row(user, "one"), _row(user, "two", expires_at=None)]
    with database.writing() as connection:
        assert _ADD.run(connection, *rows) == []
        _ADD.run(connection, _row(user, "three"))
    read = Prepared(_READ)
    for key in ("one", "two", "three"):
        with database.reading() as session:
            usual = session.connection().execute(_READ, {"key": key}).one()
            assert read.run(session.connection(), {"key": key}) == [tuple(usual)]
        assert read.ask(database.engine, {"key": key}) == [tuple(usual)]
        assert usual.created_at == _MORNING
        assert usual.created_at.tzinfo is UTC or usual.created_at.utcoffset() is not None
        assert usual.name == "张 '%s' ?"
    assert read.ask(database.engine, {"key": "four"}) == []


def test_constants_and_results_of_a_change(database: Database, user: User) -> None:
    change = update(_KEYS).where(_KEYS.c.name == "gone", _KEYS.c.id == bindparam("key"))
    rename = Prepared(change.values(name=bindparam("to")).returning(_KEYS.c.name, _KEYS.c.user_id))
    with database.writing() as connection:
        _ADD.run(connection, _row(user, "one", name="gone"), _row(user, "two"))
        assert rename.run(connection, {"key": "one", "to": "here"}) == [("here", user.id)]
        assert rename.run(connection, {"key": "two", "to": "here"}) == []


def test_errors_are_the_toolkits_and_tell_no_values(database: Database, user: User) -> None:
    with database.writing() as connection:
        _ADD.run(connection, _row(user, "one"))
    rows = [_row(user, "two"), _row(user, "one", name="a secret name")]
    with pytest.raises(IntegrityError) as told, database.writing() as connection:
        _ADD.run(connection, *rows)
    assert "a secret name" not in f"{told.value} {told.value.params}"
    assert Prepared(_READ).ask(database.engine, {"key": "two"}) == [], "rolled back as a whole"
    nowhere = Table("no_such_table", MetaData(), Column("x", Integer))
    with pytest.raises(DBAPIError):
        Prepared(select(nowhere.c.x)).ask(database.engine, {})


def test_a_database_that_is_away_is_told_as_by_the_toolkit(database: Database) -> None:
    take_away(database)
    with pytest.raises(OperationalError):
        Prepared(_READ).ask(database.engine, {"key": "one"})


def test_what_was_asked_by_itself_leaves_nothing_open(database: Database, user: User) -> None:
    read = Prepared(_READ)
    assert read.ask(database.engine, {"key": "one"}) == []
    with database.writing() as connection:
        _ADD.run(connection, _row(user, "one"))
    assert len(read.ask(database.engine, {"key": "one"})) == 1, "no older state is seen"
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_naive_times_are_refused(database: Database, user: User) -> None:
    naive = _MORNING.replace(tzinfo=None)
    with pytest.raises(ValueError, match="naive"), database.writing() as connection:
        _ADD.run(connection, _row(user, "one", created_at=naive))


def test_a_column_with_a_default_must_be_given(database: Database) -> None:
    users = cast(Table, User.__table__)
    with pytest.raises(ValueError, match="default"), database.writing() as connection:
        Prepared(insert(users), ["id"]).run(connection, {"id": "x"})


def test_a_missing_value_is_no_null(database: Database, user: User) -> None:
    row = _row(user, "one")
    del row["organisation_id"]
    with pytest.raises((KeyError, DBAPIError)), database.writing() as connection:
        _ADD.run(connection, row)
