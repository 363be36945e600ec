"""Good and bad evidence of every kind, under one office's trust: what all ways of verifying are
compared over."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.stamp import StaticStampStyle

from chain_adapter.entry import Entry
from tests.forensics.evidence import Evidence, response
from tests.lottery.building import draw
from tests.lottery.bundle.test_verifying import files_of, manifest_of
from tests.timestamping.certificate.office import Bureau
from tests.timestamping.evidence import CONTENT, House, Log, flipped, repack, sealer_of
from timestamping.filelist import FileList
from timestamping.letter import LetterData, issue_letter, render_letter
from timestamping.package import Original, PackageParts, build_package
from timestamping.pdf.seal_art import seal_content
from timestamping.pdf.typeset import typeset

#: name of a sample → (its file's name, its bytes)
Samples = dict[str, tuple[str, bytes]]
FILE = "合同 contract.pdf"
_TOO_MANY = 100_000


def packed(parts: PackageParts) -> bytes:
    out = io.BytesIO()
    build_package(parts, out)
    return out.getvalue()


def of_file(data: LetterData, letter: bytes) -> bytes:
    return packed(PackageParts(data, letter, Original(FILE, lambda: io.BytesIO(CONTENT))))


def good(house: House, bureau: Bureau, capture: Evidence) -> Samples:
    """What was issued."""
    sealer = sealer_of(house)
    data = house.deposit(co_stamp=True, number="NE20261121-00000001")
    letter = issue_letter(data, sealer)
    listed = FileList.decode(capture.manifest)
    captured = house.deposit(capture.manifest, number="NE20261121-00000002", files=listed)
    files = drawn(house)
    manifest = files.pop("manifest.json")
    draws = house.deposit(manifest, number="NE20261121-00000003", files=FileList.decode(manifest))
    return {
        "package": ("package.zip", of_file(data, letter)),
        "package-without": ("proof.zip", packed(PackageParts(data, letter))),
        "letter": ("存证函.pdf", letter),
        "capture": (
            "capture.zip",
            packed(
                PackageParts(
                    captured,
                    issue_letter(captured, sealer),
                    folder=lambda each: (capture.folder / each.path).open("rb"),
                )
            ),
        ),
        "draw": (
            "draw.zip",
            packed(
                PackageParts(
                    draws,
                    issue_letter(draws, sealer),
                    folder=lambda each: io.BytesIO(files[each.path]),
                )
            ),
        ),
        "certificate": ("公证书.pdf", bureau.sign(bureau.data())),
    }


def drawn(house: House) -> dict[str, bytes]:
    """The files of a draw, and its manifest."""
    made = draw(sample=3)
    files = files_of(house, made)
    return {**files, "manifest.json": manifest_of(made, files)}


def bad(house: House, bureau: Bureau, sound: Samples, other: House) -> Samples:
    """What was changed, exchanged, imitated, or is none of ours."""
    package, letter = sound["package"][1], sound["letter"][1]
    capture, certificate = sound["capture"][1], sound["certificate"][1]
    return {
        "file-swapped": ("package.zip", repack(package, {f"files/{FILE}": b"!"})),
        "manifest-not-remade": ("a.zip", repack(package, {f"files/{FILE}": b"!"}, remake=False)),
        "letter-byte": ("letter.pdf", flipped(letter, len(letter) // 2)),
        "letter-cut": ("letter.pdf", letter[:-5000]),
        "segment-changed": (
            "capture.zip",
            repack(capture, {"files/recording/segment-000002.mp4": b"another film"}),
        ),
        "certificate-byte": ("c.pdf", flipped(certificate, len(certificate) // 3)),
        "other-ledger": ("package.zip", with_receipt_of_another_ledger(house, package)),
        "imitation": ("letter.pdf", imitation(other)),
        "imitation-certificate": ("c.pdf", Bureau.of(other).sign(bureau.data(trust=other.trust()))),
        "seal-picture": ("letter.pdf", with_picture_of_a_seal(house)),
        "plain-pdf": ("report.pdf", plain_pdf()),
        "password": ("letter.pdf", with_password(letter)),
        "draft": ("letter.pdf", render_letter(house.deposit())),
        "text": ("a.pdf", b"%PDF-1.7\n nothing"),
        **archives(package),
    }


def with_receipt_of_another_ledger(house: House, package: bytes) -> bytes:
    """Receipt and proof of a log somebody made for the occasion."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        entry = Entry.decode(archive.read("ledger/entry.json"))
    receipt, proof = Log("rival.example/ledger").append(entry)
    changes = {"ledger/receipt.json": receipt.to_json(), "ledger/proof": proof.encode()}
    return repack(package, changes)


