"""A migrated database by copy: thousands of tests want one, and migrating takes longer than most.

One is migrated for each test process; the others are copies of its files. Migrations themselves
have tests of their own, which do without this.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path

from sqlalchemy import Engine, create_engine, make_url, text

import migrations
from portal.database import Database

#: Makes the database behind a URL, with the newest schema.
Fill = Callable[[str], None]


def sqlite_template(folder: Path) -> Fill:
    """``folder`` keeps the original."""
    original = folder / "template.db"
    database = Database(f"sqlite:///{original}")
    migrations.upgrade(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()

    def fill(url: str) -> None:
        path = Path(make_url(url).database or "")
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(original, path)

    return fill


def postgres_template(server: str) -> Fill:
    """``server`` is the URL of a database on the server where each test has a database."""
    original = make_url(server).set(database=f"template_{uuid.uuid4().hex}")
    administer(server, f"CREATE DATABASE {original.database}")
    database = Database(original.render_as_string(hide_password=False))
    migrations.upgrade(database)
    database.close()

    def fill(url: str) -> None:
        copy = f"CREATE DATABASE {make_url(url).database} TEMPLATE {original.database}"
        administer(server, f"{copy} STRATEGY FILE_COPY")

    return fill


def administer(server: str, command: str) -> None:
    """Have ``command`` done by the server, outside of any transaction."""
    with _administration(server).connect() as connection:
        connection.execute(text(command))


@cache
def _administration(server: str) -> Engine:
    """One connection, kept: making one for each command takes half as long as making a database."""
    return create_engine(server, isolation_level="AUTOCOMMIT", pool_size=1)
