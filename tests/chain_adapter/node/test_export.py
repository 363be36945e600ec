"""What a court is given can be verified, and nothing in it can be changed unseen."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from chain_adapter import EntryKey, Fatal
from chain_adapter.node.config import read_config
from chain_adapter.node.export import check_export, export_node
from tests.chain_adapter.node.conftest import NodeHere
from tests.chain_adapter.node.serving import LogServer, Platform, forged


@pytest.fixture
def exported(node: NodeHere, log: LogServer, platform: Platform, tmp_path: Path) -> Path:
    log.append([platform.deposit("signed", depositor=EntryKey.generate())])
    assert node.add_checkpoint(log).status == 200
    log.append([platform.deposit("public", content=b"public"), platform.deposit("last")])
    assert node.add_checkpoint(log).status == 200
    node.submit(forged(log.submission(3), log.ledger, 3, bytes(32)))
    out = tmp_path / "out"
    assert export_node(read_config(node.folder), out) == 2
    return out


def test_everything_is_there_and_in_order(exported: Path, log: LogServer) -> None:
    found = list(check_export(exported))
    assert [line.split(",")[0] for line in found] == [
        "block 1: 1 entries of notary.example/ledger",
        "block 2: 3 entries of notary.example/ledger",
        "2 blocks are in order",
    ]
    (refusal,) = json.loads((exported / "logs/1/refusals.json").read_bytes())["refusals"]
    assert refusal["code"] == "fork"
    assert refusal["note"].startswith(log.ledger.id)
    assert "openssl ts -verify" in (exported / "VERIFY.md").read_text()


def test_openssl_verifies_the_tokens(exported: Path, platform: Platform) -> None:
    entry = json.loads((exported / "logs/1/entries/1.json").read_bytes())
    for arguments in (
        ["-data", exported / "blocks/2.json", "-in", exported / "blocks/2.tst"],
        ["-digest", entry["digests"]["sha256"], "-in", exported / "logs/1/entries/1.tst"],
    ):
        roots = platform.stamps.roots
        done = subprocess.run(
            ["openssl", "ts", "-verify", "-token_in", *arguments, "-CAfile", roots],
            capture_output=True,
            text=True,
        )
        assert "Verification: OK" in done.stdout + done.stderr


CHANGES = [
    ("blocks/1.json", b'"seq":1', b'"seq":2', "does not follow"),
    ("blocks/1.json", b'"time":"20', b'"time":"21', "block 2 does not follow"),
    ("blocks/1.json", b'"node":"node-a', b'"node":"node-b', "does not follow"),
    ("blocks/1.json", b'"seq":1', b'"seq": 1', "canonical"),
    ("blocks/2.json", b'"first":1', b'"first":2', "leaves entries out"),
    ("blocks/2.note", b"notary.example/ledger\n3\n", b"notary.example/ledger\n4\n", "another"),
    ("blocks/2.note", "— node-a.example ".encode(), "— node-c.example ".encode(), "0 sign"),
    ("logs/1/entries/0.json", b'"id":"signed"', b'"id":"sighed"', "root of block 1"),
    ("logs/1/entries/1.content", b"public", b"Public", "another digest"),
    ("logs/1/entries/0.depositor", b"", b"x", "is not that of"),
    ("logs/1/entries/2.tst", b"", b"x", "another's"),
]


def test_what_is_changed_is_found(exported: Path) -> None:
    for path, old, new, match in CHANGES:
        file = exported / path
        data = file.read_bytes()
        assert old in data
        file.write_bytes(data.replace(old, new, 1))
        with pytest.raises(ValueError, match=match):
            list(check_export(exported))
        file.write_bytes(data)
    assert len(list(check_export(exported))) == 3


def test_what_is_left_out_is_found(exported: Path, tmp_path: Path) -> None:
    (exported / "logs/1/entries/1.json").rename(tmp_path / "kept")
    with pytest.raises(OSError, match=r"1\.json"):
        list(check_export(exported))
    shutil.move(tmp_path / "kept", exported / "logs/1/entries/1.json")
    (exported / "blocks/1.json").write_bytes((exported / "blocks/2.json").read_bytes())
    with pytest.raises(ValueError, match="does not follow"):
        list(check_export(exported))


def test_nothing_is_overwritten(exported: Path, node: NodeHere) -> None:
    with pytest.raises(Fatal, match="exists already"):
        export_node(read_config(node.folder), exported)
