"""What SQLite's errors mean for the caller."""

from __future__ import annotations

import sqlite3
from typing import Final

from chain_adapter.errors import Denied, Fatal, LedgerError, Retryable, Unknown

_BUSY: Final = frozenset((sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED))
_DENIED: Final = frozenset((sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH))
_BROKEN: Final = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT))
#: A commit that failed with one of these has not reached its commit record: the write-ahead log is
#: written in order and the commit record is its last frame.
_BEFORE_COMMIT: Final = frozenset(
    (sqlite3.SQLITE_FULL, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_IOERR_WRITE)
)


def failure(error: sqlite3.Error, *, committing: bool = False) -> LedgerError:
    """The ledger's word for an SQLite error.

    ``committing``: the error came from COMMIT. A failed fsync there may or may not have left the
    transaction in the file, so the answer is :class:`~chain_adapter.errors.Unknown`.
    """
    extended: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    primary = extended & 0xFF
    if primary in _BUSY:
        return Retryable("the ledger's database is locked by another program; nothing was written")
    if primary == sqlite3.SQLITE_FULL:
        return Retryable("the disk of the ledger's database is full; nothing was written")
    if primary in _DENIED:
        return Denied(f"the ledger's database cannot be written: {error}")
    if primary in _BROKEN:
        return Fatal(f"the ledger's database is damaged ({error}): restore its newest backup")
    if committing and not {extended, primary} & _BEFORE_COMMIT:
        return Unknown(f"the ledger cannot tell whether it wrote the entries: {error}")
    if primary == sqlite3.SQLITE_ERROR:
        return Fatal(f"the ledger's database is not what it should be: {error}")
    return Retryable(f"the ledger's database cannot be used now: {error}; nothing was written")
