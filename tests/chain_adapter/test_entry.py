from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from chain_adapter import (
    Digest,
    Entry,
    EntryKey,
    Fatal,
    InvalidEntry,
    Signature,
    digest_of,
    key_id_of,
    meta_digest,
    verify_signature,
)
from chain_adapter.entry import MAX_ENTRY
from tests.chain_adapter.records import DEPOSITOR, PLATFORM, make_entry

ENTRY = make_entry("one")
NAMES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}\Z")


@given(kind=st.from_regex(r"\A[a-z][a-z0-9._-]{0,63}\Z"), name=NAMES, by=NAMES, both=st.booleans())
def test_encoding_is_rfc_8785_and_reads_back(kind: str, name: str, by: str, both: bool) -> None:
    digests = (digest_of(b"x"), digest_of(b"x", "sha512")) if both else (digest_of(b"x"),)
    entry = PLATFORM.sign(Entry(kind, name, digests, b"t" * 32, b"m" * 32, by, PLATFORM.key_id))
    data = entry.encode()
    assert data == rfc8785.dumps(json.loads(data))
    assert Entry.decode(data) == entry
    unsigned = json.loads(data)
    del unsigned["signatures"]
    assert entry.body() == rfc8785.dumps(unsigned)


def test_the_longest_entry_fits() -> None:
    digests = tuple(digest_of(b"", name) for name in ("sha256", "sha384", "sha512"))
    sm3 = Digest("sm3", b"3" * 32)
    longest = Entry(
        "k" * 64, "i" * 128, (*digests, sm3), b"t" * 32, b"m" * 32, "b" * 128, PLATFORM.key_id
    )
    signed = DEPOSITOR.sign(PLATFORM.sign(longest), "depositor")
    assert len(signed.encode()) <= MAX_ENTRY
    assert Entry.decode(signed.encode()) == signed


def test_order_of_digests_and_signatures_does_not_matter() -> None:
    sha, wide = digest_of(b"x"), digest_of(b"x", "sha512")
    one = replace(ENTRY, digests=(sha, wide), signatures=())
    other = replace(ENTRY, digests=(wide, sha), signatures=())
    assert one == other
    first = DEPOSITOR.sign(PLATFORM.sign(one), "depositor")
    second = PLATFORM.sign(DEPOSITOR.sign(other, "depositor"))
    assert first.encode() == second.encode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "Deposit"),
        ("kind", "a:b"),
        ("kind", ""),
        ("id", ""),
        ("id", "x" * 129),
        ("id", "a b"),
        ("id", 'a"b'),
        ("id", "公证"),
        ("token", b"short"),
        ("meta", b"m" * 33),
        ("by", "someone@example.org"),
        ("platform", "ed25519:XYZ"),
        ("digests", ()),
        ("digests", (digest_of(b"", "sha512"),)),
        ("digests", (digest_of(b"a"), digest_of(b"b"))),
        ("signatures", ENTRY.signatures * 2),
    ],
)
def test_a_wrong_field_is_named(field: str, value: object) -> None:
    with pytest.raises(InvalidEntry) as caught:
        replace(ENTRY, **{field: value})
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("role", "key_id", "algorithm", "value"),
    [
        ("notary", PLATFORM.key_id, "ed25519", b"s" * 64),
        ("platform", "rsa:1", "ed25519", b"s" * 64),
        ("platform", PLATFORM.key_id, "rsa", b"s" * 64),
        ("platform", PLATFORM.key_id, "ed25519", b"s" * 63),
    ],
)
def test_a_malformed_signature_is_refused(
    role: str, key_id: str, algorithm: str, value: bytes
) -> None:
    with pytest.raises(InvalidEntry, match="signatures"):
        Signature(role, key_id, algorithm, value)


