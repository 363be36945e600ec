"""A zip that a stranger made cannot hurt whoever looks at it."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from timestamping.package import Result, verify_package
from timestamping.package.container import MAX_MEMBERS


def archive(*members: tuple[str | zipfile.ZipInfo, bytes], compress: bool = False) -> bytes:
    out = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(out, "w", method) as made:
        for name, data in members:
            made.writestr(name, data)
    return out.getvalue()


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("letter.pdf")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info


def renamed(name: bytes) -> bytes:
    """A member whose name zipfile would not write."""
    return archive(("x" * len(name), b"data")).replace(b"x" * len(name), name)


def overstated() -> bytes:
    """A directory that says a member is 1 GiB, deflated to a few bytes."""
    made = archive(("letter.pdf", bytes(1000)), compress=True)
    return made.replace(struct.pack("<I", 1000), struct.pack("<I", 1 << 30))


def twice() -> bytes:
    with pytest.warns(UserWarning, match="Duplicate"):
        return archive(("a", b"1"), ("a", b"2"))


def encrypted() -> bytes:
    made = bytearray(archive(("a", b"1")))
    made[made.index(b"PK\x01\x02") + 8] |= 1
    made[6] |= 1
    return bytes(made)


def large_directory() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for number in range(60_000):
            made.writestr(f"{number:060d}", b"")
    return out.getvalue()


LARGE = bytes((1 << 20) + 1)
UNSAFE: dict[str, Callable[[], bytes]] = {
    "parent": lambda: archive(("../evil", b"")),
    "inner parent": lambda: archive(("files/../../evil", b"")),
    "absolute": lambda: archive(("/etc/passwd", b"")),
    "drive": lambda: archive(("C:evil", b"")),
    "backslash": lambda: renamed(b"a\\b"),
    "nul": lambda: renamed(b"a\x00b"),
    "control": lambda: renamed(b"a\x1bb"),
    "folder": lambda: archive(("ledger/", b"")),
    "dot": lambda: archive(("./letter.pdf", b"")),
    "link": lambda: archive((link(), b"/etc/passwd")),
    "twice": twice,
    "encrypted": encrypted,
    "too many": lambda: archive(*((str(n), b"") for n in range(MAX_MEMBERS + 1))),
    "bomb": lambda: archive(("letter.pdf", bytes(10 << 20)), compress=True),
    "much together": lambda: archive(*((str(n), bytes(1 << 20)) for n in range(63)), ("x", LARGE)),
    "bomb in files": lambda: archive(("files/a", bytes(10 << 20)), compress=True),
    "overstated": overstated,
    "large directory": large_directory,
}


@pytest.mark.parametrize("kind", UNSAFE)
def test_unsafe_archives_are_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "package.zip"
    path.write_bytes(UNSAFE[kind]())
    report = verify_package(path)
    assert report.result is Result.REFUSED
    assert report.failed is not None
    assert report.failed.code == "container"
    assert list(tmp_path.iterdir()) == [path]  # nothing was unpacked


def cut(package: bytes) -> bytes:
    return package[: len(package) // 2]


NOT_PACKAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "text": lambda _: b"hello",
    "cut short": cut,
    "another zip": lambda _: archive(("word/document.xml", b"<x/>")),
    "another pdf": lambda _: b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
}


@pytest.mark.parametrize("kind", NOT_PACKAGES)
def test_other_files_decide_nothing(kind: str, package: bytes, tmp_path: Path) -> None:
    path = tmp_path / "package.zip"
    path.write_bytes(NOT_PACKAGES[kind](package))
    report = verify_package(path)
    assert report.result is Result.UNDECIDED
    assert report.exit_code == 2
    assert report.undecided is not None
    assert report.undecided.code == "container"


def test_missing_files_decide_nothing(tmp_path: Path, package_file: Path) -> None:
    assert verify_package(tmp_path / "nowhere.zip").exit_code == 2
    assert verify_package(tmp_path).exit_code == 2
    report = verify_package(package_file, file=tmp_path / "nowhere.pdf")
    assert report.exit_code == 2
    assert report.undecided is not None
    assert report.undecided.code == "file"


def test_a_damaged_member_is_refused_by_name(package: bytes, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(package)) as made:
        info = made.getinfo("ledger/entry.json")
    damaged = bytearray(package)
    damaged[info.header_offset + 30 + len(info.filename) + 5] ^= 1
    path = tmp_path / "package.zip"
    path.write_bytes(damaged)
    report = verify_package(path)
    assert report.failed is not None
    assert report.failed.code == "contents"
    assert "ledger/entry.json is damaged" in report.failed.detail


def test_a_package_zipped_anew_still_verifies(package: bytes, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(package)) as made:
        members = [(name, made.read(name)) for name in made.namelist()]
    path = tmp_path / "package.zip"
    path.write_bytes(archive(*members, compress=True))
    assert verify_package(path).ok


def test_a_stream_that_deflates_to_more_than_it_says_is_refused(
    package: bytes, tmp_path: Path
) -> None:
    """The sizes in the directory agree with the manifest, the bytes do not."""
    with zipfile.ZipFile(io.BytesIO(package)) as made:
        members = [(name, made.read(name)) for name in made.namelist()]
    out = bytearray(archive(*members, compress=True))
    entry = dict(members)["ledger/entry.json"]
    packed = zlib.compress(entry, 6)[2:-4]
    at = out.find(packed[:40])
    assert at > 0
    out[at + 2 : at + 8] = b"\xff" * 6
    path = tmp_path / "package.zip"
    path.write_bytes(out)
    report = verify_package(path)
    assert report.failed is not None
    assert report.failed.code == "contents"
