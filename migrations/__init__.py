"""The database schema's history, and the few things done with it in code.

A new revision is drafted by ``alembic revision --autogenerate -m "…"`` and then read by a person.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

if TYPE_CHECKING:
    from portal.database import Database

_LOCK = 0x4E4F544152  # any number, the same in every process


class SchemaBehindError(RuntimeError):
    """The database is older (or newer) than the code; ``str()`` says what to run."""


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the schema to ``revision``; several processes may call this at once."""
    with _alone(database) as connection:
        command.upgrade(_config(connection), revision)


def downgrade(database: Database, revision: str = "base") -> None:
    """Take the schema back to ``revision``. Data of what is dropped is lost."""
    with _alone(database) as connection:
        command.downgrade(_config(connection), revision)


def current(database: Database) -> str | None:
    """The revision the database is at; None when it is empty."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@functools.cache
def head() -> str | None:
    """The newest revision this code knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def is_current(database: Database) -> bool:
    return current(database) == head()


def require_current(database: Database) -> None:
    """Refuse to go on with another schema than the code was written for.

    Raises:
        SchemaBehindError: naming the command that mends it.
    """
    found = current(database)
    if found != head():
        raise SchemaBehindError(
            f"The database schema is at revision {found or 'none'}, the program needs {head()}. "
            "Run: flask --app wsgi init"
        )


@contextmanager
def _alone(database: Database) -> Iterator[Connection]:
    """A transaction no other migration runs beside."""
    # The option makes SQLite take its write lock at BEGIN; see portal.database.
    engine = database.engine.execution_options(notary_immediate=True)
    with engine.connect() as connection, _keeping_references(connection), connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        yield connection
        _check_references(connection)


@contextmanager
def _keeping_references(connection: Connection) -> Iterator[None]:
    """On SQLite a table is altered by making it anew; dropping the old one would take the rows
    that refer to it along. So foreign keys rest meanwhile, and are all checked before the commit.
    They cannot be switched within a transaction."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _check_references(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        broken = connection.execute(text("PRAGMA foreign_key_check")).first()
        if broken is not None:
            raise RuntimeError(f"a row of {broken[0]} refers to no row of {broken[2]} any more")


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
