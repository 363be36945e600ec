"""Keys are made once, kept from others, and opened by their passphrase."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chain_adapter import Fatal
from portal.keyring import Keyring


def test_keys_stay_the_same(tmp_path: Path) -> None:
    first, second = Keyring(tmp_path / "keys", None), Keyring(tmp_path / "keys", None)
    assert first.entry_key().key_id == second.entry_key().key_id
    assert first.vault_identity().recipient == second.vault_identity().recipient
    assert first.secret("pseudonyms") == second.secret("pseudonyms")
    assert first.secret("pseudonyms") != first.secret("other")


def test_only_the_service_reads_them(tmp_path: Path) -> None:
    keys = Keyring(tmp_path / "keys", None)
    keys.entry_key()
    keys.vault_identity()
    keys.secret("pseudonyms")
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    for path in (tmp_path / "keys").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        rings = [Keyring(tmp_path / "keys", None) for _ in range(8)]
        assert len(set(pool.map(lambda ring: ring.secret("s"), rings))) == 1
        assert len(set(pool.map(lambda ring: ring.entry_key().key_id, rings))) == 1
        assert len(set(pool.map(lambda ring: ring.vault_identity().recipient, rings))) == 1


def test_a_passphrase_encrypts_what_opens_content_and_signs(tmp_path: Path) -> None:
    keys = Keyring(tmp_path / "keys", "correct horse")
    recipient, key_id = keys.vault_identity().recipient, keys.entry_key().key_id
    assert b"AGE-SECRET-KEY" not in (tmp_path / "keys/vault.age").read_bytes()
    assert b"ENCRYPTED" in (tmp_path / "keys/platform.key").read_bytes()
    again = Keyring(tmp_path / "keys", "correct horse")
    assert (again.vault_identity().recipient, again.entry_key().key_id) == (recipient, key_id)
    wrong = Keyring(tmp_path / "keys", "wrong")
    with pytest.raises(ValueError, match="KEY_PASSPHRASE"):
        wrong.vault_identity()
    with pytest.raises(Fatal, match="passphrase"):
        wrong.entry_key()


def test_a_damaged_secret_is_told(tmp_path: Path) -> None:
    Keyring(tmp_path / "keys", None).secret("s")
    (tmp_path / "keys/s.key").write_bytes(b"short")
    with pytest.raises(ValueError, match="damaged"):
        Keyring(tmp_path / "keys", None).secret("s")
