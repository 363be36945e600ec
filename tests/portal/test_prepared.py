"""Prepared statements do what the toolkit's own execution does, on either database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, bindparam, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from portal.accounts.models import ApiKey, User
from portal.database import Database
from portal.prepared import Prepared
from portal.services import Services

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
        with database.asking() as connection:
            usual = connection.execute(_READ, {"key": key}).one()
            assert read.run(connection, {"key": key}) == [tuple(usual)]
        assert usual.created_at == _MORNING
        assert usual.created_at.tzinfo is UTC or usual.created_at.utcoffset() is not None
        assert usual.name == "张 '%s' ?"
    with database.asking() as connection:
        assert read.run(connection, {"key": "four"}) == []


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
    with database.asking() as connection:
        assert Prepared(_READ).run(connection, {"key": "two"}) == [], "rolled back as a whole"
    nowhere = Table("no_such_table", MetaData(), Column("x", Integer))
    with pytest.raises(DBAPIError), database.asking() as connection:
        Prepared(select(nowhere.c.x)).run(connection, {})


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
