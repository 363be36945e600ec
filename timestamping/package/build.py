"""Making a package: the same parts give the same bytes, and originals are streamed."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import BinaryIO, Final

from chain_adapter.digest import Digest
from timestamping.filelist import ListedFile
from timestamping.letter.attachments import metadata_document
from timestamping.letter.data import LetterData
from timestamping.package.errors import CannotBuild
from timestamping.package.folder import member_names, safe_name
from timestamping.package.guide import guide
from timestamping.package.manifest import Listed, Manifest
from timestamping.package_files import (
    ENTRY,
    FILE_LIST,
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
    further_proof,
    further_receipt,
)

_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Original:
    """The deposited file. ``open`` gives a fresh binary stream of its bytes, digested and copied
    in pieces; it is closed here."""

    name: str
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class PackageParts:
    """``letter`` is the sealed PDF made of ``data``; ``original`` goes in when asked for. Of a
    folder it is ``folder`` that goes in: it opens the listed file it is called with."""

    data: LetterData
    letter: bytes
    original: Original | None = None
    folder: Callable[[ListedFile], BinaryIO] | None = None


def build_package(parts: PackageParts, out: BinaryIO) -> Manifest:
    """Write the package of ``parts`` to ``out``, which need not be seekable.

    Raises:
        CannotBuild: an original's bytes are not the ones whose digest was deposited; what was
            written so far must be thrown away.
    """
    data = parts.data
    moment = data.times.issued.astimezone(UTC)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        listed = [_write(archive, name, content, moment) for name, content in _members(parts)]
        if parts.original is not None:
            name, expected = _original_name(parts.original), data.entry.digests
            listed.append(_write_original(archive, name, parts.original.open, expected, moment))
        if parts.folder is not None and data.files is not None:
            for name, file in member_names(data.files).items():
                opener = partial(parts.folder, file)
                listed.append(_write_original(archive, name, opener, file.digests(), moment))
        manifest = Manifest(
            data.number,
            moment.isoformat().replace("+00:00", "Z"),
            tuple(sorted(listed, key=lambda each: each.name)),
        )
        _write(archive, MANIFEST, manifest.encode(), moment)
    return manifest


def _members(parts: PackageParts) -> Iterable[tuple[str, bytes]]:
    """Everything but manifest and original, in the order of reading."""
    data = parts.data
    with_files = parts.folder is not None
    yield GUIDE, guide(data, _original_name(parts.original), with_files=with_files).encode()
    yield LETTER, parts.letter
    yield TOKEN, data.token.response()
    for number, token in enumerate(data.token.also, start=2):
        yield co_token(number), token.response()
    yield ENTRY, data.entry.encode()
    yield RECEIPT, data.receipt.to_json()
    yield PROOF, data.proof.encode()
    for number, each in enumerate(data.further, start=2):
        yield further_receipt(number), each.receipt.to_json()
        yield further_proof(number), each.proof.encode()
    yield METADATA, metadata_document(data)
    if data.files is not None:
        yield FILE_LIST, data.files.encode()
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
    archive: zipfile.ZipFile,
    name: str,
    opener: Callable[[], BinaryIO],
    expected: Iterable[Digest],
    moment: datetime,
) -> Listed:
    expected, size = tuple(expected), 0
    states = {each.algorithm: hashlib.new(each.algorithm) for each in expected}
    info = _info(name, moment)
    # The size is not known to the archive beforehand; always room for more than 4 GiB.
    with opener() as source, archive.open(info, "w", force_zip64=True) as target:
        while chunk := source.read(_CHUNK):
            for state in states.values():
                state.update(chunk)
            target.write(chunk)
            size += len(chunk)
    for digest in expected:
        if states[digest.algorithm].digest() != digest.value:
            raise CannotBuild(f"the original's {digest.algorithm} is not the one deposited")
    return Listed(name, states["sha256"].hexdigest(), size)
