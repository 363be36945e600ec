"""Statements that every deposit waits for: compiled once, then handed to the driver as they are.

The toolkit executes any statement at any time, and so looks up, for each execution, what it has
compiled, which types its values have and what its result will look like. For the five short
statements of a deposit that takes several times as long as the database does. A
:class:`Prepared` statement keeps the answers. Transactions, connections and the classes of errors
stay the toolkit's own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import BindParameter, Insert, Select, Update
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection

from portal.database import UtcDateTime

_Convert = Callable[[Any], Any]


class Prepared:
    """One statement. Thread-safe.

    Args:
        statement: an insert, or one whose values are all ``bindparam``s with names.
        columns: those an insert is given; every row must have them all.
    """

    def __init__(
        self, statement: Insert | Update | Select[Any], columns: Collection[str] | None = None
    ) -> None:
        # Without "inline" an insert may ask for generated values back, which nobody here reads.
        self._statement = statement.inline() if isinstance(statement, Insert) else statement
        self._columns = None if columns is None else list(columns)
        self._forms: dict[str, _Form] = {}

    def run(
        self, connection: Connection, values: Mapping[str, Any], *more: Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        """Execute it with ``values``, and for each of ``more`` again; the rows of its result.

        Raises:
            sqlalchemy.exc.DBAPIError: as any execution would, of the same classes.
        """
        return self._form(connection.dialect).run(connection.connection, (values, *more))

    def ask(self, engine: Engine, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The rows of this SELECT, on a connection of the pool by itself: one statement needs no
        transaction around it, and the toolkit's own costs twice as much as what it is for.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: as any execution would, of the same classes.
        """
        form = self._form(engine.dialect)
        try:
            connection = engine.raw_connection()
        except engine.dialect.loaded_dbapi.Error as error:  # there is no connection to be had
            raise form.told(error) from error
        with closing(connection):
            return form.run(connection, (values,))

    def _form(self, dialect: Dialect) -> _Form:
        form = self._forms.get(dialect.name)
        if form is None:
            form = self._forms[dialect.name] = _Form(self._statement, self._columns, dialect)
        return form


def _converters(binds: Mapping[str, BindParameter[Any]], dialect: Dialect) -> dict[str, _Convert]:
    """How the values of those that need it become what the driver takes."""
    found: dict[str, _Convert] = {}
    moments: _Convert | None = None
    for name, bind in binds.items():
        convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
        if convert is None:
            continue
        found[name] = convert
        if isinstance(bind.type, UtcDateTime):  # a new row says the same moment three times over
            found[name] = moments = moments or lru_cache(maxsize=16)(convert)
    return found


class _Form:
    """The statement as one kind of database takes it."""

    def __init__(
        self, statement: Insert | Update | Select[Any], columns: list[str] | None, dialect: Dialect
    ) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        binds = {name: bind for bind, name in compiled.bind_names.items()}
        if columns is not None and binds.keys() != set(columns):
            raise ValueError("an insert must be given every column that has a default")
        self._dialect = dialect
        self._sql: Final = str(compiled)
        self._constants: Final = {
            name: bind.value for name, bind in binds.items() if not bind.required
        }
        self._converts: Final = _converters(binds, dialect)
        #: the order in which the driver wants values, where it does not want them by name
        self._order: Final[Sequence[str] | None] = compiled.positiontup
        self._results: Final = [
            each.type.dialect_impl(dialect).result_processor(dialect, None)
            for each in ([] if isinstance(statement, Insert) else statement.exported_columns)
        ]

    def run(
        self, connection: PoolProxiedConnection, rows: Sequence[Mapping[str, Any]]
    ) -> list[tuple[Any, ...]]:
        given: list[Any] = [self._given(row) for row in rows]
        cursor = connection.cursor()
        try:
            if len(given) == 1:
                cursor.execute(self._sql, given[0])
            else:
                cursor.executemany(self._sql, given)
            found = cursor.fetchall() if self._results else []
        except self._dialect.loaded_dbapi.Error as error:
            raise self.told(error) from error
        finally:
            cursor.close()
        return [self._row(each) for each in found]

    def _given(self, row: Mapping[str, Any]) -> dict[str, Any] | tuple[Any, ...]:
        values = {**self._constants, **row}
        for name, convert in self._converts.items():
            values[name] = convert(values[name])
        return values if self._order is None else tuple([values[name] for name in self._order])

    def _row(self, found: Iterable[Any]) -> tuple[Any, ...]:
        pairs = zip(found, self._results, strict=True)
        return tuple([value if convert is None else convert(value) for value, convert in pairs])

    def told(self, error: Exception) -> BaseException:
        """The driver's error as one of the toolkit's."""
        # Without the values: they are what depositors said, and this ends in logs.
        return DBAPIError.instance(
            self._sql,
            None,
            error,
            self._dialect.loaded_dbapi.Error,
            hide_parameters=True,
            dialect=self._dialect,
        )
