"""Content in the vault that no row names: what a crash left between storing and recording.

Which columns name content is read off the schema: every text column whose name ends in ``key``. A
feature that keeps content therefore names its column so; one column too many only keeps a file that
could go.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Column, String, select

from migrations.tables import metadata
from portal.database import Database
from portal.storage import Vault

#: Younger content may belong to a deposit that is being recorded at this moment.
_GRACE: Final = timedelta(days=1)
#: Not content: what clients call their requests.
_NOT_CONTENT: Final = frozenset({"idempotency_key"})
_CHUNK: Final = 1000


@dataclass(frozen=True, slots=True)
class Orphan:
    key: str
    since: datetime
    size: int


@dataclass(frozen=True, slots=True)
class Census:
    """``kept`` and ``bytes`` are of the whole vault."""

    kept: int
    bytes: int
    orphans: tuple[Orphan, ...]


def census(database: Database, vault: Vault, now: datetime) -> Census:
    """Count the vault, and find what no row names and is older than a day.

    The vault is listed first and the rows are read afterwards, so content that was recorded in
    between is never taken for an orphan.
    """
    kept, size = 0, 0
    old: list[Orphan] = []
    for key, since, length in vault.kept():
        kept, size = kept + 1, size + length
        if now - since > _GRACE:
            old.append(Orphan(key, since, length))
    named = {_short(key) for key in _named(database)} if old else set()
    return Census(kept, size, tuple(each for each in old if _short(each.key) not in named))


def remove(database: Database, vault: Vault, orphans: tuple[Orphan, ...]) -> int:
    """Delete orphans that are still named by no row; how many went."""
    gone = 0
    for orphan in orphans:
        if not _is_named(database, orphan.key) and vault.delete(orphan.key):
            gone += 1
    return gone


def columns() -> list[Column[str]]:
    """Every column that may name content."""
    return [
        column
        for table in metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("key")
        and column.name not in _NOT_CONTENT
        and isinstance(column.type, String)
    ]


def _named(database: Database) -> Iterator[str]:
    with database.reading() as session:
        for column in columns():
            query = select(column).where(column.is_not(None))
            yield from session.scalars(query.execution_options(yield_per=_CHUNK))


def _is_named(database: Database, key: str) -> bool:
    with database.reading() as session:
        return any(
            session.scalar(select(column).where(column == key).limit(1)) is not None
            for column in columns()
        )


def _short(key: str) -> bytes:
    """Eight bytes for a key: millions fit into memory, and a clash keeps a file too many."""
    return hashlib.blake2b(key.encode(), digest_size=8).digest()