def changed(**fields: object) -> bytes:
    value = json.loads(ENTRY.encode())
    value.update(fields)
    return rfc8785.dumps({name: item for name, item in value.items() if item is not ...})


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"", "encoding"),
        (b"\xff", "encoding"),
        (b"[]", "encoding"),
        (b"[" * 4000, "encoding"),
        (b" " * (MAX_ENTRY + 1), "encoding"),
        (ENTRY.encode() + b"\n", "encoding"),
        (json.dumps(json.loads(ENTRY.encode())).encode(), "encoding"),
        (ENTRY.encode().replace(b'"v":1', b'"v":1.0'), "encoding"),
        (ENTRY.encode().replace(b'"v":1', b'"v":1,"v":1'), "encoding"),
        (ENTRY.encode().replace(b'"deposit"', b'"\\u0064eposit"'), "encoding"),
        (changed(v=2), "v"),
        (changed(note="hello"), "note"),
        (changed(token=...), "token"),
        (changed(token="zz"), "token"),
        (changed(token=ENTRY.token.hex().upper()), "encoding"),
        (changed(meta=5), "meta"),
        (changed(id=5), "id"),
        (changed(digests=[]), "digests"),
        (changed(digests={"sha256": "00"}), "digests"),
        (changed(digests={"md5": "00"}), "digests"),
        (changed(signatures={}), "signatures"),
        (changed(signatures=["x"]), "signatures"),
        (changed(signatures=[{"role": "platform"}]), "algorithm"),
    ],
)
def test_decode_is_strict_and_names_the_field(data: bytes, field: str) -> None:
    with pytest.raises(InvalidEntry) as caught:
        Entry.decode(data)
    assert caught.value.field == field


def test_a_signature_binds_body_and_key() -> None:
    signature = ENTRY.signature("platform")
    assert signature is not None
    assert verify_signature(ENTRY, signature, PLATFORM.public)
    assert not verify_signature(ENTRY, signature, DEPOSITOR.public)
    assert not verify_signature(make_entry("two"), signature, PLATFORM.public)
    forged = replace(signature, key_id=DEPOSITOR.key_id)
    assert not verify_signature(ENTRY, forged, PLATFORM.public)
    assert not verify_signature(ENTRY, forged, DEPOSITOR.public)


def test_signing_again_gives_the_same_bytes() -> None:
    assert make_entry("one").encode() == ENTRY.encode()


def test_a_role_signs_once() -> None:
    with pytest.raises(InvalidEntry, match="platform occurs twice"):
        DEPOSITOR.sign(ENTRY, "platform")


def test_keys_of_different_kinds_do_not_collide() -> None:
    assert ENTRY.key == "deposit:one"
    assert replace(ENTRY, kind="deposit.one", id="x").key != replace(ENTRY, id="one:x").key


@pytest.mark.parametrize("passphrase", [None, "Zauberwort 密码"])
def test_a_key_file_is_private_and_reads_back(tmp_path: Path, passphrase: str | None) -> None:
    path = tmp_path / "platform.key"
    PLATFORM.save(path, passphrase)
    assert path.stat().st_mode & 0o777 == 0o600
    assert (b"ENCRYPTED" in path.read_bytes()) == (passphrase is not None)
    assert EntryKey.load(path, passphrase).key_id == PLATFORM.key_id == key_id_of(PLATFORM.public)
    with pytest.raises(FileExistsError):
        DEPOSITOR.save(path)
    assert [each.name for each in tmp_path.iterdir()] == ["platform.key"]


def test_a_key_file_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    path = tmp_path / "platform.key"
    PLATFORM.save(path, "right")
    with pytest.raises(Fatal, match="no passphrase is set"):
        EntryKey.load(path)
    with pytest.raises(Fatal, match="passphrase does not open it"):
        EntryKey.load(path, "wrong")
    path.chmod(0o640)
    with pytest.raises(Fatal, match="chmod 600"):
        EntryKey.load(path, "right")
    path.chmod(0o600)
    path.write_text("-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n")
    with pytest.raises(Fatal, match="damaged"):
        EntryKey.load(path)


def test_meta_digest_needs_its_salt() -> None:
    metadata = {"name": "合同.pdf", "size": 12}
    assert meta_digest(b"a" * 32, metadata) != meta_digest(b"b" * 32, metadata)
    assert meta_digest(b"a" * 32, metadata) == meta_digest(
        b"a" * 32, dict(reversed(metadata.items()))
    )
    with pytest.raises(ValueError, match="32 bytes"):
        meta_digest(b"short", metadata)
