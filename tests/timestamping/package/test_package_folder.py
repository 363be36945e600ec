"""Packages of folders: every file is checked against the list, and each lie has its own answer."""

from __future__ import annotations

import hashlib
import io
import subprocess
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from chain_adapter.digest import digest_of
from tests.timestamping.evidence import House, repack
from tests.timestamping.package.test_package_verifier import failed, judged
from timestamping.filelist import FileList, ListedFile
from timestamping.letter import LetterData, issue_letter, render_letter
from timestamping.letter.files_view import MAX_PRINTED
from timestamping.package import (
    CannotBuild,
    PackageParts,
    Result,
    build_package,
    member_names,
    verify_letter,
)
from timestamping.pdf.errors import LetterError
from timestamping.pdf.sealer import Sealer
from timestamping.pdf.verifier import letter_attachments

CONTENTS = {
    "案卷/合同 contract.pdf": b"the contract",
    "案卷/a\\b.txt": b"an odd name",
    "案卷/A_B.TXT": b"the same name to some systems",
    "案卷/照片/1.jpg": b"a picture",
    "案卷/空.txt": b"",
}


def listed(contents: dict[str, bytes]) -> FileList:
    return FileList.of(
        ListedFile(path, len(data), digest_of(data).hex, digest_of(data, "sm3").hex)
        for path, data in contents.items()
    )


@dataclass(frozen=True)
class Folder:
    data: LetterData
    letter: bytes
    package: bytes


def made(data: LetterData, letter: bytes, contents: dict[str, bytes] | None = None) -> bytes:
    out = io.BytesIO()
    held = contents or {}
    opener = (lambda each: io.BytesIO(held[each.path])) if contents else None
    build_package(PackageParts(data, letter, folder=opener), out)
    return out.getvalue()


@pytest.fixture(scope="module")
def folder(house: House, sealer: Sealer) -> Folder:
    files = listed(CONTENTS)
    data = house.deposit(files.encode(), name="案卷", number="存证2026-000050", files=files)
    letter = issue_letter(data, sealer)
    return Folder(data, letter, made(data, letter, CONTENTS))


def test_a_folder_with_its_files_verifies(folder: Folder, tmp_path: Path) -> None:
    report = judged(folder.package, tmp_path)
    assert report.ok, report.summary
    assert [check.number for check in report.checks] == list(range(1, 22))
    assert report.checks[-1].detail == "all 5 files"


def test_a_list_alone_says_that_no_file_was_compared(folder: Folder, tmp_path: Path) -> None:
    report = judged(made(folder.data, folder.letter), tmp_path)
    assert report.ok
    assert report.checks[11].code == "file-absent"
    assert "holds none of them" in report.checks[-1].detail
    assert not report.facts.file_compared


def test_names_are_harmless_and_tell_the_files_apart(folder: Folder) -> None:
    names = member_names(listed(CONTENTS))
    assert list(names) == [
        "files/案卷/A_B.TXT",
        "files/案卷/a_b~2.txt",
        "files/案卷/合同 contract.pdf",
        "files/案卷/照片/1.jpg",
        "files/案卷/空.txt",
    ]
    with zipfile.ZipFile(io.BytesIO(folder.package)) as archive:
        assert set(names) <= set(archive.namelist())
        for name, each in names.items():
            assert archive.read(name) == CONTENTS[each.path]


@pytest.mark.parametrize("alone", [False, True])
def test_a_file_of_the_folder_is_known_and_another_is_not(
    folder: Folder, tmp_path: Path, alone: bool
) -> None:
    held = tmp_path / "anything.bin"
    evidence = folder.letter if alone else made(folder.data, folder.letter)

    held.write_bytes(b"a picture")
    assert judged(evidence, tmp_path, file=held).ok
    held.write_bytes(listed(CONTENTS).encode())
    assert judged(evidence, tmp_path, file=held).ok
    held.write_bytes(b"a picture!")
    report = judged(evidence, tmp_path, file=held)
    assert failed(report) == ["file"]
    assert report.failed is not None
    assert report.failed.detail == "anything.bin is none of the 5 files deposited"


