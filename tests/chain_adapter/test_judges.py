"""Independent implementations judge the log: Go's x/mod/sumdb and aics-tlog.

Both read the exported tiles, verify the checkpoint, prove and check 1,000 random leaves and all
pairs of sizes up to 300, and check proofs that the log itself has made. Then they are shown a log
with one bit changed and must refuse it.
"""

from __future__ import annotations

import base64
import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from chain_adapter.tlog import TlogLedger, export_tiles
from chain_adapter.tlog.sequencer import Item

ROOT = Path(__file__).parents[2]
GO_PATH = Path("/usr/share/gocode")
SUMDB = GO_PATH / "src/golang.org/x/mod/sumdb"
AICS = ROOT / ".judges/aics/bin/python"
SIZE = 66_000

pytestmark = [pytest.mark.judge, pytest.mark.xdist_group("judges")]

Judge = Callable[..., "subprocess.CompletedProcess[str]"]


class Exported(NamedTuple):
    folder: Path
    proofs: Path


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """A log of three tile levels as static files, and a file of its own proofs."""
    base = tmp_path_factory.mktemp("judged")
    with TlogLedger(base / "ledger", origin="notary.example/judged") as ledger:
        for start in range(0, SIZE, 3_000):
            end = start + 3_000
            ledger._writer.submit([Item(f"k:{n}", b"entry %d" % n) for n in range(start, end)])
        assert export_tiles(ledger, base / "tiles") == SIZE
        lines = (json.dumps(each) for each in proofs_of(ledger))
        (base / "proofs").write_text("".join(line + "\n" for line in lines))
    return Exported(base / "tiles", base / "proofs")


def proofs_of(ledger: TlogLedger) -> Iterable[dict[str, object]]:
    def written(path: Iterable[bytes]) -> list[str]:
        return [base64.b64encode(each).decode() for each in path]

    for index in random.sample(range(SIZE), 1000):
        path = ledger.prove_at(index, SIZE).path
        yield {"index": index, "size": SIZE, "path": written(path)}
    for new in range(1, 301):
        for old in range(1, new + 1):
            yield {"old": old, "new": new, "path": written(ledger.consistency(old, new))}
    for old in random.sample(range(1, SIZE), 40):
        yield {"old": old, "new": SIZE, "path": written(ledger.consistency(old, SIZE))}


@pytest.fixture(scope="module")
def sumdb(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    if shutil.which("go") is None or not SUMDB.is_dir():
        pytest.skip("Go or golang-golang-x-mod-dev is not installed")
    base = tmp_path_factory.mktemp("go")
    environment = os.environ | {
        "GO111MODULE": "off",
        "GOPATH": str(GO_PATH),
        "GOCACHE": str(base / "cache"),
        "GOFLAGS": "",
    }
    program = base / "sumdb"
    source = ROOT / "scripts/judges/sumdb/main.go"
    subprocess.run(["go", "build", "-o", program, source], env=environment, check=True)
    return lambda *arguments: subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def aics() -> Judge:
    if not AICS.exists():
        pytest.skip("aics-tlog is not installed; scripts/judges/setup_aics.sh does it")
    script = ROOT / "scripts/judges/aics_judge.py"
    return lambda *arguments: subprocess.run(
        [AICS, script, *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture(params=["sumdb", "aics"])
def judge(request: pytest.FixtureRequest) -> Judge:
    chosen: Judge = request.getfixturevalue(request.param)
    return chosen


def test_an_honest_log_is_accepted(judge: Judge, exported: Exported) -> None:
    done = judge(*exported)
    assert done.returncode == 0, done.stderr
    assert f"checkpoint of {SIZE} entries" in done.stdout
    assert "1000 random leaves" in done.stdout
    assert "45150 pairs of sizes" in done.stdout
    assert "46190 proofs of the log" in done.stdout


def test_a_changed_checkpoint_is_refused(judge: Judge, exported: Exported, tmp_path: Path) -> None:
    copy = copied(exported, tmp_path)
    note = (copy / "checkpoint").read_text()
    (copy / "checkpoint").write_text(note.replace(f"\n{SIZE}\n", f"\n{SIZE - 1}\n"))
    assert judge(copy).returncode == 1


def test_a_changed_tile_is_refused(judge: Judge, exported: Exported, tmp_path: Path) -> None:
    copy = copied(exported, tmp_path)
    flip(copy / "tile/1/000", place=100)
    assert judge(copy).returncode == 1


def test_a_changed_proof_is_refused(judge: Judge, exported: Exported, tmp_path: Path) -> None:
    lines = exported.proofs.read_text().splitlines()
    proof = json.loads(lines[0])
    proof["index"] = (proof["index"] + 1) % SIZE
    changed = tmp_path / "proofs"
    changed.write_text(json.dumps(proof) + "\n")
    assert judge(exported.folder, changed).returncode == 1


def copied(exported: Exported, base: Path) -> Path:
    return Path(shutil.copytree(exported.folder, base / "copy"))


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
