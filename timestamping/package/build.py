"""Making a package: the same parts give the same bytes, and originals are streamed."""

from __future__ import annotations

import hashlib
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, Final

from timestamping.letter.attachments import metadata_document
from timestamping.letter.data import LetterData
from timestamping.package.errors import CannotBuild
from timestamping.package.guide import guide
from timestamping.package.manifest import Listed, Manifest
from timestamping.package_files import (
    ENTRY,
    FILES,
    GUIDE,
    LETTER,
    MANIFEST,
    METADATA,
    PROOF,
    RECEIPT,
    TOKEN,
    TRUST,
    co_token,
)

_CHUNK: Final = 1 << 20
_UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
#: Longest name in ``files/``, bytes of UTF-8: every file system takes it.
_MAX_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Original:
    """The deposited file. ``open`` gives a fresh binary stream of its bytes, digested and copied
    in pieces; it is closed here."""

    name: str
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class PackageParts:
    """``letter`` is the sealed PDF made of ``data``; ``original`` goes in when asked for."""

    data: LetterData
    letter: bytes
    original: Original | None = None


def build_package(parts: PackageParts, out: BinaryIO) -> Manifest:
    """Write the package of ``parts`` to ``out``, which need not be seekable.

    Raises:
        CannotBuild: the original's bytes are not the ones whose digest was deposited; what was
            written so far must be thrown away.
    """
    data = parts.data
    moment = data.times.issued.astimezone(UTC)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        listed = [_write(archive, name, content, moment) for name, content in _members(parts)]
        if parts.original is not None:
            listed.append(_write_original(archive, parts.original, data, moment))
        manifest = Manifest(
            data.number,
            moment.isoformat().replace("+00:00", "Z"),
            tuple(sorted(listed, key=lambda each: each.name)),
        )
        _write(archive, MANIFEST, manifest.encode(), moment)
    return manifest


def safe_name(name: str) -> str:
    """A file name any system can hold; the exact name stands in the metadata.

    >>> safe_name("../a\\\\b: 合同.pdf")
    '.._a_b_ 合同.pdf'
    """
    text = "".join(
        "_" if unicodedata.category(character) in {"Cf", "Cs", "Cn", "Co"} else character
        for character in _UNSAFE.sub("_", name)
    )
    stem, dot, suffix = text.strip(" .").rpartition(".")
    if not dot:
        stem, suffix = suffix, ""
    suffix = dot + suffix
    room = _MAX_NAME - len(suffix.encode())
    if room < 1:
        stem, suffix, room = stem + suffix, "", _MAX_NAME
    cut = stem.encode()[:room].decode(errors="ignore")
    return (cut + suffix) or "file"


def _members(parts: PackageParts) -> Iterable[tuple[str, bytes]]:
    """Everything but manifest and original, in the order of reading."""
    data = parts.data
    yield GUIDE, guide(data, _original_name(parts.original)).encode()
    yield LETTER, parts.letter
    yield TOKEN, data.token.response()
    for number, token in enumerate(data.token.also, start=2):
        yield co_token(number), token.response()
    yield ENTRY, data.entry.encode()
    yield RECEIPT, data.receipt.to_json()
    yield PROOF, data.proof.encode()
    yield METADATA, metadata_document(data)
    for name, content in data.trust.files().items():
        if content:
            yield TRUST + name, content


def _original_name(original: Original | None) -> str:
    return "" if original is None else FILES + safe_name(original.name)


def _info(name: str, moment: datetime) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, moment.timetuple()[:6])
    info.create_system = 3  # Unix, wherever this runs: the bytes must not depend on it
    info.external_attr = 0o644 << 16
    return info


def _write(archive: zipfile.ZipFile, name: str, content: bytes, moment: datetime) -> Listed:
    archive.writestr(_info(name, moment), content)
    return Listed(name, hashlib.sha256(content).hexdigest(), len(content))


def _write_original(
    archive: zipfile.ZipFile, original: Original, data: LetterData, moment: datetime
) -> Listed:
    states = {each.algorithm: hashlib.new(each.algorithm) for each in data.entry.digests}
    name, size = _original_name(original), 0
    info = _info(name, moment)
    # The size is not known to the archive beforehand; always room for more than 4 GiB.
    with original.open() as source, archive.open(info, "w", force_zip64=True) as target:
        while chunk := source.read(_CHUNK):
            for state in states.values():
                state.update(chunk)
            target.write(chunk)
            size += len(chunk)
    for digest in data.entry.digests:
        if states[digest.algorithm].digest() != digest.value:
            raise CannotBuild(f"the original's {digest.algorithm} is not the one deposited")
    return Listed(name, states["sha256"].hexdigest(), size)
