"""Any evidence at all: a package, a letter, or a certificate without its package.

What a PDF is shows in the places of its signatures; then each is judged by its own verifier.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields

from chain_adapter.digest import Digest, digest_of
from chain_adapter.trust import Trust
from chain_adapter.verdict import Check, Outcome
from timestamping.certificate.data import number_zh
from timestamping.certificate.examination import MAX_CERTIFICATE
from timestamping.certificate.layout import ANCHORS, NOTARY, SEAL
from timestamping.certificate.record import CertificateRecord
from timestamping.certificate.verifying import CertificateVerdict, verify_certificate
from timestamping.package.container import digest_stream, file_chunks
from timestamping.package.evidence import More
from timestamping.package.report import Facts, PackageReport
from timestamping.package.verifier import helped, verify_package
from timestamping.package_trust import BadTrust, PackageTrust
from timestamping.pdf.errors import BadPdf
from timestamping.pdf.verifier import letter_attachments
from timestamping.trust import TrustStore

_PDF: Final = b"%PDF-"
#: Deposits of these kinds are about one file, whose digest the certificate states.
_ONE_FILE: Final = frozenset({"file", "digest"})


@dataclass(frozen=True, slots=True)
class CertificateReport(PackageReport):
    """A report on a certificate without its package; :attr:`certificate` is its record, None when
    it could not be read."""

    certificate: CertificateRecord | None = None

    def _verified(self) -> tuple[str, str]:
        number = self.facts.number
        zh = f"核验通过：公证书{number_zh(number)}的签名、印章、时间均有效，签署后未改动。"
        en = f"Verified: certificate {number} is signed, sealed and time-stamped, and unchanged."
        return (
            f"{zh}是否已被补正或撤销，须向公证机构查询。",
            f"{en} Whether it was corrected or revoked since, the office's page tells.",
        )


def verify_evidence(
    path: Path,
    *,
    file: Path | None = None,
    trust: PackageTrust | None = None,
    more: More | None = None,
) -> PackageReport:
    """Judge what lies at ``path``; arguments as :func:`timestamping.package.verify_package`, which
    gets everything but certificates."""
    try:
        with path.open("rb") as stream:
            pdf = stream.read(len(_PDF))
            if pdf == _PDF:
                pdf += stream.read(MAX_CERTIFICATE)
    except OSError:
        pdf = b""  # told by the verifier of packages
    if pdf.startswith(_PDF) and is_certificate(pdf):
        return certificate_report(pdf, file=file, trust=trust)
    return verify_package(path, file=file, trust=trust, more=more)


def is_certificate(pdf: bytes) -> bool:
    """Whether a PDF has the place of a notary's signature, signed or not. Never raises."""
    try:
        reader = PdfFileReader(io.BytesIO(pdf))
        return any(name == NOTARY for name, _, _ in enumerate_sig_fields(reader))
    except Exception:  # noqa: BLE001 - a hostile PDF fails in any way; then it is none
        return False


def certificate_report(
    pdf: bytes, *, file: Path | None = None, trust: PackageTrust | None = None
) -> CertificateReport:
    """Judge the certificate ``pdf``, comparing ``file`` with the digest it states when given."""
    try:
        own = _own_anchors(pdf)
    except (BadTrust, BadPdf) as error:
        sentence = str(error)
        return CertificateReport((Check(4, "trust", _TRUST, Outcome.FAIL, sentence),))
    anchors = own if trust is None else helped(trust, own)
    fingerprints = anchors.fingerprints()
    verdict = verify_certificate(pdf, anchors)
    checks = [Check(4, "trust", _TRUST, Outcome.PASS, f"{len(fingerprints)} anchors")]
    if file is not None:
        checks.append(_file(file, verdict.record))
    return CertificateReport(
        checks=(*checks, *verdict.checks),
        facts=_facts(pdf, verdict, file is not None),
        anchors=fingerprints,
        anchors_given=anchors.given,
        certificate=verdict.record,
    )


_TRUST: Final = "The trust anchors can be read"


def _own_anchors(pdf: bytes) -> PackageTrust:
    data = letter_attachments(pdf).get(ANCHORS)
    return PackageTrust(TrustStore(), Trust()) if data is None else PackageTrust.from_json(data)


def _file(file: Path, record: CertificateRecord | None) -> Check:
    title = "The file is the one deposited"
    try:
        found = digest_stream(file_chunks(file), ("sha256", "sm3"))
    except OSError as error:
        return Check(12, "file", title, Outcome.UNKNOWN, f"{file.name}: {error.strerror}")
    if record is None:
        reason = "not examined, because the record cannot be read"
        return Check(12, "file", title, Outcome.UNKNOWN, reason)
    subject = record.subject
    expected = {"sha256": subject.sha256} | ({"sm3": subject.sm3} if subject.sm3 else {})
    for name, value in expected.items():
        if found[name].hex() != value:
            return _another(file.name, name, subject.kind)
    return Check(12, "file", title, Outcome.PASS, file.name)


def _another(name: str, algorithm: str, kind: str) -> Check:
    """Of several files the certificate states the digest of their list alone."""
    title = "The file is the one deposited"
    if kind in _ONE_FILE:
        detail = f"{name} is not the file certified: its {algorithm} differs"
        return Check(12, "file", title, Outcome.FAIL, detail)
    detail = (
        f"the certificate is about a list of files; whether {name} stands in it, its package tells"
    )
    return Check(12, "file", title, Outcome.UNKNOWN, detail)


def _facts(pdf: bytes, verdict: CertificateVerdict, compared: bool) -> Facts:
    record = verdict.record
    if record is None:
        return Facts(digest=str(digest_of(pdf)))
    return Facts(
        number=record.number,
        digest=str(Digest("sha256", hashlib.sha256(pdf).digest())),
        time=verdict.times.get(SEAL),
        ledger="",
        signer=verdict.holders.get(NOTARY, ""),
        file_compared=compared,
    )
