"""The verifier by itself: one file in an empty folder, and Python."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from lottery import verifier
from tests.lottery.building import Draw, chain, draw

Run = Callable[..., subprocess.CompletedProcess[str]]


@cache
def made() -> Draw:
    return draw(public=("drand",), sample=2)


@pytest.fixture
def alone(tmp_path: Path) -> Run:
    """Runs the copied file without site-packages, where py_ecc would be."""
    shutil.copy(verifier.__file__, tmp_path / "verifier.py")
    (tmp_path / "transcript.json").write_bytes(made().transcript())
    (tmp_path / "leaves.bin").write_bytes(b"".join(made().plan.leaves()))
    pinned = {**chain().document([])}
    del pinned["rounds"]
    (tmp_path / "chain.json").write_text(json.dumps(pinned))

    def run(*arguments: str, site: bool = False) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", *([] if site else ["-S"]), "verifier.py", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    return run


def test_all_but_the_beacons_signature(alone: Run) -> None:
    done = alone("transcript.json", "leaves.bin", "--chain", "chain.json")
    assert done.returncode == 2, done.stderr
    assert "14 beacon_signature  undecided: cannot be decided here: py_ecc" in done.stdout
    assert "22 leaves            passed" in done.stdout
    assert done.stdout.count("undecided") == 1
    assert "Verified except what could not be decided here" in done.stdout


def test_with_the_library_all_is_decided(alone: Run) -> None:
    done = alone("transcript.json", "--chain", "chain.json", "--json", site=True)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["outcome"] == "verified"
    assert report["head"] == hashlib.sha256(made().steps[-1]).hexdigest()
    assert [each["key"] for each in report["checks"]] == [key for key, _, _ in verifier.CHECKS]


def test_refusals(alone: Run, tmp_path: Path) -> None:
    done = alone("transcript.json")
    assert (done.returncode, "13 beacon            failed" in done.stdout) == (1, True)
    assert "NOT VERIFIED" in done.stdout
    bent = (tmp_path / "transcript.json").read_bytes().replace(b'"places":3', b'"places":4')
    (tmp_path / "bent.json").write_bytes(bent)
    done = alone("bent.json", "--chain", "chain.json")
    assert done.returncode == 1
    assert "16 winners           failed: stage 1 has 3 places" in done.stdout
    done = alone("transcript.json", "--chain", "chain.json", "--head", "ab" * 32)
    assert "2 chain             failed: the last step is not the one" in done.stdout


def test_what_cannot_be_read(alone: Run) -> None:
    assert alone("nothing.json").returncode == 2
    assert alone().returncode == 2
    assert alone("transcript.json", "--chain", "leaves.bin").returncode == 2


def test_it_imports_the_standard_library_alone() -> None:
    source = Path(verifier.__file__).read_text()
    assert "lottery." not in source.replace("lottery/", "")
    assert "chain_adapter" not in source
    assert "cryptography" not in source


def test_drands_own_words_for_a_chain(tmp_path: Path) -> None:
    path = tmp_path / "info.json"
    told = {
        "public_key": verifier.QUICKNET["public_key"],
        "period": 3,
        "genesis_time": 1692803367,
        "hash": verifier.QUICKNET["chain_hash"],
        "schemeID": "bls-unchained-g1-rfc9380",
        "metadata": {"beaconID": "quicknet"},
    }
    path.write_text(json.dumps(told))
    assert verifier.read_chain(path) == verifier.QUICKNET
