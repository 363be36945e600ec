"""The clock against the recording's first time-stamp, read from the session's own logs."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forensics.desktop import layout
from forensics.desktop.attested import attested
from forensics.desktop.layout import SessionFolder, session_folder

START = json.dumps({"type": "start", "at": "2026-11-20T03:00:00.100000Z"}).encode()
HEAD = hashlib.sha256(START).hexdigest()
TOKEN = {
    "kind": "token",
    "head": HEAD,
    "at": "2026-11-20T03:00:02.500000Z",
    "gen_time": "2026-11-20T03:00:01.250000+00:00",
    "tsa": "An authority",
}


@pytest.fixture
def folder(tmp_path: Path) -> SessionFolder:
    made = session_folder(tmp_path, "ab" * 16)
    (made.evidence / layout.CHAIN).parent.mkdir(parents=True)
    (made.evidence / layout.EVENTS).parent.mkdir(parents=True)
    return made


def lay(folder: SessionFolder, chain: bytes, *events: object) -> None:
    (folder.evidence / layout.CHAIN).write_bytes(chain)
    lines = b"".join(json.dumps(each).encode() + b"\n" for each in events)
    (folder.evidence / layout.EVENTS).write_bytes(lines)


def test_the_head_came_before_its_token_and_the_token_before_it_arrived(
    folder: SessionFolder,
) -> None:
    lay(folder, START + b"\n" + b'{"type":"segment"}\n', {"kind": "step"}, TOKEN)
    found = attested(folder)
    assert found is not None
    assert found.sent == datetime(2026, 11, 20, 3, 0, 0, 100_000, UTC)
    assert found.gen_time == datetime(2026, 11, 20, 3, 0, 1, 250_000, UTC)
    assert found.received == datetime(2026, 11, 20, 3, 0, 2, 500_000, UTC)
    assert found.authority == "An authority"


@pytest.mark.parametrize(
    ("chain", "events"),
    [
        (b"", [TOKEN]),
        (START, [TOKEN]),  # not yet a whole line
        (START + b"\n", []),
        (START + b"\n", [TOKEN | {"head": "00" * 32}]),
        (START + b"\n", [TOKEN | {"gen_time": "yesterday"}]),
        (START + b"\n", [TOKEN | {"gen_time": 5}]),
        (START + b"\n", ["token", [], 7]),
        (b"[" * 5000 + b"\n", [TOKEN]),
    ],
)
def test_without_such_a_token_nothing_is_known(
    folder: SessionFolder, chain: bytes, events: list[object]
) -> None:
    lay(folder, chain, *events)
    assert attested(folder) is None


def test_no_logs_and_links_are_nothing(folder: SessionFolder, tmp_path: Path) -> None:
    assert attested(folder) is None
    lay(folder, START + b"\n", TOKEN)
    moved = tmp_path / "elsewhere"
    (folder.evidence / layout.CHAIN).rename(moved)
    (folder.evidence / layout.CHAIN).symlink_to(moved)
    assert attested(folder) is None
