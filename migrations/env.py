"""Alembic's entry: uses the connection it is given, or the database the settings name."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from migrations import tables
from portal.database import Database, UtcDateTime
from portal.settings import Settings


def _render(kind: str, thing: Any, _context: Any) -> str | Literal[False]:
    """Revisions name the database's types, not classes of ours that may move."""
    if kind == "type" and isinstance(thing, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=tables.metadata,
        compare_type=True,
        include_name=tables.include_name,
        render_item=_render,
        # SQLite cannot alter most things in place.
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    database = Database(Settings().database)
    with database.engine.begin() as connection:
        _run(connection)
