"""Judging a certificate's deposit: the PDF, what lies beside it, and the proof concerned.

Checks, numbered on from those of the PDF (:mod:`timestamping.certificate.verifying`):

105. ``certificate-manifest``  the manifest is canonical and lists what such a certificate has
106. ``certificate-attached``  record and check beside the PDF are those attached to it, and the
     manifest says what the record says
107. ``certificate-predecessor``  a correction or revocation names the certificate before it, in
     record and manifest the same; no other certificate names one
108. ``certificate-subject``  the proof package concerned holds by all its own checks
109. ``certificate-subject-facts``  it is the deposit that the record names: number, digests, time,
     place in the ledger and letter

Without the files (``opener`` None) 105 is all that can be told, and all that is said; of a
revocation there are neither 108 nor 109. Bad evidence never makes this raise.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Final

from chain_adapter.digest import Digest
from chain_adapter.entry import Entry
from chain_adapter.errors import LedgerError
from chain_adapter.verdict import Check, Outcome
from timestamping.certificate.data import REVOCATION
from timestamping.certificate.errors import BadFiles, BadRecord
from timestamping.certificate.examination import MAX_CERTIFICATE
from timestamping.certificate.files import CertificateFiles, read_files
from timestamping.certificate.layout import CHECK, PDF, RECORD, SUBJECT
from timestamping.certificate.record import CertificateRecord, read_record
from timestamping.certificate.verifying import CertificateVerdict, verify_certificate
from timestamping.package.container import Container
from timestamping.package.errors import BadMember, NotAPackage, UnsafePackage
from timestamping.package.evidence import More
from timestamping.package.grounds import Gap, Refused
from timestamping.package.report import PackageReport, Result
from timestamping.package.verifier import verify_package
from timestamping.package_files import ENTRY, FILES, LETTER
from timestamping.package_trust import PackageTrust

Opener = Callable[[str], BinaryIO]
#: A proof package without originals is never larger, bytes.
MAX_SUBJECT: Final = 128 << 20
MAX_UNPACKED: Final = 256 << 20


@dataclass(frozen=True)
class Bundle:
    """One examination of a deposit's files."""

    data: bytes
    opener: Opener
    anchors: PackageTrust
    more: More | None = None

    @cached_property
    def manifest(self) -> CertificateFiles:
        try:
            return read_files(self.data)
        except BadFiles as error:
            raise Gap("not examined, because the manifest cannot be read") from error

    @cached_property
    def verdict(self) -> CertificateVerdict:
        return verify_certificate(self.read(PDF, MAX_CERTIFICATE), self.anchors)

    @cached_property
    def record(self) -> CertificateRecord:
        try:
            return read_record(self.read(RECORD))
        except BadRecord as error:
            raise Refused(str(error)) from error

    @cached_property
    def subject(self) -> tuple[PackageReport, dict[str, bytes]]:
        """The report on the package concerned, and its entry and letter."""
        with self._copied() as path:
            _require_bare(path)
            report = verify_package(path, trust=self.anchors, more=self.more)
            try:
                with Container(path) as container:
                    names = container.names & {ENTRY, LETTER}
                    held = {name: container.read(name) for name in names}
            except (BadMember, NotAPackage, UnsafePackage):
                held = {}
        return report, held

    def read(self, path: str, most: int = MAX_CERTIFICATE) -> bytes:
        """A file whole.

        Raises:
            Refused: missing or too long.
        """
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

    @contextmanager
    def _copied(self) -> Iterator[Path]:
        """The package as a file of its own, which is what its verifier takes."""
        with tempfile.TemporaryDirectory(prefix="notary-subject-") as folder:
            path = Path(folder) / "package.zip"
            with self._open(SUBJECT) as source, path.open("wb") as target:
                _copy(source, target)
            yield path


def _require_bare(path: Path) -> None:
    """The package concerned comes without originals. One archive inside another must not unpack to
    more than either could alone."""
    try:
        with Container(path) as container:
            sizes = {name: container.size(name) for name in container.names}
    except (NotAPackage, UnsafePackage):
        return  # its verifier says so, in its own words
    if any(name.startswith(FILES) for name in sizes) or sum(sizes.values()) > MAX_UNPACKED:
        raise Refused(f"{SUBJECT} holds more than a proof package without originals")


def _copy(source: BinaryIO, target: BinaryIO) -> None:
    left = MAX_SUBJECT
    while chunk := source.read(1 << 20):
        left -= len(chunk)
        if left < 0:
            raise Refused(f"{SUBJECT} is longer than it ever is")
        target.write(chunk)


def verify_bundle(
    manifest: bytes, opener: Opener | None, anchors: PackageTrust, more: More | None = None
) -> tuple[Check, ...]:
    """Judge the certificate deposited with ``manifest``.

    Args:
        manifest: the bytes that were deposited.
        opener: gives a binary stream of the file with that path, or raises OSError or LookupError;
            None when the files are not at hand.
        anchors: what to judge by, of the certificate and of the package concerned.
        more: further checks of the package concerned.
    """
    if opener is None:
        return (_judged(None, *STEPS[0], manifest),)
    bundle = Bundle(manifest, opener, anchors, more)
    checks = [_judged(bundle, *step, manifest) for step in _steps(bundle)]
    return (*_pdf(bundle), *checks)


