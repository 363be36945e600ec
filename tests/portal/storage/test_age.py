"""The vault's files are age files: pyrage opens ours, and we open pyrage's."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.storage import Damaged, VaultIdentity
from portal.storage.age import CHUNK, AgeReader, Encryptor
from portal.storage.files import FileVault
from tests.effort import examples

SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 16 * CHUNK, 16 * CHUNK + 1, 33 * CHUNK + 7]


def as_pyrage(identity: VaultIdentity) -> pyrage.x25519.Identity:
    secret = identity.to_file().decode().splitlines()[-1]
    return pyrage.x25519.Identity.from_str(secret)


@pytest.mark.parametrize("size", SIZES)
def test_pyrage_opens_what_the_vault_wrote(vault: FileVault, identity: VaultIdentity, size: int):
    data = os.urandom(size)
    vault.put("original/a", data)
    assert pyrage.decrypt(vault.path("original/a").read_bytes(), [as_pyrage(identity)]) == data


@pytest.mark.parametrize("size", SIZES)
def test_the_reader_opens_what_pyrage_wrote(identity: VaultIdentity, size: int):
    data = os.urandom(size)
    sealed = pyrage.encrypt(data, [pyrage.x25519.Recipient.from_str(identity.recipient)])
    assert AgeReader(io.BytesIO(sealed), identity.private).read() == data


@settings(deadline=None, max_examples=examples(200))
@given(st.data())
def test_no_altered_byte_and_no_other_length_reads_back(data: st.DataObject):
    key = VaultIdentity.generate()
    encryptor = Encryptor(key.private.public_key())
    chunk = memoryview(bytearray(200 + 16))
    encryptor.encrypt(memoryview(os.urandom(200)), chunk, last=True)
    sealed = bytearray(encryptor.header + chunk)
    place = data.draw(st.integers(0, len(sealed) - 1))
    if data.draw(st.booleans()):
        sealed[place] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del sealed[place:]
    with pytest.raises(Damaged):
        AgeReader(io.BytesIO(bytes(sealed)), key.private).read()


def test_chunks_cannot_be_dropped_or_swapped(vault: FileVault, identity: VaultIdentity):
    vault.put("original/a", os.urandom(3 * CHUNK + 5))
    sealed = vault.path("original/a").read_bytes()
    start = len(sealed) - (3 * (CHUNK + 16) + 21)
    first, second = (sealed[start + n * (CHUNK + 16) :][: CHUNK + 16] for n in range(2))
    rest = sealed[start + 2 * (CHUNK + 16) :]
    for body in (second + first + rest, first + rest, first + second + rest[: CHUNK + 16]):
        with pytest.raises(Damaged):
            AgeReader(io.BytesIO(sealed[:start] + body), identity.private).read()


def test_another_key_does_not_open(vault: FileVault):
    vault.put("original/a", b"secret")
    with pytest.raises(Damaged, match="another key"):
        AgeReader(vault.path("original/a").open("rb"), VaultIdentity.generate().private)


class TestIdentityFile:
    def test_a_plain_file_comes_back(self, identity: VaultIdentity):
        again = VaultIdentity.from_file(identity.to_file())
        assert again.recipient == identity.recipient
        assert again.private.private_bytes_raw() == identity.private.private_bytes_raw()

    def test_it_is_the_key_that_age_knows(self, identity: VaultIdentity):
        assert str(as_pyrage(identity).to_public()) == identity.recipient

    def test_a_passphrase_protects_it(self, identity: VaultIdentity):
        sealed = identity.to_file("correct horse")
        assert b"AGE-SECRET-KEY" not in sealed
        assert VaultIdentity.from_file(sealed, "correct horse").recipient == identity.recipient
        with pytest.raises(ValueError, match="KEY_PASSPHRASE"):
            VaultIdentity.from_file(sealed, "wrong")

    def test_a_mistyped_letter_is_noticed(self, identity: VaultIdentity):
        text = identity.to_file().decode()
        other = text[:-3] + ("Q" if text[-3] != "Q" else "P") + text[-2:]
        with pytest.raises(ValueError, match="checksum"):
            VaultIdentity.from_file(other.encode())

    def test_a_file_of_something_else_is_refused(self, tmp_path: Path):
        with pytest.raises(ValueError, match="no age identity"):
            VaultIdentity.from_file(b"# only a comment\n")
