"""The migrations make exactly what the models describe, on data too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

import migrations
from migrations import tables
from portal.accounts.service import create_user, find_user
from portal.audit.actor import Actor
from portal.audit.service import verify_chain
from portal.database import Database
from portal.settings import Settings

_REVISIONS = [
    script.revision
    for script in reversed(list(ScriptDirectory.from_config(migrations._config()).walk_revisions()))
]


@pytest.fixture
def empty(settings: Settings):  # type: ignore[no-untyped-def]
    database = Database(settings.database)
    yield database
    database.close()


def test_models_match_migrations(database: Database) -> None:
    with database.engine.connect() as connection:
        opts = {"compare_type": True, "include_name": tables.include_name}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, tables.metadata) == []


def test_indexes_and_constraints_have_the_models_names(database: Database) -> None:
    found = inspect(database.engine)
    for table in tables.metadata.sorted_tables:
        indexes = {index["name"] for index in found.get_indexes(table.name)}
        assert {index.name for index in table.indexes} <= indexes


def test_there_and_back_again(empty: Database) -> None:
    assert migrations.current(empty) is None
    assert not migrations.is_current(empty)
    migrations.upgrade(empty)
    assert migrations.is_current(empty)
    migrations.upgrade(empty)
    migrations.downgrade(empty)
    assert set(inspect(empty.engine).get_table_names()) <= {"alembic_version"}
    migrations.upgrade(empty)
    assert migrations.is_current(empty)


def _insert_notary(database: Database, email: str) -> None:
    """With the columns there were in the beginning: the model knows later ones too."""
    columns = "id, email, name, active, fs_uniquifier, identity_level, must_change_password"
    values = {"email": email, "yes": True, "no": False, "now": datetime.now(UTC)}
    person = "INSERT INTO users_roles SELECT 'u1', id FROM roles WHERE name = 'notary'"
    with database.engine.begin() as connection:
        connection.execute(
            text(
                f"INSERT INTO users ({columns}, created_at)"  # noqa: S608
                " VALUES ('u1', :email, '张伟', :yes, 'f1', 'self-declared', :no, :now)"
            ),
            values,
        )
        connection.execute(text(person))


@pytest.mark.parametrize("revision", _REVISIONS)
def test_each_revision_upgrades_over_data(
    empty: Database, settings: Settings, revision: str
) -> None:
    migrations.upgrade(empty, revision)
    _insert_notary(empty, "a@example.com")
    migrations.upgrade(empty)
    user = find_user(empty, "a@example.com")
    assert user is not None
    assert user.role_names == {"notary"}
    create_user(empty, settings, Actor.process("cli"), "b@example.com", "张伟", "long enough")
    with empty.reading() as session:
        assert verify_chain(session).ok


def test_processes_starting_together_upgrade_once(empty: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: migrations.upgrade(empty), range(4)))
    assert migrations.is_current(empty)
    with empty.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM roles")) == 6
        assert session.scalar(text("SELECT count(*) FROM audit_head")) == 1


def test_another_revision_is_refused_with_the_command(database: Database) -> None:
    migrations.require_current(database)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'later'"))
    with pytest.raises(
        migrations.SchemaBehindError, match=r"revision later.*flask --app wsgi init"
    ):
        migrations.require_current(database)
