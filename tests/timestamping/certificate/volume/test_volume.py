"""Checks 111 to 120, one failing test each, and the volume's files as they are written and read."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from chain_adapter.canonical import canonical_json
from chain_adapter.digest import digest_of
from chain_adapter.verdict import Check, Outcome
from portal.verification.notarial import certificate_checks
from tests.timestamping.certificate.office import CHECK, Bureau
from tests.timestamping.evidence import OFFICE, flipped, repack
from timestamping.certificate import record_document, write_manifest
from timestamping.certificate.volume import (
    BadCustody,
    BadVolume,
    Facts,
    Note,
    Section,
    Table,
    VolumeData,
    custody_document,
    read_custody,
    read_volume,
    render_volume,
    verify_volume,
    verifying,
    write_volume,
)
from timestamping.certificate.volume.custody import hash_of
from timestamping.certificate.volume.opened import Volume
from timestamping.certificate.volume.verifying import STEPS
from timestamping.filelist import FileList, ListedFile
from timestamping.letter import Words, issue_letter
from timestamping.package import PackageParts, build_package

Files = dict[str, bytes]
MATTER = "MA20261121-7K3M9QXT"
NUMBER = "2026-DEMO-000123"
CERTIFICATE = f"certificate-{NUMBER}.zip"
CLOSED = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def packed(bureau: Bureau) -> tuple[bytes, bytes]:
    """The package of a certificate's own deposit, and its PDF."""
    data = bureau.data()
    files = {
        "certificate.pdf": bureau.sign(data),
        "certificate.json": record_document(data),
        "check.json": CHECK,
        "subject/package.zip": bureau.package,
    }
    listed = [ListedFile(k, len(v), hashlib.sha256(v).hexdigest()) for k, v in files.items()]
    manifest = write_manifest(data, listed)
    deposit = bureau.house.deposit(manifest, files=FileList.decode(manifest))
    letter = issue_letter(deposit, bureau.sealer)
    out = io.BytesIO()
    parts = PackageParts(deposit, letter, None, lambda file: io.BytesIO(files[file.path]))
    build_package(parts, out)
    return out.getvalue(), files["certificate.pdf"]


def entry(seq: int, action: str, previous: str, **detail: str) -> dict[str, Any]:
    """One entry of a custody log, hashed as the log does."""
    made: dict[str, Any] = {
        "seq": seq,
        "at": "2026-11-21T09:00:00.000000+00:00",
        "actor_id": "u1",
        "actor_name": "李公正",
        "roles": "notary",
        "address": "203.0.113.7",
        "via": "web",
        "action": action,
        "subject": "matter:1",
        "detail": canonical_json(detail).decode(),
        "previous": previous,
    }
    return made | {"hash": hash_of(made)}


def log(pdf: bytes) -> list[dict[str, Any]]:
    """Three entries, the last two of them neighbours."""
    first = entry(7, "matter.accepted", "0" * 64)
    second = entry(11, "check.ended", "a" * 64, outcome="pass")
    sha256 = hashlib.sha256(pdf).hexdigest()
    third = entry(12, "certificate.issued", second["hash"], number=NUMBER, sha256=sha256)
    return [first, second, third]


def custody_of(entries: list[dict[str, Any]], matter: str = MATTER) -> bytes:
    return custody_document(matter, ["matter:1"], (12, entries[-1]["hash"]), entries)


def data_of(custody: bytes, matter: str = MATTER) -> VolumeData:
    facts = Facts(((Words("事项", "Matter"), matter), (Words("备注", "Note"), "")))
    columns = (Words("文件", "File"), Words("SHA-256", ""))
    rows = (("合同\u202e.pdf", "ab" * 32), ("<script>#raw[x]", "cd" * 32))
    table = Table(columns, (2, 3), rows, frozenset({1}))
    return VolumeData(
        matter=matter,
        title=Words("保全证据", "Preservation of evidence"),
        office=OFFICE.name,
        closed_at=CLOSED,
        certificates=(NUMBER,),
        sections=(
            Section(Words("申请", "Application"), (facts,)),
            Section(Words("文件", "Files"), (table, Note(Words("无。", "None.")))),
        ),
        custody=custody,
    )


@pytest.fixture(scope="module")
def files(bureau: Bureau, packed: tuple[bytes, bytes]) -> Files:
    package, pdf = packed
    custody = custody_of(log(pdf))
    return {
        "volume.pdf": render_volume(data_of(custody)),
        "custody.json": custody,
        "subject.zip": bureau.package,
        CERTIFICATE: package,
    }


def manifest_of(files: Mapping[str, bytes], numbers: tuple[str, ...] = (NUMBER,)) -> bytes:
    listed = [ListedFile(k, len(v), digest_of(v).hex) for k, v in files.items()]
    return write_volume(MATTER, OFFICE.name, CLOSED, numbers, listed)


