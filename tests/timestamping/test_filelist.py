"""The canonical list: one spelling, harmless paths, nothing lenient."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from timestamping.filelist import (
    MAX_FILES,
    MAX_PATH,
    BadList,
    FileList,
    ListedFile,
    check_path,
)

HEX = "ab" * 32
_NAME = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00/\\:"), min_size=1, max_size=20
).filter(lambda part: part not in {".", ".."})
_FILE = st.builds(
    ListedFile,
    st.lists(_NAME, min_size=1, max_size=4).map("/".join),
    st.integers(0, 2**53 - 1),
    st.binary(min_size=32, max_size=32).map(bytes.hex),
)


@given(st.lists(_FILE, min_size=1, max_size=20, unique_by=lambda each: each.path))
def test_what_is_written_is_read_whatever_the_order(files: list[ListedFile]) -> None:
    made = FileList.of(files)
    assert FileList.of(reversed(files)).encode() == made.encode()
    assert FileList.decode(made.encode()) == made
    paths = [each.path.encode() for each in made.files]
    assert paths == sorted(paths)


def test_the_bytes_are_those_the_module_states() -> None:
    files = FileList.of([ListedFile("b/合同.txt", 7, HEX, HEX), ListedFile("a", 0, HEX, HEX)])
    assert files.encode().decode() == (
        f'{{"files":[{{"path":"a","sha256":"{HEX}","size":0,"sm3":"{HEX}"}},'
        f'{{"path":"b/合同.txt","sha256":"{HEX}","size":7,"sm3":"{HEX}"}}],'
        f'"schema":"notary/files/v1"}}'
    )
    assert files.size == 7
    assert files.holding(HEX) == files.files[0]
    assert files.holding("0" * 64) is None


@pytest.mark.parametrize(
    "path",
    [
        *("", "/etc/passwd", "../a", "a/../b", "a//b", "a/", "./a", "a/.", "a\x00b", "a\ud800"),
        *("..\\a", "a\\..\\b", "\\\\host\\share", "C:\\a", "c:/a", "C:evil", "x" * (MAX_PATH + 1)),
    ],
)
def test_paths_that_lead_elsewhere_are_refused(path: str) -> None:
    with pytest.raises(BadList):
        check_path(path)
    with pytest.raises(BadList):
        FileList.of([ListedFile(path, 1, HEX)])


@pytest.mark.parametrize(
    "path", ["a", "..a", "a..", "a b/ c", "\u202e.txt", "e\u0301", "é", "a\\b", "…"]
)
def test_other_paths_are_kept_as_given(path: str) -> None:
    assert FileList.decode(FileList.of([ListedFile(path, 1, HEX)]).encode()).files[0].path == path


def _document(**changes: object) -> bytes:
    one = {"path": "a", "size": 1, "sha256": HEX}
    return rfc8785.dumps({"schema": "notary/files/v1", "files": [one], **changes})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[" * 100_000,
        b"[]",
        _document(schema="notary/files/v2"),
        _document(more=1),
        _document(files={}),
        _document(files=[]),
        _document(files=[[]]),
        _document(files=[{"path": "a", "size": 1}]),
        _document(files=[{"path": 1, "size": 1, "sha256": HEX}]),
        _document(files=[{"path": "a", "size": True, "sha256": HEX}]),
        _document(files=[{"path": "a", "size": -1, "sha256": HEX}]),
        _document(files=[{"path": "a", "size": 1, "sha256": HEX.upper()}]),
        _document(files=[{"path": "a", "size": 1, "sha256": HEX, "sm3": None}]),
        _document(files=[{"path": "../a", "size": 1, "sha256": HEX}]),
        _document(files=[{"path": "a", "size": 1, "sha256": HEX}] * 2),
        _document(
            files=[
                {"path": "b", "size": 1, "sha256": HEX},
                {"path": "a", "size": 1, "sha256": HEX},
            ]
        ),
        _document(
            files=[
                {"path": "a", "size": 1, "sha256": HEX},
                {"path": "b", "size": 1, "sha256": HEX, "sm3": HEX},
            ]
        ),
        json.dumps(json.loads(_document())).encode(),
    ],
)
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(BadList):
        FileList.decode(data)


def test_a_list_has_its_bounds() -> None:
    with pytest.raises(BadList, match="1 to 10000 files"):
        FileList.of(ListedFile(f"{n}", 1, HEX) for n in range(MAX_FILES + 1))
    with pytest.raises(BadList, match="bytes"):
        FileList.of(ListedFile("\x01" * 1000 + f"{n}", 1, HEX) for n in range(3000)).encode()


def capture(**changes: object) -> dict[str, object]:
    files = [
        {"path": "log/events.jsonl", "sha256": HEX, "size": 3, "origin": "keeper", "at": "…"},
        {"path": "recording/segment-000001.mp4", "sha256": HEX, "size": 9, "frames": 1.5},
    ]
    return {"schema": "notary/capture/v1", "terminal": "complete", "files": files} | changes


def test_a_captures_manifest_is_a_list_kept_byte_for_byte() -> None:
    data = rfc8785.dumps(capture())  # type: ignore[arg-type]
    found = FileList.decode(data)
    assert found.encode() == data
    assert [each.path for each in found.files] == [
        "log/events.jsonl",
        "recording/segment-000001.mp4",
    ]
    assert found.size == 12


@pytest.mark.parametrize(
    "value",
    [
        capture(files=[]),
        capture(files="log"),
        capture(files=["log"]),
        capture(files=[{"path": "a", "size": 1}]),
        capture(files=[{"path": "../a", "size": 1, "sha256": HEX}]),
        capture(files=[{"path": each, "size": 1, "sha256": HEX} for each in ("b", "a")]),
        capture(files=[{"path": "a", "size": 1, "sha256": HEX}] * 2),
        capture(schema="notary/capture/v2"),
    ],
)
def test_a_manifest_whose_files_are_no_list_is_refused(value: dict[str, object]) -> None:
    with pytest.raises(BadList):
        FileList.decode(rfc8785.dumps(value))  # type: ignore[arg-type]


@pytest.mark.parametrize("spelling", [lambda d: d + b"\n", lambda d: d.replace(b":", b": ", 1)])
def test_a_manifest_in_another_spelling_is_refused(spelling: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BadList):
        FileList.decode(spelling(rfc8785.dumps(capture())))  # type: ignore[arg-type]


@pytest.mark.parametrize("oddity", ["NaN", '"\\ud800"', "9007199254740993", "1e999"])
def test_a_manifest_that_has_no_canonical_form_is_refused(oddity: str) -> None:
    with pytest.raises(BadList):
        FileList.decode(f'{{"files":[],"schema":"notary/capture/v1","x":{oddity}}}'.encode())
