"""Restored backups, lost files, locks, full disks, and steps that fail half-way."""

from __future__ import annotations

import fcntl
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chain_adapter import Denied, Fatal, LedgerError, Retryable, Unknown
from chain_adapter.durable import replace_file
from chain_adapter.tlog import TlogLedger
from chain_adapter.tlog.failures import failure
from chain_adapter.tlog.guard import Guard
from chain_adapter.tlog.storage import Session, Storage
from tests.chain_adapter.records import check_log, make_entries, make_entry

GUARD = "ledger.guard"


@contextmanager
def reopened(folder: Path, patience: float = 20.0) -> Iterator[TlogLedger]:
    with TlogLedger(folder, patience=patience) as ledger:
        yield ledger


@pytest.fixture
def backed_up(folder: Path) -> Path:
    """A folder restored from a backup at 10 entries, while 20 were acknowledged."""
    with reopened(folder) as ledger:
        ledger.append(make_entries("old", 10))
    backup = folder.with_name("backup")
    shutil.copytree(folder, backup)
    with reopened(folder) as ledger:
        ledger.append(make_entries("new", 10))
    shutil.rmtree(folder)
    shutil.copytree(backup, folder)
    return folder


def test_a_restored_older_database_refuses_to_sign(backed_up: Path) -> None:
    guard = backed_up.with_name(GUARD).read_bytes()
    with reopened(backed_up) as ledger:
        with pytest.raises(Fatal, match=r"holds 10 entries, but a checkpoint for 20 .* Restore"):
            ledger.append([make_entry("fork")])
        assert ledger.lookup("deposit:fork") is None
        assert not ledger.health().ok
        assert "older than its guard" in ledger.health().detail
    assert backed_up.with_name(GUARD).read_bytes() == guard


def test_a_restored_older_database_still_serves_what_it_has(backed_up: Path) -> None:
    with reopened(backed_up) as ledger:
        assert ledger.size() == 10
        assert len(list(ledger.events())) == 10
        receipt = ledger.lookup("deposit:old-3")
        assert receipt is not None
        assert ledger.prove(receipt).index == 3


def test_a_database_swapped_under_a_running_ledger_refuses_to_sign(ledger: TlogLedger) -> None:
    folder = ledger._storage._path.parent
    ledger.append(make_entries("old", 10))
    with sqlite3.connect(folder / "ledger.sqlite") as database:
        database.execute("VACUUM INTO ?", (str(folder / "backup"),))
    database.close()
    ledger.append(make_entries("new", 10))
    for name in ("ledger.sqlite-wal", "ledger.sqlite-shm"):
        (folder / name).unlink(missing_ok=True)
    (folder / "backup").rename(folder / "ledger.sqlite")
    with pytest.raises(Fatal, match="holds 10 entries"):
        ledger.append([make_entry("fork")])
    (folder / "ledger.sqlite").unlink()
    with pytest.raises(Fatal, match="is gone"):
        ledger.append([make_entry("fork")])
    assert not (folder / "ledger.sqlite").exists()


def test_a_database_made_anew_under_an_old_key_refuses_to_sign(folder: Path) -> None:
    with reopened(folder) as ledger:
        ledger.append(make_entries("old", 3))
    for path in folder.glob("ledger.sqlite*"):
        path.unlink()
    with reopened(folder) as ledger, pytest.raises(Fatal, match="holds 0 entries"):
        ledger.append([make_entry("fork")])


def test_the_other_branch_of_a_fork_refuses_to_sign(folder: Path, tmp_path: Path) -> None:
    """Two copies of one log, each grown by itself to the same size, must not share a guard."""
    with reopened(folder) as ledger:
        ledger.append(make_entries("common", 5))
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    shutil.copy(folder.with_name(GUARD), copy.with_name("copy.guard"))
    for branch, name in ((folder, "left"), (copy, "right")):
        with reopened(branch) as ledger:
            ledger.append([make_entry(name)])
    shutil.copy(copy.with_name("copy.guard"), folder.with_name(GUARD))
    with reopened(folder) as ledger, pytest.raises(Fatal, match="first 6 entries differ"):
        ledger.append([make_entry("more")])