def judged(bureau: Bureau, files: Mapping[str, bytes], manifest: bytes = b"") -> dict[int, Check]:
    def opener(path: str) -> BinaryIO:
        return io.BytesIO(files[path])

    manifest = manifest or manifest_of(files)
    checks = verify_volume(manifest, opener, bureau.trust, certificate_checks)
    return {check.number: check for check in checks}


def alone(bureau: Bureau, files: Mapping[str, bytes], number: int, manifest: bytes = b"") -> Check:
    """One check, without opening every package for it."""
    volume = Volume(
        manifest or manifest_of(files), lambda path: io.BytesIO(files[path]), bureau.trust
    )
    step = next(each for each in STEPS if each[0] == number)
    return verifying._judged(volume, *step, volume.data)


def failing(checks: Mapping[int, Check]) -> set[int]:
    return {number for number, check in checks.items() if check.failed}


# -- The good one -------------------------------------------------------------------------------


def test_a_volume_passes_every_check(bureau: Bureau, files: Files) -> None:
    checks = judged(bureau, files)
    assert list(checks) == list(range(111, 121))
    assert [check for check in checks.values() if not check.passed] == []


def test_the_docstring_numbers_the_checks() -> None:
    for number, code, _, _ in STEPS:
        assert f"{number}. ``{code}``" in (verifying.__doc__ or "")


def test_without_files_only_the_manifest_is_told(bureau: Bureau, files: Files) -> None:
    (check,) = verify_volume(manifest_of(files), None, bureau.trust)
    assert (check.number, check.outcome) == (111, Outcome.PASS)


def test_the_manifest_is_read_as_it_was_written(files: Files) -> None:
    manifest = manifest_of(files)
    found = read_volume(manifest)
    assert (found.matter, found.office, found.closed_at) == (MATTER, OFFICE.name, CLOSED)
    assert found.certificates == (NUMBER,)
    assert FileList.decode(manifest).encode() == manifest


def test_the_pdf_is_the_same_bytes_again_and_shows_everything(files: Files, tmp_path: Path) -> None:
    assert render_volume(data_of(files["custody.json"])) == files["volume.pdf"]
    path = tmp_path / "volume.pdf"
    path.write_bytes(files["volume.pdf"])
    text = subprocess.run(
        ["pdftotext", "-layout", str(path), "-"], check=True, capture_output=True, text=True
    ).stdout
    for said in (MATTER, "公证卷宗", "第000123号", "U+202E", "<script>#raw[x]", "Application"):
        assert said in text, said
    attached = subprocess.run(
        ["pdfdetach", "-list", str(path)], check=True, capture_output=True, text=True
    ).stdout
    assert "custody.json" in attached


# -- One failing test each ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"matter": ""},
        {"office": {"zh": "公证处"}},
        {"closed_at": "2026-11-21T10:00:00"},
        {"certificates": []},
        {"certificates": [NUMBER, NUMBER]},
        {"certificates": ["2026-DEMO-000124"]},
        {"certificates": ["x"]},
        {"files": []},
        {"more": 1},
        {"schema": "notary/certificate-files/v1"},
    ],
)
def test_111_a_manifest_wrong_in_one_place(
    bureau: Bureau, files: Files, change: dict[str, Any]
) -> None:
    value = json.loads(manifest_of(files))
    manifest = canonical_json({**value, **change})
    with pytest.raises(BadVolume):
        read_volume(manifest)
    assert alone(bureau, files, 111, manifest).failed


