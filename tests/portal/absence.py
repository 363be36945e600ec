"""A database that is away, as its driver says so."""

from __future__ import annotations

from sqlalchemy import event

from portal.database import Database


def take_away(database: Database) -> None:
    """From now on nobody gets a connection."""
    engine = database.engine
    refusal = engine.dialect.loaded_dbapi.OperationalError  # type: ignore[attr-defined]

    def refuse(*_: object) -> None:
        raise refusal("the database is away")

    event.listen(engine, "do_connect", refuse)
    database.scoped.remove()
    engine.dispose()
