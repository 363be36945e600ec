"""What the vault promises: bounded, immutable, durable, and nothing left behind."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain_adapter.digest import digest_of
from portal.storage import (
    AlreadyStored,
    Damaged,
    Missing,
    TooLarge,
    VaultIdentity,
    VaultUnavailable,
    open_vault,
)
from portal.storage import files as files_module
from portal.storage.files import FileVault
from tests.effort import examples

LIMIT = 10 * 1024 * 1024


def leftovers(vault: FileVault) -> list[Path]:
    return list(vault.staging.iterdir())


@settings(deadline=None, max_examples=examples(25))
@given(st.lists(st.integers(0, 400_000), max_size=12))
def test_any_sequence_of_pieces_comes_back_digested(tmp_path_factory, pieces):
    identity = VaultIdentity.generate()
    vault = FileVault(tmp_path_factory.mktemp("vault"), identity, ("sha256", "sm3"))
    data = [os.urandom(size) for size in pieces]
    whole = b"".join(data)
    with vault.intake(LIMIT) as intake:
        for piece in data:
            assert intake.write(piece) == len(piece)
        content = intake.complete()
        stored = intake.keep("original/a")
    assert stored.content == content == vault.content("original/a")
    assert content.size == len(whole)
    assert [d.value for d in content.digests] == [
        hashlib.sha256(whole).digest(),
        hashlib.new("sm3", whole).digest(),
    ]
    with vault.open("original/a", expect=content.sha256) as stream:
        assert stream.read() == whole
    assert not leftovers(vault)
    vault.close()


def test_what_is_at_rest_is_not_the_content(vault: FileVault):
    vault.put("original/a", b"a very private sentence" * 100)
    path = vault.path("original/a")
    assert b"private" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o400


class TestBounds:
    def test_the_limit_itself_is_allowed(self, vault: FileVault):
        with vault.intake(5) as intake:
            intake.write(b"12345")
            assert intake.keep("original/a").content.size == 5

    def test_one_byte_more_is_refused_while_it_streams(self, vault: FileVault):
        intake = vault.intake(2 * 1024 * 1024)
        intake.write(bytes(2 * 1024 * 1024))
        with pytest.raises(TooLarge) as caught:
            intake.write(b"x")
        assert caught.value.limit == 2 * 1024 * 1024
        assert not leftovers(vault)

    def test_an_ended_intake_takes_nothing_more(self, vault: FileVault):
        intake = vault.intake(10)
        intake.abort()
        with pytest.raises(ValueError, match="ended"):
            intake.write(b"x")
        with pytest.raises(ValueError, match="ended"):
            intake.keep("original/a")


class TestImmutability:
    def test_other_bytes_under_the_same_key_are_refused(self, vault: FileVault):
        vault.put("original/a", b"one")
        with pytest.raises(AlreadyStored):
            vault.put("original/a", b"two")
        assert vault.read("original/a") == b"one"
        assert not leftovers(vault)

    def test_the_same_bytes_again_change_nothing(self, vault: FileVault):
        vault.put("original/a", b"one")
        before = vault.path("original/a").read_bytes()
        assert vault.put("original/a", b"one").content.size == 3
        assert vault.path("original/a").read_bytes() == before

    @pytest.mark.parametrize(
        "key", ["", "../a", "/a", "a/../b", "a//b", "A", "a.b", "a/b/c/d/e", "a\n", "𠮷"]
    )
    def test_a_key_is_never_a_path(self, vault: FileVault, key: str):
        with pytest.raises(ValueError, match="no vault key"):
            vault.put(key, b"x")


class TestBrokenOff:
    def test_an_aborted_upload_leaves_nothing(self, vault: FileVault):
        intake = vault.intake(LIMIT)
        intake.write(os.urandom(3 * 1024 * 1024))
        intake.abort()
        intake.abort()
        assert not leftovers(vault)

    def test_the_sweep_removes_what_a_dead_process_left(self, vault: FileVault):
        dead = vault.staging / "dead.part"
        dead.write_bytes(b"half")
        old = time.time() - 3600
        os.utime(dead, (old, old))
        living = vault.intake(LIMIT)
        for path in leftovers(vault):
            os.utime(path, (old, old))
        assert vault.sweep() == 1
        assert not dead.exists()
        living.write(b"still here")
        assert living.keep("original/a").content.size == 10

    def test_the_sweep_leaves_a_file_that_is_about_to_be_locked(self, vault: FileVault):
        (vault.staging / "fresh.part").write_bytes(b"")
        assert vault.sweep() == 0


class TestFaults:
    def test_a_full_disk_is_one_clear_sentence_and_leaves_nothing(
        self, vault: FileVault, monkeypatch: pytest.MonkeyPatch
    ):
        intake = vault.intake(LIMIT)

        def full(*_: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(files_module.os, "write", full)
        with pytest.raises(VaultUnavailable, match="No space left"):
            intake.write(bytes(2 * 1024 * 1024))
        assert not leftovers(vault)

    @pytest.mark.parametrize("call", ["fsync", "link"])
    def test_nothing_is_kept_when_durability_fails(
        self, vault: FileVault, monkeypatch: pytest.MonkeyPatch, call: str
    ):
        def broken(*_: object) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        intake = vault.intake(LIMIT)
        intake.write(b"abc")
        monkeypatch.setattr(files_module.os, call, broken)
        with pytest.raises(VaultUnavailable):
            intake.keep("original/a")
        monkeypatch.undo()
        assert not vault.exists("original/a")
        assert not leftovers(vault)

    def test_a_failed_folder_sync_may_be_repeated(
        self, vault: FileVault, monkeypatch: pytest.MonkeyPatch
    ):
        """Failed but persisted: the name exists already, and storing again succeeds."""

        def broken(_: Path) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        monkeypatch.setattr(files_module, "sync_folder", broken)
        with pytest.raises(VaultUnavailable):
            vault.put("original/a", b"abc")
        monkeypatch.undo()
        vault.put("original/a", b"abc")
        assert vault.read("original/a") == b"abc"

    def test_a_real_full_file_system(self, identity: VaultIdentity, tiny_disk: Path):
        vault = FileVault(tiny_disk / "vault", identity)
        with pytest.raises(VaultUnavailable, match="No space left"):
            vault.put("original/big", os.urandom(4 * 1024 * 1024))
        assert not leftovers(vault)
        vault.put("original/small", b"fits")
        vault.close()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> object:
    """A file system of one megabyte, where the tests may mount one."""
    import subprocess

    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


class TestReading:
    def test_nothing_there(self, vault: FileVault):
        with pytest.raises(Missing):
            vault.open("original/none")
        assert not vault.exists("original/none")
        assert vault.delete("original/none") is False

    def test_deleted_is_gone(self, vault: FileVault):
        vault.put("original/a", b"x")
        assert vault.delete("original/a") is True
        with pytest.raises(Missing):
            vault.open("original/a")

    def test_the_digest_is_checked_at_the_end(self, vault: FileVault):
        vault.put("original/a", b"one")
        with pytest.raises(Damaged, match="no longer has the digest"):
            vault.read("original/a", expect=digest_of(b"two"))

    def test_a_flipped_bit_at_rest_is_noticed(self, vault: FileVault):
        vault.put("original/a", b"one")
        path = vault.path("original/a")
        sealed = bytearray(path.read_bytes())
        sealed[-1] ^= 1
        path.chmod(0o600)
        path.write_bytes(sealed)
        with pytest.raises(Damaged):
            vault.read("original/a")


def test_the_setting_chooses_the_vault(tmp_path: Path, identity: VaultIdentity):
    vault = open_vault("file:here", base=tmp_path, identity=identity)
    vault.put("a", b"x")
    assert (tmp_path / "here" / "objects").is_dir()
    vault.close()
    with pytest.raises(ValueError, match="no vault of the scheme 'ftp'"):
        open_vault("ftp:there", base=tmp_path, identity=identity)


def test_staged_files_are_locked(vault: FileVault):
    intake = vault.intake(LIMIT)
    [path] = leftovers(vault)
    with path.open("rb") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    intake.abort()
