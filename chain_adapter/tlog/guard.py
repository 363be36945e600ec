"""The file that remembers the last checkpoint the log has let out, apart from the database.

A database restored from an older backup would happily sign a second history from there on. The
guard notices: it is compared and swapped at every append, *after* the entries are durable in the
database and *before* their checkpoint is shown to anybody. So, at any moment, and after a crash at
any point:

* guard = database: nothing is pending;
* guard behind the database: a crash came between the two, the next writer moves the guard on;
* guard ahead of the database: the database is not the newest, and nothing may be signed.

Keep it on another disk than the database where there is one, and out of the database's backups.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chain_adapter.durable import replace_file
from chain_adapter.errors import Fatal, Retryable


class Guard:
    """``path`` holds the note; ``<path>.lock`` excludes the writers of other processes, for which
    ``patience`` seconds are waited."""

    def __init__(self, path: Path, patience: float) -> None:
        self.path = path
        self._lock = path.with_name(path.name + ".lock")
        self._patience = patience

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only writer of this log, on this machine.

        Raises:
            Retryable: another process held the lock for too long; nothing was written.
            OSError: the lock file cannot be used.
        """
        handle = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._wait(handle)
            try:
                yield
            finally:
                # Said explicitly: closing would not unlock while a forked child holds a copy.
                fcntl.flock(handle, fcntl.LOCK_UN)
        finally:
            os.close(handle)

    def read(self) -> str | None:
        """The note of the last checkpoint let out; None when there is no file.

        Raises:
            Retryable: it cannot be read now.
        """
        try:
            # Bytes that are not text become a note that no key has signed.
            return self.path.read_bytes().decode("utf-8", "replace")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Retryable(f"the guard file {self.path} cannot be read now: {error}") from error

    def replace(self, old: str | None, new: str) -> None:
        """Swap ``old`` for ``new``, durably; the caller holds the lock.

        Raises:
            Fatal: the file does not hold ``old``: somebody writes without the lock.
            OSError: whether the swap took place is open.
        """
        if self.read() != old:
            raise Fatal(f"the guard file {self.path} was changed by another hand during an append")
        replace_file(self.path, new.encode())

    def _wait(self, handle: int) -> None:
        deadline = time.monotonic() + self._patience
        pause = 0.0005
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Retryable(
                        "another process is writing to the ledger; nothing was written"
                    ) from None
            else:
                return
            time.sleep(pause)
            pause = min(pause * 1.5, 0.01)
