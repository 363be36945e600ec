"""Making and opening a log: files, modes, identities, and what an operator is told."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from chain_adapter import Fatal, Retryable, open_ledger
from chain_adapter.tlog import TlogLedger
from tests.chain_adapter.records import check_log, make_entries, make_entry


def test_files_are_for_their_owner_alone(ledger: TlogLedger, folder: Path) -> None:
    ledger.append([make_entry("one")])
    files = [*folder.iterdir(), folder.with_name("ledger.guard")]
    assert {"ledger.sqlite", "ledger.key"} <= {path.name for path in files}
    assert all(path.stat().st_mode & 0o077 == 0 for path in [*files, folder])


def test_a_log_without_a_name_is_named_after_its_key(tmp_path: Path) -> None:
    with TlogLedger(tmp_path / "a") as one, TlogLedger(tmp_path / "b") as other:
        assert one.id != other.id
        name = one.id
    with TlogLedger(tmp_path / "a") as again:
        assert again.id == name
        assert again.vkey.startswith(name + "+")


def test_the_name_is_kept(folder: Path) -> None:
    TlogLedger(folder, origin="notary.example/a").close()
    with TlogLedger(folder) as again:
        assert again.id == "notary.example/a"
    with pytest.raises(Fatal, match=r"holds the ledger notary\.example/a, not notary\.example/b"):
        TlogLedger(folder, origin="notary.example/b")


def test_a_name_must_be_usable(folder: Path) -> None:
    with pytest.raises(Fatal, match="cannot be named"):
        TlogLedger(folder, origin="two words")


def test_a_passphrase_encrypts_the_key(folder: Path) -> None:
    TlogLedger(folder, passphrase="secret").close()
    assert b"ENCRYPTED" in (folder / "ledger.key").read_bytes()
    with pytest.raises(Fatal, match="no passphrase"):
        TlogLedger(folder)
    with pytest.raises(Fatal, match="does not open it"):
        TlogLedger(folder, passphrase="wrong")
    TlogLedger(folder, passphrase="secret").close()


def test_a_lost_or_foreign_key_is_told_not_replaced(folder: Path, tmp_path: Path) -> None:
    TlogLedger(folder).close()
    TlogLedger(tmp_path / "other").close()
    (folder / "ledger.key").unlink()
    with pytest.raises(Fatal, match=r"ledger\.key is missing: put it back"):
        TlogLedger(folder)
    assert not (folder / "ledger.key").exists()
    shutil.copy(tmp_path / "other" / "ledger.key", folder)
    with pytest.raises(Fatal, match="the key in the folder is not the one of"):
        TlogLedger(folder)


def test_a_file_that_is_no_database(folder: Path) -> None:
    TlogLedger(folder).close()
    (folder / "ledger.sqlite").write_bytes(b"not a database, but long enough to be one" * 100)
    with pytest.raises(Fatal, match="restore its newest backup"):
        TlogLedger(folder)


def test_a_folder_that_cannot_be_made_is_retryable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Retryable, match="cannot be used now"):
        TlogLedger(tmp_path / "file" / "ledger")


def test_a_newer_format_is_refused(folder: Path) -> None:
    TlogLedger(folder).close()
    with sqlite3.connect(folder / "ledger.sqlite") as database:
        database.execute("UPDATE about SET value = '2' WHERE name = 'format'")
    database.close()
    with pytest.raises(Fatal, match="format 2"):
        TlogLedger(folder)


def test_many_openers_make_one_log(folder: Path) -> None:
    opened: list[TlogLedger] = []
    barrier = threading.Barrier(8)

    def race() -> None:
        barrier.wait()
        opened.append(TlogLedger(folder))

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({ledger.vkey for ledger in opened}) == 1
    for number, ledger in enumerate(opened):
        ledger.append(make_entries(f"opener-{number}", 3))
    assert check_log(opened[0]) == 24
    for ledger in opened:
        ledger.close()


@pytest.mark.parametrize("left", ["key", "key and empty database", "no guard"])
def test_a_creation_that_was_cut_short_is_finished(folder: Path, left: str) -> None:
    TlogLedger(folder, origin="notary.example/a").close()
    folder.with_name("ledger.guard").unlink()
    if left != "no guard":
        for path in folder.glob("ledger.sqlite*"):
            path.unlink()
    if left == "key and empty database":
        (folder / "ledger.sqlite").touch()
    with TlogLedger(folder, origin="notary.example/a") as ledger:
        ledger.append(make_entries("cut", 3))
        assert check_log(ledger) == 3


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("var/ledger", "scheme:data"),
        ("", "scheme:data"),
        ("Tlog:x", "scheme:data"),
        ("carrier-pigeon:x", "no ledger is installed for the scheme 'carrier-pigeon'"),
        ("tlog:", "tlog:FOLDER"),
        ("tlog:x#colour=red", "tlog:FOLDER"),
    ],
)
def test_a_url_that_names_no_ledger(url: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(Fatal, match=reason):
        open_ledger(url, base=tmp_path)


def test_a_url_names_folder_origin_and_guard(tmp_path: Path) -> None:
    url = "tlog:var/ledger#origin=notary.example/x&guard=else/guard"
    with open_ledger(url, base=tmp_path) as ledger:
        assert ledger.id == "notary.example/x"
    assert (tmp_path / "var/ledger/ledger.sqlite").exists()
    assert (tmp_path / "else/guard").exists()
    assert not (tmp_path / "var/ledger.guard").exists()