@pytest.mark.parametrize("path", ["volume.pdf", "custody.json"])
def test_112_another_volume_or_extract(bureau: Bureau, files: Files, path: str) -> None:
    manifest = manifest_of(files)
    changed = files | {path: flipped(files[path], len(files[path]) // 2)}
    check = alone(bureau, changed, 112, manifest)
    assert check.failed
    assert path in check.detail
    missing = {name: data for name, data in files.items() if name != path}
    assert "is missing" in alone(bureau, missing, 112, manifest).detail


def test_113_the_volume_of_another_matter(bureau: Bureau, files: Files) -> None:
    other = render_volume(data_of(files["custody.json"], "MA20261121-OTHER000"))
    checks = judged(bureau, files | {"volume.pdf": other})
    assert failing(checks) == {113}
    another = custody_of([entry(7, "matter.accepted", "0" * 64)])
    for bad in (render_volume(data_of(another)), b"%PDF-1.7 nothing"):
        assert alone(bureau, files | {"volume.pdf": bad}, 113).failed


def test_114_a_certificates_package_that_does_not_hold(bureau: Bureau, files: Files) -> None:
    with zipfile.ZipFile(io.BytesIO(files[CERTIFICATE])) as archive:
        pdf = archive.read("files/certificate.pdf")
    bad = repack(files[CERTIFICATE], {"files/certificate.pdf": flipped(pdf, len(pdf) // 2)})
    checks = judged(bureau, files | {CERTIFICATE: bad})
    assert failing(checks) == {114, 120}
    assert CERTIFICATE in checks[114].detail


def test_114_other_anchors_are_used_inside_as_well(bureau: Bureau, files: Files) -> None:
    """A volume does not bring the trust that its packages are judged by."""
    from timestamping.trust import TrustStore

    def opener(path: str) -> BinaryIO:
        return io.BytesIO(files[path])

    trust = type(bureau.trust)(TrustStore(), bureau.trust.ledger, given=True)
    checks = {
        check.number: check
        for check in verify_volume(manifest_of(files), opener, trust, certificate_checks)
    }
    assert not checks[114].passed
    assert not checks[116].passed


def test_115_the_package_of_another_certificate(bureau: Bureau, files: Files) -> None:
    other = "2026-DEMO-000999"
    renamed = {k: v for k, v in files.items() if k != CERTIFICATE}
    renamed[f"certificate-{other}.zip"] = files[CERTIFICATE]
    checks = judged(bureau, renamed, manifest_of(renamed, (other,)))
    assert failing(checks) == {115, 120}
    assert NUMBER in checks[115].detail


def test_116_a_proof_that_does_not_hold(bureau: Bureau, files: Files) -> None:
    with zipfile.ZipFile(io.BytesIO(files["subject.zip"])) as archive:
        entry_json = archive.read("ledger/entry.json")
    bad = repack(files["subject.zip"], {"ledger/entry.json": flipped(entry_json, 40)})
    checks = judged(bureau, files | {"subject.zip": bad})
    assert failing(checks) == {116}


def test_117_the_proof_of_another_deposit(bureau: Bureau, files: Files) -> None:
    deposit = bureau.house.deposit()
    out = io.BytesIO()
    build_package(PackageParts(deposit, issue_letter(deposit, bureau.sealer)), out)
    checks = judged(bureau, files | {"subject.zip": out.getvalue()})
    assert failing(checks) == {117}


def _with(files: Files, change: Callable[[dict[str, Any]], None]) -> Files:
    """The same volume with another extract, in list and PDF alike."""
    value = json.loads(files["custody.json"])
    change(value)
    custody = canonical_json(value)
    try:
        pdf = render_volume(data_of(custody))
    except UnicodeDecodeError:
        pdf = files["volume.pdf"]
    return files | {"custody.json": custody, "volume.pdf": pdf}


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.update(matter="MA20261121-OTHER000"),
        lambda value: value["entries"].reverse(),
        lambda value: value["entries"].clear(),
        lambda value: value.update(subjects=["matter:2"]),
        lambda value: value["head"].update(size=11),
        lambda value: value["head"].pop("hash"),
        lambda value: value.update(more=1),
        lambda value: value["entries"][0].pop("detail"),
        lambda value: value["entries"][0].update(hash="x"),
        lambda value: value["entries"][0].update(roles=1),
    ],
)
def test_118_an_extract_wrong_in_one_place(
    bureau: Bureau, files: Files, change: Callable[[dict[str, Any]], None]
) -> None:
    assert alone(bureau, _with(files, change), 118).failed


def test_119_an_entry_that_was_changed(bureau: Bureau, files: Files) -> None:
    def change(value: dict[str, Any]) -> None:
        value["entries"][1]["actor_name"] = "somebody else"

    changed = _with(files, change)
    assert "entry 11" in alone(bureau, changed, 119).detail
    assert not alone(bureau, changed, 118).failed


def test_119_neighbours_that_do_not_follow(bureau: Bureau, files: Files) -> None:
    def change(value: dict[str, Any]) -> None:
        made = value["entries"][1]
        made["detail"] = "{}"
        made["hash"] = hash_of(made)  # hashed anew: only the next one tells

    assert "entry 12" in alone(bureau, _with(files, change), 119).detail


def test_119_another_end_than_the_logs(bureau: Bureau, files: Files) -> None:
    def change(value: dict[str, Any]) -> None:
        value["head"]["hash"] = "0" * 64

    assert alone(bureau, _with(files, change), 119).failed


def test_120_the_log_does_not_tell_of_the_certificate(
    bureau: Bureau, files: Files, packed: tuple[bytes, bytes]
) -> None:
    def rewritten(entries: list[dict[str, Any]]) -> Files:
        custody = custody_of(entries)
        return files | {"custody.json": custody, "volume.pdf": render_volume(data_of(custody))}

    first = entry(7, "matter.accepted", "0" * 64)
    checks = judged(bureau, rewritten([first]))
    assert failing(checks) == {120}
    other = entry(12, "certificate.issued", "b" * 64, number=NUMBER, sha256="0" * 64)
    checks = judged(bureau, rewritten([first, other]))
    assert failing(checks) == {120}
    assert packed


@pytest.mark.parametrize("data", [b"", b"[]", b'{"schema":"notary/custody-extract/v1"}', b"\xff"])
def test_what_is_no_extract(data: bytes) -> None:
    with pytest.raises(BadCustody):
        read_custody(data)
