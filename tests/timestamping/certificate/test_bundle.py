"""Checks 105 to 109, and certificates given to the verifier with and without their package."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from chain_adapter.canonical import canonical_json
from chain_adapter.verdict import Check, Outcome
from tests.timestamping.certificate.office import CHECK, PASSED, Bureau
from tests.timestamping.evidence import CONTENT, House, flipped, repack
from timestamping.certificate import (
    BadFiles,
    CertificateData,
    CertificateReport,
    bundle,
    is_certificate,
    read_files,
    record_document,
    render_certificate,
    verify_bundle,
    verify_evidence,
    write_manifest,
)
from timestamping.certificate.bundle import STEPS
from timestamping.filelist import FileList, ListedFile
from timestamping.letter import issue_letter
from timestamping.package import PackageParts, Result, build_package
from timestamping.package_trust import PackageTrust

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def data(bureau: Bureau) -> CertificateData:
    return bureau.data()


@pytest.fixture(scope="module")
def files(bureau: Bureau, data: CertificateData) -> Files:
    return {
        "certificate.pdf": bureau.sign(data),
        "certificate.json": record_document(data),
        "check.json": CHECK,
        "subject/package.zip": bureau.package,
    }


def listed(files: Mapping[str, bytes]) -> list[ListedFile]:
    return [
        ListedFile(path, len(content), hashlib.sha256(content).hexdigest())
        for path, content in files.items()
    ]


def opener(files: Mapping[str, bytes]) -> Any:
    def open_(path: str) -> BinaryIO:
        return io.BytesIO(files[path])

    return open_


def judged(
    bureau: Bureau, data: CertificateData, files: Mapping[str, bytes], manifest: bytes = b""
) -> dict[int, Check]:
    manifest = manifest or write_manifest(data, listed(files))
    checks = verify_bundle(manifest, opener(files), bureau.trust)
    return {check.number: check for check in checks}


def failing(checks: Mapping[int, Check]) -> set[int]:
    return {number for number, check in checks.items() if check.failed}


def test_a_deposit_passes_every_check(bureau: Bureau, data: CertificateData, files: Files) -> None:
    checks = judged(bureau, data, files)
    assert list(checks) == list(range(91, 110))
    assert [check for check in checks.values() if not check.passed] == []


def test_the_docstring_numbers_the_checks() -> None:
    for number, code, _, _ in STEPS:
        assert f"{number}. ``{code}``" in (bundle.__doc__ or "")


def test_a_revocation_has_neither_check_nor_subject(bureau: Bureau) -> None:
    data = bureau.revocation()
    files = {"certificate.pdf": bureau.sign(data), "certificate.json": record_document(data)}
    checks = judged(bureau, data, files)
    assert list(checks) == list(range(91, 108))
    assert all(check.passed for check in checks.values())


def test_without_files_only_the_manifest_is_told(
    bureau: Bureau, data: CertificateData, files: Files
) -> None:
    manifest = write_manifest(data, listed(files))
    (check,) = verify_bundle(manifest, None, bureau.trust)
    assert (check.number, check.outcome) == (105, Outcome.PASS)


def test_the_manifest_says_what_the_certificate_says(data: CertificateData, files: Files) -> None:
    manifest = write_manifest(data, listed(files))
    found = read_files(manifest)
    assert (found.number, found.kind, found.office) == (data.number, data.kind, data.office)
    assert found.status_url == data.verify_url
    assert FileList.decode(manifest).encode() == manifest


@pytest.mark.parametrize(
    "change",
    [
        {"number": "1"},
        {"kind": "copy"},
        {"template": 1},
        {"office": "x"},
        {"issued_at": "today"},
        {"status_url": None},
        {"predecessor": {"number": "2026-DEMO-000001"}},
        {"files": []},
        {"more": 1},
        {"schema": "notary/draw-files/v1"},
    ],
)
def test_105_a_manifest_wrong_in_one_place(
    bureau: Bureau, data: CertificateData, files: Files, change: dict[str, Any]
) -> None:
    value = json.loads(write_manifest(data, listed(files)))
    manifest = canonical_json({**value, **change})
    with pytest.raises(BadFiles):
        read_files(manifest)
    assert 105 in failing(judged(bureau, data, files, manifest))


def test_105_a_file_too_few_or_too_many(data: CertificateData, files: Files) -> None:
    fewer = {path: content for path, content in files.items() if path != "check.json"}
    with pytest.raises(BadFiles, match=r"lacks check\.json"):
        write_manifest(data, listed(fewer))
    with pytest.raises(BadFiles, match=r"must not list more\.txt"):
        write_manifest(data, listed({**files, "more.txt": b""}))


def test_106_what_lies_beside_is_what_is_attached(
    bureau: Bureau, data: CertificateData, files: Files
) -> None:
    other = record_document(dataclasses.replace(data, copies=3))
    assert failing(judged(bureau, data, {**files, "certificate.json": other})) == {106}
    assert failing(judged(bureau, data, {**files, "check.json": b"{}"})) == {106}
    named = dataclasses.replace(data, number="2026-DEMO-000999")
    assert failing(judged(bureau, named, files)) == {106}


def test_107_another_predecessor(bureau: Bureau, files: Files) -> None:
    data = bureau.correction()
    own = {**files, "certificate.pdf": bureau.sign(data), "certificate.json": record_document(data)}
    assert failing(judged(bureau, data, own)) == set()
    assert data.predecessor is not None
    other = dataclasses.replace(data.predecessor, number="2026-DEMO-000099")
    named = dataclasses.replace(data, predecessor=other)
    assert failing(judged(bureau, named, own)) == {107}


def test_108_a_damaged_package(bureau: Bureau, data: CertificateData, files: Files) -> None:
    at = bureau.package.index(b"letter.pdf") + 5000
    damaged = {**files, "subject/package.zip": flipped(bureau.package, at)}
    assert 108 in failing(judged(bureau, data, damaged))
    junk = judged(bureau, data, {**files, "subject/package.zip": b"PK junk"})
    assert junk[108].outcome is Outcome.UNKNOWN
    assert 109 in failing(junk)


def test_108_a_package_of_somebody_else(
    bureau: Bureau, data: CertificateData, files: Files, tmp_path: Path
) -> None:
    stranger = Bureau.of(House.at(tmp_path))
    found = failing(judged(bureau, data, {**files, "subject/package.zip": stranger.package}))
    assert {108, 109} <= found


def test_108_a_package_inside_that_unpacks_to_more_than_it_may(
    bureau: Bureau, data: CertificateData, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("files/original", bytes(range(256)))
    found = judged(bureau, data, {**files, "subject/package.zip": out.getvalue()})
    assert "without originals" in found[108].detail
    monkeypatch.setattr(bundle, "MAX_UNPACKED", 1000)
    assert "without originals" in judged(bureau, data, files)[108].detail
    monkeypatch.setattr(bundle, "MAX_SUBJECT", 1000)
    assert "longer than it ever is" in judged(bureau, data, files)[108].detail


def test_109_another_deposit(bureau: Bureau, data: CertificateData, files: Files) -> None:
    deposit = bureau.house.deposit(b"something else", number="存证2026-000777")
    out = io.BytesIO()
    build_package(PackageParts(deposit, issue_letter(deposit, bureau.sealer)), out)
    other = {**files, "subject/package.zip": out.getvalue()}
    assert failing(judged(bureau, data, other)) == {109}


def test_109_another_letter_of_the_same_deposit(
    bureau: Bureau, data: CertificateData, files: Files
) -> None:
    letter = issue_letter(bureau.deposit, bureau.sealer)
    package = repack(bureau.package, {"letter.pdf": letter})
    checks = judged(bureau, data, {**files, "subject/package.zip": package})
    assert failing(checks) == {109}
    assert "letter" in checks[109].detail


def test_missing_files_are_told(bureau: Bureau, data: CertificateData, files: Files) -> None:
    manifest = write_manifest(data, listed(files))
    checks = judged(bureau, data, {}, manifest)
    assert {91, 106, 108} <= failing(checks)


# --- the verifier ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pdf(files: Files) -> bytes:
    return files["certificate.pdf"]


def written(folder: Path, data: bytes, name: str = "certificate.pdf") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_a_certificate_without_its_package(bureau: Bureau, pdf: bytes, tmp_path: Path) -> None:
    path = written(tmp_path, pdf)
    for trust in (None, bureau.trust):
        report = verify_evidence(path, trust=trust)
        assert isinstance(report, CertificateReport)
        assert report.ok, report.failed
        assert report.facts.number == "2026-DEMO-000123"
        assert report.certificate is not None
        zh, en = report.summary
        assert "公证书（2026）DEMO证字第000123号" in zh
        assert "Whether it was corrected or revoked" in en
        assert json.loads(report.to_json())["result"] == "verified"
    assert not verify_evidence(path).anchors_given


def test_with_the_file_it_is_about(pdf: bytes, tmp_path: Path) -> None:
    path = written(tmp_path, pdf)
    right, wrong = written(tmp_path, CONTENT, "a"), written(tmp_path, b"another", "b")
    assert verify_evidence(path, file=right).ok
    refused = verify_evidence(path, file=wrong)
    assert refused.failed is not None
    assert refused.failed.code == "file"
    gone = verify_evidence(path, file=tmp_path / "nowhere")
    assert gone.result is Result.UNDECIDED


def test_under_strange_anchors_it_is_refused(pdf: bytes, tmp_path: Path) -> None:
    stranger = House.at(tmp_path / "other")
    trust = dataclasses.replace(stranger.trust(), given=True)
    assert verify_evidence(written(tmp_path, pdf), trust=trust).result is not Result.VERIFIED


def test_letters_and_packages_go_their_own_way(bureau: Bureau, tmp_path: Path) -> None:
    letter = verify_evidence(written(tmp_path, bureau.letter), trust=bureau.trust)
    assert not isinstance(letter, CertificateReport)
    assert letter.ok
    assert verify_evidence(written(tmp_path, bureau.package), trust=bureau.trust).ok
    assert not verify_evidence(tmp_path / "nowhere").ok


@pytest.mark.parametrize("data", [b"", b"%PDF-", b"%PDF-1.7\n" + b"\x00" * 5000, b"%PDF-1.7 x"])
def test_what_is_no_certificate(data: bytes, tmp_path: Path) -> None:
    assert not is_certificate(data)
    assert verify_evidence(written(tmp_path, data)).result is Result.UNDECIDED


def test_an_unsigned_or_changed_one(bureau: Bureau, pdf: bytes, tmp_path: Path) -> None:
    """An unsigned one is no certificate; one changed is refused, never unreadable."""
    unsigned = render_certificate(bureau.data())
    assert not is_certificate(unsigned)
    changed = flipped(pdf, pdf.index(b"/Producer") + 2)
    report = verify_evidence(written(tmp_path, changed), trust=bureau.trust)
    assert report.result is Result.REFUSED


def test_the_anchors_attached_are_read(bureau: Bureau) -> None:
    plain = bureau.data(trust=None, check=PASSED)
    assert PackageTrust.from_json(bureau.trust.to_json()) == bureau.trust
    assert plain.trust is None