def test_a_missing_guard_refuses_to_sign(folder: Path) -> None:
    with reopened(folder) as ledger:
        ledger.append(make_entries("some", 3))
    folder.with_name(GUARD).unlink()
    with reopened(folder) as ledger:
        with pytest.raises(Fatal, match=r"is missing.*put the file back"):
            ledger.append([make_entry("more")])
        assert not ledger.health().ok
        assert ledger.size() == 3


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"notary\n5\n\n", None])
def test_a_damaged_guard_refuses_to_sign(folder: Path, content: bytes | None) -> None:
    with reopened(folder) as ledger:
        ledger.append(make_entries("some", 3))
    guard = folder.with_name(GUARD)
    guard.write_bytes(content if content is not None else guard.read_bytes()[:-3] + b"A=\n")
    with reopened(folder) as ledger:
        with pytest.raises(Fatal, match="damaged"):
            ledger.append([make_entry("more")])
        assert not ledger.health().ok


def test_a_database_changed_by_hand_refuses_to_sign(folder: Path) -> None:
    with reopened(folder) as ledger:
        ledger.append(make_entries("some", 3))
    with sqlite3.connect(folder / "ledger.sqlite") as database:
        database.execute("UPDATE entry SET data = x'00' WHERE position = 1")
    database.close()
    with reopened(folder) as ledger:
        with pytest.raises(Fatal, match="does not fit its own newest checkpoint"):
            ledger.append([make_entry("more")])
        assert not ledger.health().ok


def test_lost_rows_are_told(folder: Path) -> None:
    with reopened(folder) as ledger:
        ledger.append(make_entries("some", 300))
    with sqlite3.connect(folder / "ledger.sqlite") as database:
        database.execute("DELETE FROM tile")
        database.execute("DELETE FROM entry WHERE position = 299")
    database.close()
    with reopened(folder) as ledger:
        with pytest.raises(Fatal, match="lacks tile 0/0"):
            ledger.tile("tile/0/000")
        with pytest.raises(Fatal, match="lacks hashes of tile 0/1"):
            ledger.tile("tile/0/001.p/44")
        assert not ledger.health().ok


def test_a_lost_checkpoint_is_told(folder: Path) -> None:
    with reopened(folder) as ledger:
        ledger.append(make_entries("some", 3))
    with sqlite3.connect(folder / "ledger.sqlite") as database:
        database.execute("DELETE FROM checkpoint")
    database.close()
    with reopened(folder) as ledger, pytest.raises(Fatal, match="checkpoint is missing"):
        ledger.append([make_entry("more")])


def test_a_guard_that_cannot_be_read_is_retryable(folder: Path) -> None:
    with reopened(folder) as ledger:
        ledger.append([make_entry("one")])
        guard = folder.with_name(GUARD)
        guard.rename(folder / "kept")
        guard.mkdir()
        with pytest.raises(Retryable, match="cannot be read now"):
            ledger.append([make_entry("two")])
        guard.rmdir()
        (folder / "kept").rename(guard)
        ledger.append([make_entry("two")])
        assert check_log(ledger) == 2


def test_a_guard_changed_behind_the_lock_is_an_operators_matter(tmp_path: Path) -> None:
    guard = Guard(tmp_path / "guard", patience=1.0)
    guard.replace(None, "one")
    with pytest.raises(Fatal, match="another hand"):
        guard.replace("other", "two")
    assert guard.read() == "one"


def test_a_locked_database_is_retryable(folder: Path) -> None:
    with reopened(folder, patience=0.05) as ledger:
        ledger.append([make_entry("before")])
        blocker = sqlite3.connect(folder / "ledger.sqlite", isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(Retryable, match="locked"):
            ledger.append([make_entry("during")])
        assert ledger.lookup("deposit:during") is None
        assert ledger.lookup("deposit:before") is not None
        blocker.execute("ROLLBACK")
        blocker.close()
        ledger.append([make_entry("during")])
        assert check_log(ledger) == 2


def test_a_lock_held_by_another_writer_is_retryable(folder: Path) -> None:
    with reopened(folder, patience=0.05) as ledger:
        with (folder.with_name(GUARD + ".lock")).open() as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            with pytest.raises(Retryable, match="another process"):
                ledger.append([make_entry("one")])
        ledger.append([make_entry("one")])
        assert check_log(ledger) == 1


FULL_DISK = """
import json, resource, sys
from pathlib import Path
from chain_adapter import LedgerError
from chain_adapter.tlog import TlogLedger
from tests.chain_adapter.records import make_entries

folder, limit = Path(sys.argv[1]), int(sys.argv[2])
told = []
with TlogLedger(folder) as ledger:
    ledger.append(make_entries("before", 5))
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    acknowledged = 0
    for number in range(400):
        try:
            ledger.append(make_entries(f"during-{number}", 20))
            acknowledged += 20
        except LedgerError as error:
            told.append(type(error).__name__)
    size = ledger.size()
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    ledger.append(make_entries("after", 5))
    print(json.dumps({"told": told, "size": size, "acknowledged": acknowledged}))
"""


@pytest.mark.fault
@pytest.mark.parametrize("limit", [150_000, 300_000])
def test_a_full_disk_is_retryable_and_nothing_is_written(folder: Path, limit: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(folder), str(limit)],
        capture_output=True,
        text=True,
        check=True,
    )
    report = json.loads(done.stdout)
    assert set(report["told"]) == {"Retryable"}
    assert report["size"] == 5 + report["acknowledged"]
    with reopened(folder) as ledger:
        assert check_log(ledger) == report["size"] + 5


