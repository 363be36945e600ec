"""Names and files from a hostile desktop."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.pages.bounds import harmless, headers, line, url
from forensics.pages.files import keep, take


@given(st.text(max_size=300))
def test_names_become_harmless(name: str) -> None:
    made = harmless(name)
    assert made
    assert made not in (".", "..")
    assert not made.startswith(".")
    assert not set(made) & set('/\\\0\n\r\t<>:"|?*')
    assert len(made.encode()) <= 120
    assert made.isprintable()


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\a.exe", "a.exe"),
        ("证据 (1).bin", "证据 (1).bin"),
        ("a\u202etxt.exe", "a_txt.exe"),
        ("...", "download"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
    ],
)
def test_names(name: str, made: str) -> None:
    assert harmless(name) == made


@given(st.text())
def test_lines_are_lines(text: str) -> None:
    made = line(text, 50)
    assert len(made) <= 50
    assert len(made.splitlines()) <= 1
    made.encode()
    assert " " not in url(text)


def test_headers_of_anything() -> None:
    assert headers({"A": "1\n2", "B c:": 3, "": None}) == [
        ("A", "1"),
        ("A", "2"),
        ("Bc", "3"),
        ("x-unnamed", "None"),
    ]
    assert headers("nonsense") == []
    assert len(headers({f"h{n}": "x" for n in range(1000)})) == 200


def folders(path: Path) -> tuple[Path, Path]:
    (path / "in").mkdir()
    (path / "evidence/downloads").mkdir(parents=True)
    return path / "in", path / "evidence"


def test_files_are_taken_under_free_names(tmp_path: Path) -> None:
    source, evidence = folders(tmp_path)
    (source / "a.txt").write_text("one")
    paths = [take(source, "a.txt", evidence, "downloads", 100, lambda: True).path for _ in range(3)]
    assert paths == ["downloads/a.txt", "downloads/a-2.txt", "downloads/a-3.txt"]
    assert sorted(each.name for each in (evidence / "downloads").iterdir()) == [
        "a-2.txt",
        "a-3.txt",
        "a.txt",
    ]


def test_only_regular_files_within_bounds_are_taken(tmp_path: Path) -> None:
    source, evidence = folders(tmp_path)
    (source / "link").symlink_to("/etc/passwd")
    os.mkfifo(source / "fifo")
    (source / "folder").mkdir()
    (source / "large").write_bytes(b"x" * 101)
    for name in ("link", "fifo", "folder", "none"):
        with pytest.raises(OSError):
            take(source, name, evidence, "downloads", 100, lambda: True)
    with pytest.raises(ValueError, match="larger"):
        take(source, "large", evidence, "downloads", 100, lambda: True)
    with pytest.raises(ValueError, match="ended"):
        take(source, "large", evidence, "downloads", 1000, lambda: False)
    (tmp_path / "elsewhere").symlink_to(source)
    with pytest.raises(OSError):
        take(tmp_path / "elsewhere", "large", evidence, "downloads", 1000, lambda: True)
    assert list((evidence / "downloads").iterdir()) == []


def test_what_is_kept_is_never_replaced(tmp_path: Path) -> None:
    keep(tmp_path, "a", b"one")
    with pytest.raises(FileExistsError):
        keep(tmp_path, "a", b"two")
    assert (tmp_path / "a").read_bytes() == b"one"
