"""Engine, transactions, and the compare-and-swap that moves every state machine.

SQLite runs in WAL mode with ``synchronous=FULL``: what a transaction acknowledged survives
``kill -9`` and power loss. A write transaction starts with ``BEGIN IMMEDIATE``, so two writers wait
for each other at the start rather than failing in the middle. PostgreSQL needs no such care.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import MetaData, create_engine, event, update
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, scoped_session, sessionmaker
from sqlalchemy.types import DateTime, TypeDecorator

_BUSY_SECONDS = 15
_IMMEDIATE = "notary_immediate"


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored as UTC. Naive values are refused: a custody entry without a zone
    is worth nothing."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime was about to be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)  # SQLite hands back naive values


class Base(DeclarativeBase):
    """The one declarative base; names of constraints are fixed so that migrations can drop them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime}  # noqa: RUF012 (SQLAlchemy reads this name)


class Database:
    """The engine and the two ways to use it: ``transaction()`` to write, ``reading()`` to read."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        # SQLite lets one writer in at a time, and the others ask again and again, without a queue:
        # where several threads write much, somebody asks in vain for long. So they queue here.
        self._turns = _Turns() if url.startswith("sqlite") else nullcontext()
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._writer = self.engine.execution_options(**{_IMMEDIATE: True})
        #: For libraries that insist on one ambient session (Flask-Security); the web layer
        #: removes it at the end of each request.
        self.scoped: scoped_session[Session] = scoped_session(self._sessions)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Commit on leaving, roll back on any exception. Do outside work before or after it."""
        with self._turns, self._sessions.begin() as session:
            session.connection(execution_options={_IMMEDIATE: True})
            yield session

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """As :meth:`transaction`, for statements on tables alone: a session, with its objects and
        their states, costs a single deposit as much as two of its statements."""
        with self._turns, self._writer.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading; whatever it holds is rolled back."""
        with self._sessions() as session:
            yield session

    def close(self) -> None:
        self.scoped.remove()
        self.engine.dispose()


class _Turns:
    """This process's writers, one after another. It only orders them: the database's own lock
    protects what is right, so whoever has waited too long goes on and asks that one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held = threading.local()

    def __enter__(self) -> None:
        self._held.mine = self._lock.acquire(timeout=_BUSY_SECONDS)

    def __exit__(self, *_: object) -> None:
        if self._held.mine:
            self._held.mine = False
            self._lock.release()


def advance(session: Session, model: type[Any], key: Any, expected: str, **values: Any) -> bool:
    """Compare-and-swap: set ``values`` on the row ``key`` only while its state is ``expected``.

    Returns:
        True when this caller moved the row; False when somebody else already had.
    """
    result = session.execute(
        update(model)
        .where(model.id == key, model.state == expected)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return bool(result.rowcount == 1)  # type: ignore[attr-defined]


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20)
    # The connection used last is used next: it alone still has in its cache what it wrote.
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS}, pool_use_lifo=True)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        # The driver's own implicit BEGIN comes too late, before the first write; see _begin.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        immediate = connection.get_execution_options().get(_IMMEDIATE)
        statement = "BEGIN IMMEDIATE" if immediate else "BEGIN"
        try:  # by the driver itself: through the toolkit it costs several times as much
            connection.connection.driver_connection.execute(statement)
        except sqlite3.OperationalError as error:
            raise OperationalError(statement, None, error) from error

    return engine
