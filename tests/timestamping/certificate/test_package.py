"""The package of a certificate's deposit: judged whole, and by the commands of its VERIFY.md."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import re
import subprocess
import zipfile
from pathlib import Path
from typing import BinaryIO

import pytest

from chain_adapter.digest import digest_of
from portal.verification.further import further_checks
from tests.timestamping.certificate.office import CHECK, Bureau
from tests.timestamping.evidence import repack
from timestamping.certificate import record_document, write_manifest
from timestamping.filelist import FileList, ListedFile
from timestamping.letter import Item, issue_letter
from timestamping.package import PackageParts, build_package, verify_package


@pytest.fixture(scope="module")
def package(bureau: Bureau) -> bytes:
    """A certificate as the portal deposits it, with its files."""
    data = bureau.data()
    files = {
        "certificate.pdf": bureau.sign(data),
        "certificate.json": record_document(data),
        "check.json": CHECK,
        "subject/package.zip": bureau.package,
    }
    rows = [ListedFile(n, len(f), hashlib.sha256(f).hexdigest()) for n, f in files.items()]
    manifest = write_manifest(data, rows)
    deposit = bureau.house.deposit(manifest, name=data.number, number="NC20261121-AAAABBBB")
    item = Item(data.number, (digest_of(manifest), digest_of(manifest, "sm3")), size=len(manifest))
    deposit = dataclasses.replace(deposit, items=(item,), files=FileList.decode(manifest))

    def opened(file: ListedFile) -> BinaryIO:
        return io.BytesIO(files[file.path])

    out = io.BytesIO()
    parts = PackageParts(deposit, issue_letter(deposit, bureau.sealer), folder=opened)
    build_package(parts, out)
    return out.getvalue()


def judged(bureau: Bureau, package: bytes, folder: Path) -> dict[int, str]:
    path = folder / "certificate.zip"
    path.write_bytes(package)
    report = verify_package(path, trust=bureau.trust, more=further_checks)
    return {check.number: str(check.outcome) for check in report.checks}


def test_package_letter_and_certificate_all_hold(
    bureau: Bureau, package: bytes, tmp_path: Path
) -> None:
    found = judged(bureau, package, tmp_path)
    assert set(found.values()) == {"pass"}
    assert set(range(91, 110)) <= set(found)


def test_an_exchanged_certificate_is_named(bureau: Bureau, package: bytes, tmp_path: Path) -> None:
    """Whoever makes manifest and package fit again still meets the list that was deposited."""
    other = bureau.sign(bureau.data(copies=9))
    found = judged(bureau, repack(package, {"files/certificate.pdf": other}), tmp_path)
    assert {number for number, outcome in found.items() if outcome == "fail"} == {21, 106}


@pytest.mark.judge
def test_every_command_of_the_guide_succeeds(package: bytes, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        archive.extractall(tmp_path)  # our own package
    guide = (tmp_path / "VERIFY.md").read_text()
    blocks = re.findall(r"^```bash\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(blocks)],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "FILE": "files/check.json"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    for line in ("record: OK", "check: OK", "subject: OK", "notary.pem: OK", "files: OK"):
        assert line in done.stdout
    assert done.stdout.count("Signature is Valid") >= 3  # notary, seal; the letter's own
