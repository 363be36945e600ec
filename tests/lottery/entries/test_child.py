"""The process that reads lists: its lines, its errors, and what is left of it when it is killed."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from lottery.entries import Layout, ListFolder, Rules, Survey, commit
from tests.effort import some
from tests.lottery.entries.conftest import DRAW, KEYS, Written

CHECKOUT = Path(__file__).resolve().parents[3]
LAYOUT = Layout("id", ("name",))
RULES = Rules(("A",))


def task(path: Path, folder: Path) -> dict[str, Any]:
    keys = {name: getattr(KEYS, name).hex() for name in ("organiser", "notary", "salt", "lookup")}
    return {
        "path": str(path),
        "layout": LAYOUT.document(),
        "rules": RULES.document(),
        "keys": keys,
        "draw": DRAW,
        "folder": str(folder),
    }


def start(what: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "lottery.entries", what],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=CHECKOUT,
    )


def said(what: str, line: dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
    child = start(what)
    out, _ = child.communicate(json.dumps(line).encode() + b"\n", timeout=240)
    return child.returncode, [json.loads(each) for each in out.splitlines()]


def entries(count: int) -> str:
    return "id,name\n" + "".join(f"{number},张{number % 10}\n" for number in range(count))


def test_a_survey_in_its_own_process(written: Written, tmp_path: Path) -> None:
    path = written(entries(500) + "\n7,again\n")
    status, lines = said("survey", task(path, tmp_path / "x") | {"layout": None, "keys": None})
    assert status == 0
    assert lines[0]["progress"]["stage"] == "read"
    assert all("progress" in line for line in lines[:-1])
    found = Survey.of(lines[-1]["result"])
    assert (found.rows, found.guess) == (501, Layout("id"))
    assert [(one.row, one.first_row) for one in found.duplicates] == [(503, 9)]


def test_a_commitment_in_its_own_process_is_the_same(written: Written, tmp_path: Path) -> None:
    path = written(entries(700))
    status, lines = said("commit", task(path, tmp_path / "list"))
    assert status == 0
    assert lines[-1]["result"] == commit(path, LAYOUT, RULES, KEYS, DRAW, tmp_path / "own")
    assert ListFolder.open(tmp_path / "list").receipt(699)["fields"] == ["A", "1", "张9"]
    assert (tmp_path / "list" / "secret.json").stat().st_mode & 0o777 == 0o600


def test_errors_have_a_code_and_a_sentence(written: Written, tmp_path: Path) -> None:
    status, lines = said("commit", task(written("id,name\n1,a\n,b\n"), tmp_path / "list"))
    error = lines[-1]["error"]
    assert (status, error["code"], error["count"]) == (1, "bad-entries", 1)
    assert error["problems"][0]["row"] == 3
    status, lines = said("commit", task(written("id,name\n1,a\n1,b\n"), tmp_path / "list"))
    assert (status, lines[-1]["error"]["code"]) == (1, "duplicates")
    status, lines = said("survey", task(tmp_path / "nowhere", tmp_path / "list"))
    assert (status, lines[-1]["error"]["code"]) == (1, "unreadable")
    assert "nowhere" not in lines[-1]["error"]["text"]


def test_no_key_stands_in_the_process_list(written: Written, tmp_path: Path) -> None:
    child = start("commit")
    try:
        assert child.stdin is not None
        child.stdin.write(
            json.dumps(task(written(entries(10)), tmp_path / "list")).encode() + b"\n"
        )
        child.stdin.flush()
        shown = Path(f"/proc/{child.pid}/cmdline").read_bytes()
        shown += Path(f"/proc/{child.pid}/environ").read_bytes()
        assert KEYS.salt.hex().encode() not in shown
    finally:
        child.communicate(timeout=240)


@pytest.mark.fault
@pytest.mark.parametrize("kills", some([3, 20], [3]))
def test_killed_at_any_moment_it_leaves_the_old_list_or_the_new(
    written: Written, tmp_path: Path, kills: int
) -> None:
    path, folder = written(entries(200_000)), tmp_path / "lists" / "list"
    before = commit(written(entries(10), name="old.csv"), LAYOUT, RULES, KEYS, DRAW, folder)
    started = time.monotonic()
    status, lines = said("commit", task(path, tmp_path / "whole"))
    whole, after = time.monotonic() - started, lines[-1]["result"]
    assert status == 0
    chance = random.Random(5)  # noqa: S311
    killed = 0
    for _ in range(10 * kills):
        if killed == kills:
            break
        child = start("commit")
        assert child.stdin is not None
        child.stdin.write(json.dumps(task(path, folder)).encode() + b"\n")
        child.stdin.flush()
        time.sleep(whole * (0.3 + 0.7 * chance.random()))
        child.send_signal(signal.SIGKILL)
        out, _ = child.communicate(timeout=60)
        if child.returncode == -signal.SIGKILL:
            killed += 1
        else:  # quicker than the first one was
            whole *= 0.8
        document = ListFolder.open(folder).document
        assert document in (before, after)
        if b'"result"' in out:
            assert document == after
    assert killed == kills
    status, _ = said("commit", task(path, folder))
    assert status == 0
    assert ListFolder.open(folder).document == after
    assert [each.name for each in folder.parent.iterdir()] == ["list"]
