"""A migrated database by copy: thousands of tests want one, and migrating takes longer than most.

One is migrated for each test process; the others are copies of its file, or of what ``pg_dump``
says of its schema. Migrations themselves have tests of their own, which do without this.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, create_engine, make_url, text

import migrations
from portal.database import Database

#: Brings the empty database behind a URL to the newest schema.
Fill = Callable[[str], None]
_SCHEMA = re.compile(r"-csearch_path=(\w+)")
#: The programs of each version of PostgreSQL lie in a folder named after it.
_SERVERS = "/usr/lib/postgresql"


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
    """``server`` is the URL of the database in which each test has a schema."""
    name = f"t_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    mark = "&" if "?" in server else "?"
    database = Database(f"{server}{mark}options=-csearch_path%3D{name}")
    migrations.upgrade(database)
    database.close()
    script = _dump(server, name)
    with engine.connect() as connection:
        connection.execute(text(f"DROP SCHEMA {name} CASCADE"))

    def fill(url: str) -> None:
        wanted = _SCHEMA.search(str(make_url(url).query.get("options", "")))
        assert wanted is not None
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute(script.replace(name, wanted[1]))

    return fill


def _dump(server: str, schema: str) -> str:
    newest = max(Path(_SERVERS).glob("*/bin/pg_dump"), key=lambda path: int(path.parts[-3]))
    address = server.replace("postgresql+psycopg://", "postgresql://")
    done = subprocess.run(
        [newest, "--inserts", "--no-owner", "--schema", schema, "--dbname", address],
        check=True,
        capture_output=True,
        text=True,
    )
    lines = done.stdout.splitlines()
    # The schema is there already; what begins with a backslash is psql's; the rest of the session
    # keeps its own settings.
    skipped = ("CREATE SCHEMA", "\\", "SET ", "SELECT pg_catalog.set_config", "--")
    return "\n".join(line for line in lines if not line.startswith(skipped))
