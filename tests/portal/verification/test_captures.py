"""Packages of captures: the offline verifier names the culprit, and so do commands anybody has."""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal.verification.captures import capture_checks
from portal.verification.judging import examine
from portal.verification.offline import main
from portal.verification.report import Answer, Area
from tests.forensics.evidence import Evidence, response
from tests.timestamping.evidence import House, repack
from timestamping.filelist import FileList
from timestamping.letter import LetterData, issue_letter
from timestamping.package import PackageParts, Result, build_package, verify_letter, verify_package
from timestamping.pdf.sealer import Sealer

SEGMENT = "files/recording/segment-000002.mp4"


@dataclass(frozen=True)
class Captured:
    data: LetterData
    letter: bytes
    evidence: Evidence

    def package(self, *, with_files: bool = True) -> bytes:
        out = io.BytesIO()
        folder = self.evidence.folder
        opener = (lambda each: (folder / each.path).open("rb")) if with_files else None
        build_package(PackageParts(self.data, self.letter, folder=opener), out)
        return out.getvalue()


@pytest.fixture(scope="module")
def captured(house: House, sealer: Sealer, tmp_path_factory: pytest.TempPathFactory) -> Captured:
    authority = house.pki.authority()
    folder = tmp_path_factory.mktemp("evidence")
    evidence = Evidence.made(folder, lambda head: response(authority, head))
    listed = FileList.decode(evidence.manifest)
    name, number = "网页取证 capture", "存证2026-000070"
    data = house.deposit(evidence.manifest, name=name, number=number, files=listed, sm3=False)
    return Captured(data, issue_letter(data, sealer), evidence)


@pytest.fixture
def package_path(captured: Captured, tmp_path: Path) -> Path:
    path = tmp_path / "capture.zip"
    path.write_bytes(captured.package())
    return path


def test_a_capture_verifies_to_its_last_check(
    package_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(package_path)]) == 0
    said = capsys.readouterr().out
    for number in (*range(1, 22), *range(31, 42)):
        assert f"✓ {number:2} " in said
    assert "录像链未中断" in said
    assert "The recording's chain is unbroken" in said


@pytest.mark.parametrize(
    ("change", "code", "sentence"),
    [
        (SEGMENT, "capture-files", "recording/segment-000002.mp4 is not the file listed"),
        ("files/log/events.jsonl", "capture-events", "log/events.jsonl: line 1"),
        ("files/recording/chain.jsonl", "capture-chain", "recording/chain.jsonl: line 2 does not"),
        ("files/recording/tokens/0001.tsr", "capture-tokens", "recording/tokens/0001.tsr"),
    ],
)
def test_whatever_is_changed_is_named(
    captured: Captured, package_path: Path, change: str, code: str, sentence: str
) -> None:
    """Although the package's own manifest was made to fit."""
    with zipfile.ZipFile(package_path) as archive:
        data = bytearray(archive.read(change))
    data[20] ^= 1
    package_path.write_bytes(repack(captured.package(), {change: bytes(data)}))
    report = verify_package(package_path, more=capture_checks)
    failed = {check.code: check.detail for check in report.checks if check.failed}
    assert report.result is Result.REFUSED
    assert {"files", "capture-files"} <= failed.keys()
    assert failed["capture-files"].startswith(change.removeprefix("files/"))
    assert failed[code].startswith(sentence)


def test_another_manifest_than_the_one_deposited(captured: Captured, package_path: Path) -> None:
    forged = captured.evidence.manifest.replace(b'"complete"', b'"failed"', 1)
    package_path.write_bytes(repack(captured.package(), {"files.json": forged}))
    report = verify_package(package_path, more=capture_checks)
    assert {"files", "capture-fingerprint"} <= {c.code for c in report.checks if c.failed}


def test_a_package_without_the_files_says_what_it_can(
    captured: Captured, package_path: Path
) -> None:
    package_path.write_bytes(captured.package(with_files=False))
    report = verify_package(package_path, more=capture_checks)
    assert report.ok
    assert [check.number for check in report.checks][-2:] == [31, 32]
    alone = verify_letter(captured.letter, more=capture_checks)
    assert alone.ok
    assert [check.number for check in alone.checks][-2:] == [31, 32]


def test_the_public_page_judges_the_same(
    captured: Captured, house: House, package_path: Path
) -> None:
    report = examine(package_path, house.trust()).report
    assert report.answer is Answer.MATCHES
    codes = {tick.area: {check.code for check in tick.checks} for tick in report.ticks}
    assert "capture-chain" in codes[Area.FILE]
    assert "capture-tokens" in codes[Area.TIME]


def run_guide(folder: Path) -> subprocess.CompletedProcess[str]:
    """The commands of the guide's first section, as somebody would paste them."""
    guide = (folder / "VERIFY.md").read_text()
    (block,) = re.findall(r"## 1\..*?```bash\n(.*?)```", guide, re.DOTALL)
    script = f"FILE=files.json\n{block}"
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_guide_recomputes_segments_chain_and_time_stamps(
    package_path: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(package_path) as archive:
        archive.extractall(folder)
    done = run_guide(folder)
    said = (done.stdout + done.stderr).splitlines()
    assert {"files.json: OK", "files: OK", "segments: OK", "chain: OK"} <= set(said)
    assert said.count("Verification: OK") == 2


@pytest.mark.parametrize(
    ("act", "missing"),
    [
        (lambda f: (f / SEGMENT).write_bytes(b"x"), "segments: OK"),
        (lambda f: _without_line(f, 2), "chain: OK"),
        (lambda f: _without_line(f, -1), "chain: OK"),
    ],
)
def test_the_guide_sees_what_was_changed(
    package_path: Path, tmp_path: Path, act: object, missing: str
) -> None:
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(package_path) as archive:
        archive.extractall(folder)
    assert callable(act)
    act(folder)
    done = run_guide(folder)
    assert missing not in done.stdout


def _without_line(folder: Path, at: int) -> None:
    path = folder / "files/recording/chain.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    del lines[at]
    path.write_bytes(b"".join(lines))
