"""An archive volume's files as its checks look at them: each read once, and packages verified."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Final

from timestamping.certificate.bundle import MAX_UNPACKED
from timestamping.certificate.errors import BadRecord
from timestamping.certificate.layout import PDF as CERTIFICATE_PDF
from timestamping.certificate.layout import RECORD
from timestamping.certificate.record import CertificateRecord, read_record
from timestamping.certificate.volume.custody import MAX_CUSTODY, Custody, read_custody
from timestamping.certificate.volume.errors import BadCustody, BadVolume
from timestamping.certificate.volume.manifest import (
    CUSTODY,
    SUBJECT,
    VolumeFiles,
    certificate_path,
    read_volume,
)
from timestamping.package.container import Container, unpacked_size
from timestamping.package.errors import BadMember, NotAPackage, UnsafePackage
from timestamping.package.evidence import More
from timestamping.package.grounds import Gap, Refused
from timestamping.package.report import PackageReport
from timestamping.package.verifier import verify_package
from timestamping.package_files import FILES, LETTER
from timestamping.package_trust import PackageTrust

Opener = Callable[[str], BinaryIO]
#: A package in a volume is never larger, bytes.
_MAX_PACKAGE: Final = 1 << 30


@dataclass(frozen=True)
class Nested:
    """A package in the volume: its report, and the members that are compared."""

    report: PackageReport
    held: Mapping[str, bytes]


@dataclass(frozen=True)
class Volume:
    """One examination of a volume's files."""

    data: bytes
    opener: Opener
    anchors: PackageTrust
    more: More | None = None

    @cached_property
    def manifest(self) -> VolumeFiles:
        try:
            return read_volume(self.data)
        except BadVolume as error:
            raise Gap("not examined, because the manifest cannot be read") from error

    @cached_property
    def certificates(self) -> dict[str, Nested]:
        """Number → package, of all that the manifest names."""
        wanted = (LETTER, FILES + RECORD, FILES + CERTIFICATE_PDF)
        numbers = self.manifest.certificates
        return {each: self._nested(certificate_path(each), wanted) for each in numbers}

    @cached_property
    def subject(self) -> Nested:
        self.manifest  # noqa: B018 - without a manifest there is nothing to look for
        return self._nested(SUBJECT, (LETTER,))

    @cached_property
    def custody(self) -> Custody:
        try:
            return read_custody(self.read(CUSTODY, MAX_CUSTODY))
        except BadCustody as error:
            raise Gap("not examined, because the extract cannot be read") from error

    def record(self, number: str) -> CertificateRecord:
        """The record of a certificate, from its package."""
        try:
            return read_record(self.certificates[number].held.get(FILES + RECORD, b""))
        except BadRecord as error:
            raise Refused(f"{certificate_path(number)}: {error}") from error

    def read(self, path: str, most: int) -> bytes:
        """A file whole. Raises Refused when it is missing or too long."""
        with self._open(path) as stream:
            data = stream.read(most + 1)
        if len(data) > most:
            raise Refused(f"{path} is longer than it ever is")
        return data

    def _open(self, path: str) -> BinaryIO:
        try:
            return self.opener(path)
        except (OSError, LookupError, BadMember) as error:
            raise Refused(f"{path} is missing") from error

    def _nested(self, path: str, wanted: tuple[str, ...]) -> Nested:
        with self._copied(path) as copy:
            # Packages store their members: one archive inside another unpacks to little more.
            if unpacked_size(copy) > copy.stat().st_size + MAX_UNPACKED:
                raise Refused(f"{path} unpacks to more than a package in a volume")
            report = verify_package(copy, trust=self.anchors, more=self.more)
            try:
                with Container(copy) as container:
                    held = {name: container.read(name) for name in container.names & {*wanted}}
            except (BadMember, NotAPackage, UnsafePackage):
                held = {}
        return Nested(report, held)

    @contextmanager
    def _copied(self, path: str) -> Iterator[Path]:
        """A package as a file of its own, which is what its verifier takes."""
        with tempfile.TemporaryDirectory(prefix="notary-volume-") as folder:
            copy = Path(folder) / "package.zip"
            with self._open(path) as source, copy.open("wb") as target:
                shutil.copyfileobj(_Bounded(source, path), target, 1 << 20)
            yield copy


class _Bounded:
    """A stream that refuses to be longer than a package ever is."""

    def __init__(self, inner: BinaryIO, path: str) -> None:
        self._inner, self._path, self._left = inner, path, _MAX_PACKAGE

    def read(self, size: int = -1) -> bytes:
        block = self._inner.read(size)
        self._left -= len(block)
        if self._left < 0:
            raise Refused(f"{self._path} is longer than it ever is")
        return block
