"""Chained logs: what was written is read, and no byte can be changed unnoticed."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.chained import GENESIS, MAX_LINE, ChainedLog, read_lines
from forensics.errors import InvalidEvidence
from forensics.events import RESERVED, EventLog, read_events
from tests.effort import examples

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_WHOLE = st.integers(-(2**53) + 1, 2**53 - 1)
_VALUE = st.recursive(
    st.none() | st.booleans() | _WHOLE | st.floats(-1e15, 1e15) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)
_FIELDS = st.dictionaries(_TEXT, _VALUE, max_size=4)


def written(folder: Path, lines: list[dict[str, object]]) -> tuple[bytes, str]:
    path = folder / "log.jsonl"
    path.unlink(missing_ok=True)
    with ChainedLog(path) as log:
        for fields in lines:
            log.append(fields)
        return path.read_bytes(), log.head


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


@given(lines=st.lists(_FIELDS, max_size=5))
@settings(deadline=None)
def test_what_is_written_is_read(folder: Path, lines: list[dict[str, object]]) -> None:
    data, head = written(folder, lines)
    found = list(read_lines(io.BytesIO(data), "log"))
    assert [line.number for line in found] == list(range(1, len(lines) + 1))
    assert (found[-1].sha256 if found else GENESIS) == head
    for line, fields in zip(found, lines, strict=True):
        assert {**line.value} == {**fields, "prev": line.prev}


@given(
    lines=st.lists(_FIELDS, min_size=2, max_size=4),
    at=st.floats(0, 1, exclude_max=True),
    mask=st.integers(1, 255),
)
@settings(deadline=None)
def test_no_byte_can_be_changed(
    folder: Path, lines: list[dict[str, object]], at: float, mask: int
) -> None:
    data, head = written(folder, lines)
    changed = bytearray(data)
    changed[int(at * len(data))] ^= mask
    require_seen(bytes(changed), head)


@given(lines=st.lists(_FIELDS, min_size=2, max_size=4), cut=st.floats(0, 1, exclude_max=True))
@settings(deadline=None)
def test_no_end_can_be_cut_off(folder: Path, lines: list[dict[str, object]], cut: float) -> None:
    data, head = written(folder, lines)
    require_seen(data[: int(cut * len(data))], head)


def require_seen(data: bytes, head: str) -> None:
    try:
        found = [line.sha256 for line in read_lines(io.BytesIO(data), "log")]
    except InvalidEvidence:
        return
    assert (found or [GENESIS])[-1] != head


@given(st.binary(max_size=200))
@settings(max_examples=examples(200))
def test_anything_else_is_refused_in_one_way(data: bytes) -> None:
    if data:
        with pytest.raises(InvalidEvidence, match="log: line 1 "):
            list(read_lines(io.BytesIO(data), "log"))


def test_a_line_never_finished_is_cut_off_when_the_log_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with ChainedLog(path) as log:
        log.append({"a": 1})
        head = log.head
    with path.open("ab") as file:
        file.write(b'{"b":2,"prev":"')
    with ChainedLog(path) as log:
        assert (log.head, log.count) == (head, 1)
        log.append({"c": 3})
    with path.open("rb") as stream:
        assert [line.value.get("c") for line in read_lines(stream, "log")] == [None, 3]


def test_a_log_that_was_changed_is_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with ChainedLog(path) as log:
        log.append({"a": 1})
        log.append({"a": 2})
    path.write_bytes(path.read_bytes().replace(b'"a":1', b'"a":7'))
    with pytest.raises(InvalidEvidence, match="line 2 does not follow line 1"):
        ChainedLog(path)


def test_a_symbolic_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        ChainedLog(tmp_path / "log.jsonl")
    assert not (tmp_path / "elsewhere").exists()


def test_a_full_disk_leaves_the_log_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.jsonl"
    with ChainedLog(path) as log:
        log.append({"a": 1})
        before, head = path.read_bytes(), log.head
        whole = os.pwrite

        def half(file: int, data: bytes, offset: int) -> int:
            whole(file, bytes(data[: len(data) // 2]), offset)
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "pwrite", half)
        with pytest.raises(OSError, match="space"):
            log.append({"a": 2})
        monkeypatch.undo()
        assert (path.read_bytes(), log.head) == (before, head)
        log.append({"a": 3})


def test_a_number_that_would_not_be_read_back_is_not_written(tmp_path: Path) -> None:
    with ChainedLog(tmp_path / "log.jsonl") as log:
        with pytest.raises(ValueError, match="safe integer"):
            log.append({"a": 2.0**53})
        assert log.count == 0


def test_a_line_has_a_bound(tmp_path: Path) -> None:
    with ChainedLog(tmp_path / "log.jsonl") as log, pytest.raises(ValueError, match="at most"):
        log.append({"a": "x" * MAX_LINE})


_LOOSE = _VALUE | st.binary(max_size=3) | st.integers() | st.text(max_size=5) | st.floats()


_NAMES = _TEXT.filter(lambda name: name not in RESERVED)


@given(fields=st.dictionaries(_NAMES, _LOOSE, max_size=4))
@settings(deadline=None, max_examples=examples(50))
def test_events_take_whatever_is_said(folder: Path, fields: dict[str, object]) -> None:
    path = folder / "events.jsonl"
    path.unlink(missing_ok=True)
    log = EventLog(path)
    log.emit("mark", fields)
    log.close()
    with path.open("rb") as stream:
        (event,) = read_events(stream)
    assert (event.n, event.kind) == (1, "mark")
    assert event.fields.keys() == {str(name) for name in fields}


@pytest.mark.parametrize("kind", ["", "Mark", "a-b", "x" * 60])
def test_an_event_has_a_kind(tmp_path: Path, kind: str) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    with pytest.raises(ValueError, match="no kind"):
        log.emit(kind)
    with pytest.raises(ValueError, match="reserved"):
        log.emit("mark", {"prev": "x"})
    log.close()