def _steps(bundle: Bundle) -> tuple[Step, ...]:
    try:
        revokes = bundle.manifest.kind == REVOCATION
    except Gap:
        revokes = False
    return STEPS[:3] if revokes else STEPS


def _pdf(bundle: Bundle) -> tuple[Check, ...]:
    try:
        return bundle.verdict.checks
    except Exception as error:  # noqa: BLE001 - damaged storage, or a stranger's archive
        title = "The certificate is a signed and sealed PDF"
        detail = str(error) if isinstance(error, Refused) else f"{PDF}: {type(error).__name__}"
        return (Check(91, "certificate-readable", title, Outcome.FAIL, detail),)


def _judged(
    bundle: Bundle | None, number: int, code: str, title: str, step: Judge, manifest: bytes
) -> Check:
    try:
        detail = _manifest(manifest) if bundle is None else step(bundle)
        return Check(number, code, title, Outcome.PASS, detail)
    except Gap as gap:
        return Check(number, code, title, Outcome.UNKNOWN, str(gap))
    except Refused as refusal:
        return Check(number, code, title, Outcome.FAIL, str(refusal))
    except Exception as error:  # noqa: BLE001 - whatever a stranger's files provoke, it is no pass
        detail = f"it cannot be read: {type(error).__name__}"
        return Check(number, code, title, Outcome.FAIL, detail)


def _manifest(data: bytes) -> str:
    try:
        found = read_files(data)
    except BadFiles as error:
        raise Refused(str(error)) from error
    return f"{found.kind} {found.number}, {len(found.files)} files"


def _attached(bundle: Bundle) -> str:
    manifest, record = bundle.manifest, bundle.record
    wanted = (RECORD,) if manifest.kind == REVOCATION else (RECORD, CHECK)
    for name in wanted:
        if bundle.verdict.attached.get(name) != bundle.read(name):
            raise Refused(f"the certificate carries another {name}")
    for field in ("number", "kind", "template", "office", "issued_at"):
        if getattr(manifest, field) != getattr(record, field):
            raise Refused(f"the manifest's {field} is not the record's")
    return f"{', '.join(wanted)}; {record.number}"


def _predecessor(bundle: Bundle) -> str:
    before, listed = bundle.record.predecessor, bundle.manifest.predecessor
    found = None if before is None else (before.number, before.pdf_sha256)
    if found != listed:
        raise Refused("the manifest names another predecessor than the record")
    return f"{bundle.record.kind} of {found[0]}" if found else "there is none"


def _subject(bundle: Bundle) -> str:
    report, _ = bundle.subject
    if report.failed is not None:
        check = report.failed
        raise Refused(f"its check {check.number} ({check.code}) failed: {check.detail}")
    if report.result is not Result.VERIFIED and report.undecided is not None:
        check = report.undecided
        raise Gap(f"its check {check.number} ({check.code}): {check.detail}")
    return f"{report.facts.number}, {len(report.checks)} checks"


def _subject_facts(bundle: Bundle) -> str:
    report, held = bundle.subject
    subject, facts = bundle.record.subject, report.facts
    digests = _digests(held.get(ENTRY, b""))
    expected = {"sha256": subject.sha256} | ({"sm3": subject.sm3} if subject.sm3 else {})
    said = (
        ("number", facts.number, subject.number),
        ("digests", digests, expected),
        ("time", facts.time, subject.gen_time),
        ("ledger", facts.ledger, subject.ledger),
        ("place in the ledger", facts.position, subject.position),
        ("letter", hashlib.sha256(held.get(LETTER, b"")).hexdigest(), subject.letter_sha256),
    )
    for name, found, recorded in said:
        if found != recorded:
            raise Refused(f"the {name} of the package concerned is not the one in the record")
    return f"{subject.number}, {Digest.parse('sha256', subject.sha256)}"


def _digests(entry: bytes) -> dict[str, str]:
    try:
        return {each.algorithm: each.hex for each in Entry.decode(entry).digests}
    except LedgerError as error:
        raise Refused("the package concerned holds no ledger entry") from error


Judge = Callable[[Bundle], str]
Step = tuple[int, str, str, Judge]
#: Number, code, title, step; the numbers are those of the docstring.
STEPS: Final[tuple[Step, ...]] = (
    (
        105,
        "certificate-manifest",
        "The certificate's manifest is well formed",
        lambda bundle: _manifest(bundle.data),
    ),
    (106, "certificate-attached", "Record and check are those attached", _attached),
    (107, "certificate-predecessor", "The predecessor is the one named", _predecessor),
    (108, "certificate-subject", "The proof it is about holds", _subject),
    (109, "certificate-subject-facts", "The proof is the one it is about", _subject_facts),
)
