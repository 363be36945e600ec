"""VERIFY.md is run, not admired: its commands, by bash, in the unpacked package."""

from __future__ import annotations

import io
import os
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.timestamping.evidence import CONTENT, flipped
from timestamping.letter import LetterData
from timestamping.package import PackageParts, build_package

pytestmark = pytest.mark.judge


def commands(guide: str) -> list[str]:
    return re.findall(r"^```bash\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)


def unpack(package: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        archive.extractall(folder)  # our own package
    return folder


def run(folder: Path, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **variables},
        capture_output=True,
        text=True,
    )


def test_every_command_succeeds(package: bytes, tmp_path: Path) -> None:
    folder = unpack(package, tmp_path)
    blocks = commands((folder / "VERIFY.md").read_text())
    assert len(blocks) == 7
    done = run(folder, "\n".join(blocks))
    assert done.returncode == 0, done.stderr
    assert "files/合同 contract.pdf: OK" in done.stdout
    assert "SM3: OK" in done.stdout
    assert done.stdout.count("Verification: OK") == 2  # token and co-stamp
    assert done.stdout.count("Time stamp: ") == 2
    assert "entry: OK" in done.stdout
    assert "receipt: OK" in done.stdout
    assert "Signature is Valid" in done.stdout
    assert "trust/seal.pem: OK" in done.stdout
    assert "sha256 Fingerprint=" in done.stdout


def test_without_the_original_the_reader_says_which_file(
    deposit: LetterData, letter: bytes, tmp_path: Path
) -> None:
    out = io.BytesIO()
    build_package(PackageParts(deposit, letter), out)
    folder = unpack(out.getvalue(), tmp_path / "package")
    held = tmp_path / "held by the reader.pdf"
    held.write_bytes(CONTENT)
    script = "\n".join(commands((folder / "VERIFY.md").read_text()))
    assert run(folder, script, FILE=str(held)).returncode == 0
    held.write_bytes(CONTENT + b"!")
    assert run(folder, script, FILE=str(held)).returncode != 0


@pytest.mark.parametrize(
    ("member", "at", "block"),
    [
        ("files/合同 contract.pdf", 3, 1),
        ("token.tsr", -20, 2),
        ("token-2.tsr", -20, 2),
        ("ledger/entry.json", 60, 4),
        ("trust/seal.pem", 200, 5),
    ],
)
def test_a_changed_byte_fails_the_command_for_it(
    package: bytes, tmp_path: Path, member: str, at: int, block: int
) -> None:
    folder = unpack(package, tmp_path)
    path = folder / member
    data = path.read_bytes()
    path.write_bytes(flipped(data, at % len(data)))
    blocks = commands((folder / "VERIFY.md").read_text())
    assert run(folder, f"{blocks[0]}\n{blocks[block]}").returncode != 0


def test_it_is_in_both_languages_and_names_the_letter(package: bytes, deposit: LetterData) -> None:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        guide = archive.read("VERIFY.md").decode()
    assert deposit.number in guide
    assert "如何核验 · How to verify" in guide
    assert not re.search(r"<[a-z-]+>", guide)