PICTURE = "files/案卷/照片/1.jpg"
LIES: dict[str, tuple[dict[str, bytes | None], str]] = {
    "swapped": ({PICTURE: b"a poser!!"}, f"{PICTURE} is not the file listed: its sha256 differs"),
    "missing": ({PICTURE: None}, f"{PICTURE} is missing"),
    "extra": ({"files/案卷/more.txt": b"x"}, "files/案卷/more.txt is not in the list"),
    "renamed": (
        {PICTURE: None, "files/案卷/照片/2.jpg": b"a picture"},
        f"{PICTURE} is missing",
    ),
    "exchanged": (
        {PICTURE: b"the contract", "files/案卷/合同 contract.pdf": b"a picture"},
        "files/案卷/合同 contract.pdf is not the file listed: its sha256 differs",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_21_files_are_those_listed(folder: Folder, tmp_path: Path, lie: str) -> None:
    """A forger makes the manifest fit again; the list does not lie."""
    changes, sentence = LIES[lie]
    report = judged(repack(folder.package, changes), tmp_path)
    assert failed(report) == ["files"]
    assert report.failed is not None
    assert (report.failed.number, report.failed.detail) == (21, sentence)
    without = judged(repack(folder.package, changes, remake=False), tmp_path)
    assert failed(without) == ["contents"]


def test_another_list_is_refused(folder: Folder, tmp_path: Path) -> None:
    other = listed(CONTENTS | {"案卷/空.txt": b"not empty"}).encode()
    report = judged(repack(folder.package, {"files.json": other}), tmp_path)
    assert failed(report) == ["file", "letter-attachments", "files"]
    report = judged(repack(folder.package, {"files.json": None}), tmp_path)
    assert "letter-attachments" in failed(report)
    assert report.result is Result.REFUSED


def test_what_is_recorded_but_no_list_is_refused(
    house: House, sealer: Sealer, tmp_path: Path
) -> None:
    """An entry may record anything; what stands for the list must be one."""
    content = b'{"files":[]}'
    data = house.deposit(content, number="存证2026-000051")
    package = made(data, issue_letter(data, sealer))
    report = judged(repack(package, {"files.json": content}), tmp_path)
    assert "files" in failed(report)


def test_a_folder_that_changed_is_not_packed(folder: Folder) -> None:
    with pytest.raises(CannotBuild, match="sha256 is not the one deposited"):
        made(folder.data, folder.letter, CONTENTS | {"案卷/空.txt": b"filled"})


def test_a_letter_takes_no_other_list(folder: Folder) -> None:
    with pytest.raises(LetterError, match="file list is not what the entry records"):
        replace(folder.data, files=listed({"a": b"b"}))


def test_the_guides_commands_work(folder: Folder, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(folder.package)) as archive:
        archive.extractall(tmp_path)
    held = tmp_path / "held"
    held.write_bytes(b"a picture")
    guide = (tmp_path / "VERIFY.md").read_text()
    block = guide.split("## 1.")[1].split("```bash\n")[1].split("```")[0]
    first, listed_line, files_line = block.strip().splitlines()

    def run(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", line],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "FILE": str(held), "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )

    assert run(first).returncode == 0
    assert "listed: OK" in run(listed_line).stdout
    # The two names that had to change are the two it cannot find; every other file is as listed.
    answer = run(files_line)
    assert answer.stdout.count("FAILED open or read") <= 2
    held.write_bytes(b"another")
    assert "OK" not in run(listed_line).stdout


class TestLetter:
    def test_it_lists_the_files_and_carries_the_list(self, folder: Folder) -> None:
        assert letter_attachments(folder.letter)["files.json"] == listed(CONTENTS).encode()
        assert verify_letter(folder.letter).ok

    def test_beyond_a_thousand_it_says_so_and_the_list_has_them_all(self, house: House) -> None:
        many = FileList.of(
            ListedFile(f"f/{n:05d}.txt", n, hashlib.sha256(b"%d" % n).hexdigest())
            for n in range(MAX_PRINTED + 7)
        )
        data = house.deposit(
            many.encode(), name="many", number="存证2026-000052", files=many, sm3=False
        )
        letter = render_letter(data)
        assert letter_attachments(letter)["files.json"] == many.encode()
        text = subprocess.run(
            ["pdftotext", "-layout", "-", "-"], input=letter, capture_output=True, check=True
        ).stdout.decode()
        assert "Only the first 1,000 files are printed here; all 1,007" in text
        assert "f/00999.txt" in text
        assert "f/01000.txt" not in text
