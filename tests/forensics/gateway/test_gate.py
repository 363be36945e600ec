"""The gate: open only while somebody says so again and again."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from forensics.gateway.gate import STALE, Gate


def test_open_while_it_says_so(tmp_path: Path) -> None:
    path = tmp_path / "gate"
    path.write_bytes(b"1\n")
    assert Gate(path)


@pytest.mark.parametrize("content", [b"0", b"", b"true", b" 1"])
def test_anything_else_is_closed(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "gate"
    path.write_bytes(content)
    assert not Gate(path)


@pytest.mark.parametrize("age", [STALE + 0.5, 3600, -3600])
def test_a_gate_nobody_keeps_is_closed(tmp_path: Path, age: float) -> None:
    path = tmp_path / "gate"
    path.write_bytes(b"1")
    then = time.time() - age
    os.utime(path, (then, then))
    assert not Gate(path)


def test_no_gate_is_a_closed_one(tmp_path: Path) -> None:
    assert not Gate(tmp_path / "nothing")


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"1")
    (tmp_path / "gate").symlink_to(tmp_path / "elsewhere")
    assert not Gate(tmp_path / "gate")


def test_closing_is_noticed_at_once(tmp_path: Path) -> None:
    path = tmp_path / "gate"
    path.write_bytes(b"1")
    gate = Gate(path)
    assert gate
    path.write_bytes(b"0")
    time.sleep(0.1)
    assert not gate