@pytest.mark.parametrize("persisted", [False, True])
def test_a_guard_that_cannot_be_written_leaves_it_open(
    ledger: TlogLedger, monkeypatch: pytest.MonkeyPatch, persisted: bool
) -> None:
    """After the commit: perhaps written. The next append finishes it, and nothing is twice."""

    def fail(path: Path, data: bytes) -> None:
        if persisted:
            replace_file(path, data)
        raise OSError(28, "No space left on device")

    ledger.append([make_entry("before")])
    with monkeypatch.context() as patched:
        patched.setattr("chain_adapter.tlog.guard.replace_file", fail)
        with pytest.raises(Unknown, match="not acknowledged"):
            ledger.append([make_entry("open")])
        assert (ledger.lookup("deposit:open") is not None) == persisted
        assert ledger.size() == 1 + persisted
        if not persisted:
            with pytest.raises(Retryable, match="No space"):
                ledger.append([make_entry("next")])
    (receipt,) = ledger.append([make_entry("open")])
    assert receipt.position == 1
    assert check_log(ledger) == 2


@pytest.mark.parametrize("persisted", [False, True])
def test_a_commit_that_fails_is_undone_or_found_again(
    ledger: TlogLedger, monkeypatch: pytest.MonkeyPatch, persisted: bool
) -> None:
    honest = Storage.write

    class Lost(Exception):
        pass

    @contextmanager
    def fail(storage: Storage) -> Iterator[Session]:
        try:
            with honest(storage) as session:
                yield session
                if not persisted:
                    raise Lost
        except Lost:
            pass
        raise Unknown("the ledger cannot tell")

    ledger.append(make_entries("before", 3))
    with monkeypatch.context() as patched:
        patched.setattr(Storage, "write", fail)
        with pytest.raises(Unknown):
            ledger.append([make_entry("open")])
    assert ledger.lookup("deposit:open") is None  # not let out, so not acknowledged
    (other,) = ledger.append([make_entry("other")])
    assert other.position == 3 + persisted
    (receipt,) = ledger.append([make_entry("open")])
    assert receipt.position == 4 - persisted
    assert check_log(ledger) == 5


def test_nothing_is_shown_before_the_guard_knows_it(
    ledger: TlogLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, object]] = []

    def look(path: Path, data: bytes) -> None:
        seen.append((ledger.size(), ledger.lookup("deposit:early")))
        replace_file(path, data)

    monkeypatch.setattr("chain_adapter.tlog.guard.replace_file", look)
    ledger.append([make_entry("early")])
    assert seen == [(0, None)]
    assert ledger.size() == 1


def sqlite_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("as SQLite says")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "before", "at_commit"),
    [
        (sqlite3.SQLITE_BUSY, Retryable, Retryable),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, Retryable, Retryable),
        (sqlite3.SQLITE_LOCKED, Retryable, Retryable),
        (sqlite3.SQLITE_FULL, Retryable, Retryable),
        (sqlite3.SQLITE_NOMEM, Retryable, Retryable),
        (sqlite3.SQLITE_IOERR_WRITE, Retryable, Retryable),
        (sqlite3.SQLITE_IOERR_FSYNC, Retryable, Unknown),
        (sqlite3.SQLITE_IOERR, Retryable, Unknown),
        (sqlite3.SQLITE_CANTOPEN, Retryable, Unknown),
        (sqlite3.SQLITE_READONLY, Denied, Denied),
        (sqlite3.SQLITE_CORRUPT, Fatal, Fatal),
        (sqlite3.SQLITE_NOTADB, Fatal, Fatal),
        (sqlite3.SQLITE_ERROR, Fatal, Unknown),
    ],
)
def test_what_sqlite_says_means(
    code: int, before: type[LedgerError], at_commit: type[LedgerError]
) -> None:
    assert type(failure(sqlite_error(code))) is before
    assert type(failure(sqlite_error(code), committing=True)) is at_commit


def test_an_error_without_a_code_is_an_operators_matter() -> None:
    assert type(failure(sqlite3.ProgrammingError("closed"))) is Fatal
