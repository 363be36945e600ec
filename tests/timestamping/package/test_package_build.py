"""What is in a package, and that building one is deterministic and frugal."""

from __future__ import annotations

import hashlib
import io
import tracemalloc
import zipfile
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from chain_adapter.digest import Digest
from tests.timestamping.evidence import CONTENT, House
from timestamping.letter import LetterData
from timestamping.package import (
    CannotBuild,
    Manifest,
    Original,
    PackageParts,
    build_package,
    safe_name,
)
from timestamping.package.manifest import BadManifest
from timestamping.package_trust import PackageTrust


def built(parts: PackageParts) -> bytes:
    out = io.BytesIO()
    build_package(parts, out)
    return out.getvalue()


def test_it_holds_what_it_should(package: bytes, deposit: LetterData, letter: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    assert set(members) == {
        "manifest.json",
        "letter.pdf",
        "token.tsr",
        "token-2.tsr",
        "VERIFY.md",
        "ledger/entry.json",
        "ledger/receipt.json",
        "ledger/proof",
        "ledger/metadata.json",
        "trust/root.pem",
        "trust/tsa.pem",
        "trust/seal.pem",
        "trust/crl.pem",
        "trust/ledger.vkey",
        "trust/platform.pem",
        "files/合同 contract.pdf",
    }
    assert members["letter.pdf"] == letter
    assert members["files/合同 contract.pdf"] == CONTENT
    assert members["ledger/entry.json"] == deposit.entry.encode()
    manifest = Manifest.decode(members["manifest.json"])
    assert manifest.number == deposit.number
    assert {each.name for each in manifest.files} == set(members) - {"manifest.json"}
    for each in manifest.files:
        assert each.size == len(members[each.name])
        assert each.sha256 == hashlib.sha256(members[each.name]).hexdigest()


def test_the_same_parts_give_the_same_bytes(deposit: LetterData, letter: bytes) -> None:
    parts = PackageParts(deposit, letter, Original("a.pdf", lambda: io.BytesIO(CONTENT)))
    assert built(parts) == built(parts)


def test_no_original_unless_asked(deposit: LetterData, letter: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(built(PackageParts(deposit, letter)))) as archive:
        assert not [name for name in archive.namelist() if name.startswith("files/")]


def test_an_original_that_changed_in_storage_is_not_packed(
    deposit: LetterData, letter: bytes
) -> None:
    original = Original("a.pdf", lambda: io.BytesIO(CONTENT + b"!"))
    with pytest.raises(CannotBuild, match="sha256 is not the one deposited"):
        built(PackageParts(deposit, letter, original))


class Zeros(io.RawIOBase):
    """``size`` zero bytes that are nowhere in memory."""

    def __init__(self, size: int) -> None:
        self.left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = min(self.left, len(buffer))
        buffer[:count] = bytes(count)
        self.left -= count
        return count


class Sink(io.RawIOBase):
    """Counts what is written; cannot seek, like a response body."""

    written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.written += len(data)
        return len(data)


def test_a_large_original_is_streamed(house: House, letter: bytes) -> None:
    size, state = 96 << 20, hashlib.sha256()
    for _ in range(96):
        state.update(bytes(1 << 20))
    data = house.deposit(b"stands for the large file", sm3=False)
    object.__setattr__(data.entry, "digests", (Digest("sha256", state.digest()),))
    original = Original("zeros.bin", lambda: io.BufferedReader(Zeros(size)))
    sink = Sink()
    tracemalloc.start()
    try:
        build_package(PackageParts(data, letter, original), sink)  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sink.written > size
    assert peak < 8 << 20


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\x\\y.txt", "C__x_y.txt"),
        ("a\x00b\u202e.pdf", "a_b_.pdf"),
        ("  . ", "file"),
        ("", "file"),
        ("合同𠮷.pdf", "合同𠮷.pdf"),
        (".bashrc", "bashrc"),
    ],
)
def test_names_any_system_can_hold(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(max_size=400))
def test_safe_names_are_short_and_stay_in_their_folder(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe.encode()) <= 200
    assert not set(safe) & set('/\\:*?"<>|\x00')
    assert safe not in {".", ".."}
    assert not safe.startswith(".")


def test_long_names_keep_their_suffix() -> None:
    assert safe_name("长" * 300 + ".docx").endswith("长.docx")


GOOD = {"schema": "notary/package/v1", "number": "1", "created": "now", "files": []}
FILE = {"name": "a", "sha256": "0" * 64, "size": 1}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "not JSON"),
        (b"[" * 60_000, "not JSON"),
        (b"[]", "fields"),
        (b" " * 9_000_000, "at most"),
        (rfc8785.dumps({**GOOD, "schema": "other"}), "schema"),
        (rfc8785.dumps({**GOOD, "more": 1}), "fields"),
        (rfc8785.dumps({**GOOD, "number": 1}), "no text"),
        (rfc8785.dumps({**GOOD, "files": {}}), "not a list"),
        (rfc8785.dumps({**GOOD, "files": [1]}), "fields name"),
        (rfc8785.dumps({**GOOD, "files": [{**FILE, "size": -1}]}), "no number"),
        (rfc8785.dumps({**GOOD, "files": [{**FILE, "sha256": "00"}]}), "64 hexadecimal"),
        (rfc8785.dumps({**GOOD, "files": [FILE, FILE]}), "once each"),
        (rfc8785.dumps({**GOOD, "files": [{**FILE, "name": "manifest.json"}]}), "without itself"),
        (rfc8785.dumps(GOOD) + b"\n", "canonical"),
    ],
)
def test_manifests_are_read_strictly(data: bytes, message: str) -> None:
    with pytest.raises(BadManifest, match=message):
        Manifest.decode(data)


def test_trust_survives_its_files_and_its_json(deposit: LetterData) -> None:
    for again in (
        PackageTrust.from_files(deposit.trust.files()),
        PackageTrust.from_json(deposit.trust.to_json()),
    ):
        assert again.fingerprints() == deposit.trust.fingerprints()
        assert again.files() == deposit.trust.files()
        assert again.ledger == deposit.trust.ledger