def imitation(other: House) -> bytes:
    """Sealed by an authority of their own, whose certificates bear our very names."""
    return issue_letter(other.deposit(number="NE20261121-00000001"), sealer_of(other))


def with_picture_of_a_seal(house: House) -> bytes:
    """A letter set by our own template, with all its attachments and our very seal as a picture,
    but no signature."""
    data = house.deposit(number="NE20261121-00000001")
    writer = IncrementalPdfFileWriter(io.BytesIO(render_letter(data)))
    picture = seal_content("示范公证存证平台", "电子存证专用章")
    style = StaticStampStyle(background=picture, background_opacity=1.0, border_width=0)
    stamp = style.create_stamp(writer, BoxConstraints(width=120, height=120), {})
    stamp.apply(0, x=420, y=125)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def plain_pdf() -> bytes:
    """A PDF like any other, with a drawing like a seal."""
    with TemporaryDirectory() as folder:
        template = Path(folder) / "seal.typ"
        template.write_text(
            '#set text(font: "Noto Serif CJK SC")\n'
            '#circle(radius: 21mm, stroke: 2pt + rgb("#b3261e"), align(center + horizon, [公证处]))'
        )
        return typeset(template, {}, datetime(2026, 11, 21, tzinfo=UTC))


def with_password(pdf: bytes) -> bytes:
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(pdf)))
    writer.encrypt(owner_pass="secret", user_pass="secret")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def archives(package: bytes) -> Samples:
    """Zips that were made to hurt."""
    made: dict[str, Callable[[], bytes]] = {
        "traversal": lambda: renamed(package, "VERIFY.md", "../../a.md"),
        "absolute": lambda: zipped(("/etc/passwd", b"x")),
        "duplicate": lambda: renamed(package, "token.tsr", "letter.pdf"[:9]),
        "twice": twice,
        "symlink": symlink,
        "many": many,
        "bomb": bomb,
        "nested": lambda: zipped(("package.zip", package)),
        "empty-zip": zipped,
        "cut": lambda: package[: len(package) // 2],
        "some-zip": lambda: zipped(("photo.jpg", b"\xff\xd8")),
        "markup": lambda: zipped(("<script>alert(1)</script>/../x", b"x")),
    }
    return {name: (f"{name}.zip", make()) for name, make in made.items()}


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], deflated: bool = False) -> bytes:
    out = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
    with zipfile.ZipFile(out, "w", kind) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def renamed(package: bytes, old: str, new: str) -> bytes:
    """The package with one member under another name of the same length or less."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    return zipped(*((new if name == old else name, data) for name, data in members))


def twice() -> bytes:
    made = zipped(("aaa", b"1"), ("bbb", b"2"))
    return made.replace(b"bbb", b"aaa")


def symlink() -> bytes:
    info = zipfile.ZipInfo("letter.pdf")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return zipped((info, b"/etc/passwd"))


def many() -> bytes:
    """A hundred thousand entries; the directory alone is too large to be read."""
    entry = zipped(("a", b""))
    start = entry.index(b"PK\x01\x02")
    local, end = entry[:start], entry.index(b"PK\x05\x06")
    record = bytearray(entry[end:])
    directory = entry[start:end] * _TOO_MANY
    record[8:12] = (_TOO_MANY & 0xFFFF).to_bytes(2, "little") * 2
    record[12:16] = len(directory).to_bytes(4, "little")
    return local + directory + bytes(record)


def bomb() -> bytes:
    return zipped(("letter.pdf", bytes(20 << 20)), deflated=True)


def captured(house: House, folder: Path) -> Evidence:
    authority = house.pki.authority()
    return Evidence.made(folder, lambda head: response(authority, head))
