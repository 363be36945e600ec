"""The exported log: harmless in a spreadsheet, and verifiable by an outsider without our code."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.audit.actor import Actor
from portal.audit.custody import Custody
from portal.audit.service import record
from portal.deposits.tools import Tools
from tests.portal.audit.conftest import AUDITOR, settle

SCRIPT = Path(__file__).parents[3] / "docs" / "verify_custody_log.py"
Line = dict[str, object]


@pytest.fixture
def lines(custody: Custody, tools: Tools) -> list[bytes]:
    """An exported log with two anchors, and every odd character in it."""
    odd = Actor("9", 'Ünï 中文 \u2028\u2029\x7f🎐\\"\n</script>', frozenset({"depositor"}), "::1")
    for turn in range(2):
        with tools.database.transaction() as session:
            detail: dict[str, str | int] = {"what": "é\x01\x1f\b\f", "turn": turn, "zero": 0}
            record(session, odd, "deposit.exported", "deposit:1", detail)
        custody.anchoring.ask(AUDITOR)
        settle(custody)
    return b"".join(custody.export(AUDITOR, "jsonl")).splitlines(keepends=True)


def judge(lines: list[bytes], folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """What the script says, without our packages on its path."""
    file = folder / "custody-log.jsonl"
    file.write_bytes(b"".join(lines))
    return subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), str(file), *more],
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_outsider_verifies_it_with_the_standard_library(
    lines: list[bytes], tmp_path: Path
) -> None:
    done = judge(lines, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 anchors fit it" in done.stdout


def test_the_rest_is_verified_with_openssl(
    lines: list[bytes], tools: Tools, tmp_path: Path
) -> None:
    judge(lines, tmp_path, "--extract", str(tmp_path / "parts"))
    root = tmp_path / "root.pem"
    root.write_text(ssl.DER_cert_to_PEM_cert(tools.pki.root))
    folders = list((tmp_path / "parts").iterdir())
    assert len(folders) == 2
    for folder in folders:
        command = ["openssl", "ts", "-verify", "-data", "head.json", "-in", "token.tsr"]
        done = subprocess.run(
            [*command, "-CAfile", str(root)], cwd=folder, capture_output=True, text=True
        )
        assert "Verification: OK" in done.stdout, done.stderr
        entry = json.loads((folder / "entry.json").read_text())
        head = (folder / "head.json").read_bytes()
        assert entry["digests"]["sha256"] == hashlib.sha256(head).hexdigest()
        assert (folder / "checkpoint").read_text().startswith(tools.ledger.id + "\n")


def change(lines: list[bytes], number: int, edit: Callable[[Line], None]) -> None:
    value = json.loads(lines[number])
    edit(value)
    lines[number] = json.dumps(value, ensure_ascii=False).encode() + b"\n"


def _rename(line: Line) -> None:
    line["entry"]["actor_name"] = "Somebody Else"  # type: ignore[index]


def _reseal(line: Line) -> None:
    """Change an entry so that it hashes to its own hash again."""
    entry = line["entry"]
    assert isinstance(entry, dict)
    entry["actor_name"] = "Somebody Else"
    body = {name: value for name, value in entry.items() if name != "hash"}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    entry["hash"] = hashlib.sha256(b"notary/audit/v1\n" + text.encode()).hexdigest()


def _other_head(line: Line) -> None:
    head = json.loads(str(line["head"]))
    line["head"] = json.dumps(head | {"hash": "0" * 64}, sort_keys=True, separators=(",", ":"))


@pytest.mark.parametrize(
    ("number", "edit", "step"),
    [
        (1, _rename, "3:"),
        (1, _reseal, "2:"),
        (0, lambda line: line.update(size=1), "4:"),
        (0, lambda line: line.update(kind="entry"), "1:"),
        (-1, _other_head, "5:"),
        (-1, lambda line: line.update(entry="{}"), ""),
        (-1, lambda line: line.update(tokens=["MAA="]), ""),
        (-1, lambda line: line.update(entry=str(line["entry"]).replace('"by"', '"By"')), "7:"),
        (-1, lambda line: line.update(id="x"), "6:"),
        (-1, lambda line: line.update(proof=str(line["proof"]).replace("index ", "index 9")), ""),
    ],
)
def test_whatever_is_changed_is_refused_by_its_step(
    lines: list[bytes], tmp_path: Path, number: int, edit: Callable[[Line], None], step: str
) -> None:
    change(lines, number, edit)
    done = judge(lines, tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith(f"REFUSED: {step}")


def test_a_missing_entry_is_refused(lines: list[bytes], tmp_path: Path) -> None:
    del lines[2]
    assert "REFUSED: 2: entry 2 is missing" in judge(lines, tmp_path).stdout


def test_anchors_of_one_another_are_refused(lines: list[bytes], tmp_path: Path) -> None:
    first, second = (json.loads(line) for line in lines[-2:])
    for name in ("entry", "receipt", "proof", "tokens"):
        second[name] = first[name]
    lines[-1] = json.dumps(second).encode() + b"\n"
    assert "REFUSED: 6:" in judge(lines, tmp_path).stdout


def test_what_is_no_export_cannot_be_read(tmp_path: Path) -> None:
    assert judge([b"no json"], tmp_path).returncode == 2


def test_taking_it_away_is_its_last_entry(lines: list[bytes]) -> None:
    entries = [json.loads(line)["entry"] for line in lines if b'"kind":"entry"' in line]
    assert entries[-1]["action"] == "audit.exported"
    assert json.loads(lines[0])["size"] == len(entries)


def test_the_table_of_the_log_disarms_names(custody: Custody, tools: Tools) -> None:
    with tools.database.transaction() as session:
        record(session, Actor("9", '=cmd|"/c calc"!A1'), "x", "y", {"what": "=1+1"})
    text = b"".join(custody.export(AUDITOR, "csv")).decode("utf-8-sig")
    row = next(each for each in csv.DictReader(io.StringIO(text)) if each["who (id)"] == "9")
    assert row["who"] == '\'=cmd|"/c calc"!A1'
    assert row["details"] == "what: =1+1"
