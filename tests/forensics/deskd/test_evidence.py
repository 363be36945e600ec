"""Only plain files below the evidence folder are read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from forensics.deskd.evidence import list_files, open_file
from forensics.errors import InvalidSpec


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    folder = tmp_path / "evidence"
    (folder / "stills").mkdir(parents=True)
    (folder / "stills" / "0001.png").write_bytes(b"picture")
    (folder / "manifest.json").write_bytes(b"{}")
    (tmp_path / "secret").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "elsewhere").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    return folder


def test_files_are_listed_links_and_pipes_are_not(evidence: Path) -> None:
    assert list_files(evidence) == [("manifest.json", 2), ("stills/0001.png", 7)]


def test_a_file_is_read(evidence: Path) -> None:
    file, size = open_file(evidence, "stills/0001.png")
    with file:
        assert (file.read(), size) == (b"picture", 7)


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "stills/../../secret",
        "/etc/passwd",
        "link",
        "elsewhere/secret",
        "pipe",
        "stills",
        "stills/",
        "",
        ".",
        "no",
        "manifest.json/x",
        "a\0b",
        "x" * 600,
    ],
)
def test_nothing_else_is(evidence: Path, path: str) -> None:
    with pytest.raises(InvalidSpec):
        open_file(evidence, path)
