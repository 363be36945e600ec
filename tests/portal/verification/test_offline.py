"""``python -m portal.verification``: exit codes, words, and that it needs only the evidence."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from portal.verification.offline import main, plain
from portal.verification.software import software
from portal.verification.words import ANCHORS, COMPARE, GIVEN, TITLES
from tests.timestamping.evidence import CONTENT, flipped, repack
from timestamping.letter import LetterData
from timestamping.package import verify_package

ROOT = Path(__file__).parents[3]


@pytest.fixture
def held(tmp_path: Path) -> Path:
    path = tmp_path / "held.pdf"
    path.write_bytes(CONTENT)
    return path


def test_verified(package_file: Path, held: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(package_file), str(held)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["证明包与所出具的一致。", "The proof package matches what was issued."]
    assert said[2].startswith("核验通过：")
    assert said[3].startswith("Verified: the file is the one deposited")
    own = [line for line in said if re.match(r"  ✓ +\d+ ", line)]
    assert len(own) == 20
    assert sum(line.startswith("✓ ") for line in said) == 4
    assert any(re.match(r"  ✓ 7\.18 ", line) or "7.17" in line for line in said)
    assert said[-1] == str(software())
    assert COMPARE[0] in said
    assert COMPARE[1] in said


def test_a_terminal_that_knows_no_chinese_changes_no_verdict(package_file: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "portal.verification", str(package_file)],
        cwd=ROOT,
        env={"PYTHONIOENCODING": "ascii", "PATH": "/usr/bin"},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr


def test_a_name_that_is_no_utf_8_is_a_file_that_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "\udcff.zip"), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["result"] == "undecided"


def test_a_fault_of_the_verifier_is_never_a_refusal(
    package_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("portal.verification.offline.examine", broken)
    assert main([str(package_file)]) == 2
    assert "verifier itself failed: ZeroDivisionError" in capsys.readouterr().err


def test_one_flipped_bit_of_the_file_is_refused(
    package_file: Path, held: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held.write_bytes(flipped(CONTENT, 7))
    assert main([str(package_file), str(held), "--lang", "en"]) == 1
    said = capsys.readouterr().out
    assert said.startswith(
        "The proof package does not match what was issued.\nRefused: check 12 (f"
    )
    assert "held.pdf is not the file deposited" in said
    assert "✗ 12 The file is the one deposited" in said
    assert "核验" not in said


def test_a_swapped_file_is_refused(
    package: bytes, package_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package_file.write_bytes(repack(package, {"files/合同 contract.pdf": b"!"}))
    assert main([str(package_file), "--lang", "zh"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["证明包与所出具的不一致。", "核验不通过：第 12 项（file）不符。"]


def test_a_letter_alone(
    letter: bytes, held: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "letter.pdf"
    path.write_bytes(letter)
    assert main([str(path), str(held)]) == 0
    path.write_bytes(flipped(letter, len(letter) // 2))
    assert main([str(path), str(held)]) != 0
    assert "letter-" in capsys.readouterr().out


@pytest.mark.parametrize("data", [None, b"", b"hello", b"%PDF-1.7\n"])
def test_what_is_no_package_cannot_be_decided(
    data: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "thing"
    if data is not None:
        path.write_bytes(data)
    assert main([str(path)]) == 2
    said = capsys.readouterr().out
    assert "无法判定" in said
    assert "Verified" not in said


def test_json(package_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(package_file), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["result"] == "verified"
    assert document["file_compared"] is True
    assert document["anchors_given"] is False


def test_given_trust(
    package_file: Path, deposit: LetterData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "trust"
    folder.mkdir()
    for name, data in deposit.trust.files().items():
        (folder / name).write_bytes(data)
    assert main([str(package_file), "--trust", str(folder)]) == 0
    assert GIVEN[1] in capsys.readouterr().out
    assert main([str(package_file), "--trust", str(tmp_path / "nowhere")]) == 2
    assert "not a folder" in capsys.readouterr().err


def test_no_anchors_given_is_not_verified(
    package_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert main([str(package_file), "--trust", str(empty)]) == 2
    assert "Cannot be decided" in capsys.readouterr().out


def test_bad_usage_is_undecided_too() -> None:
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2


def test_strangers_cannot_steer_the_terminal(
    package_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = tmp_path / "\x1b[31mred\u202e"
    name.write_bytes(b"!")
    assert main([str(package_file), str(name)]) == 1
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "\\u{1b}[31mred\\u{202e}" in said
    assert plain("正常 text") == "正常 text"


def test_every_check_and_anchor_has_chinese_words(package_file: Path) -> None:
    report = verify_package(package_file)
    assert {check.code for check in report.checks} | {"file-absent"} <= set(TITLES)
    assert {anchor.kind for anchor in report.anchors} <= set(ANCHORS)


def test_it_runs_alone_without_web_framework_database_or_network(
    package_file: Path, held: Path, tmp_path: Path
) -> None:
    """From another folder, in a fresh process where these modules and sockets cannot be had."""
    program = """
import socket, sys
sys.path.insert(0, sys.argv.pop(1))
for name in ("flask", "sqlalchemy", "werkzeug", "huey", "requests", "urllib3"):
    sys.modules[name] = None
def refuse(*_, **__):
    raise AssertionError("the network was asked for")
socket.socket.connect = socket.getaddrinfo = refuse
from portal.verification.offline import main
sys.exit(main(sys.argv[1:]))
"""
    run = subprocess.run(
        [sys.executable, "-c", program, str(ROOT), str(package_file), str(held)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""


def test_the_module_is_a_command(package_file: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "portal.verification", str(package_file), "--lang", "en"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0
    assert run.stdout.startswith("The proof package matches what was issued.\nVerified")
