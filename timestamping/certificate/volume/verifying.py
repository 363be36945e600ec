"""Judging the archive volume of a matter: its list, what lies in it, and who had it in hand.

Checks, numbered on from those of certificates (:mod:`timestamping.certificate.bundle`):

111. ``volume-manifest``      the manifest is canonical and lists what such a volume has
112. ``volume-files``         volume.pdf and custody.json are those listed
113. ``volume-pdf``           volume.pdf is of this matter, and carries the very custody.json
114. ``volume-certificates``  every certificate's package holds by all its own checks, one level
                              deep, under the same anchors
115. ``volume-numbers``       each of these packages is of the certificate its name says
116. ``volume-subject``       the proof package of the deposit concerned holds by all its own checks
117. ``volume-concerned``     it is the deposit that every certificate names
118. ``custody-form``         the extract of the custody log is canonical, of this matter, in order
119. ``custody-chain``        each of its entries hashes to its own hash, and neighbours are linked
120. ``custody-issued``       it tells of the issue of every certificate, with the digest of its PDF

Without the files (``opener`` None) 111 is all that can be told, and all that is said. Bad evidence
never makes this raise; every sentence names the file, certificate or entry at fault.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pyhanko.pdf_utils.reader import PdfFileReader

from chain_adapter.verdict import Check, Outcome
from timestamping.certificate.layout import PDF as CERTIFICATE_PDF
from timestamping.certificate.volume.custody import MAX_CUSTODY, Custody, hash_of, read_custody
from timestamping.certificate.volume.errors import BadCustody, BadVolume
from timestamping.certificate.volume.manifest import (
    CUSTODY,
    PDF,
    SUBJECT,
    certificate_path,
    read_volume,
)
from timestamping.certificate.volume.opened import Opener, Volume
from timestamping.package.evidence import More
from timestamping.package.grounds import Gap, Refused
from timestamping.package.report import PackageReport, Result
from timestamping.package_files import FILES, LETTER
from timestamping.package_trust import PackageTrust
from timestamping.pdf.attachments import attachments
from timestamping.pdf.embedded import member

_MAX_PDF: Final = 256 << 20
ISSUED: Final = "certificate.issued"


def verify_volume(
    manifest: bytes, opener: Opener | None, anchors: PackageTrust, more: More | None = None
) -> tuple[Check, ...]:
    """Judge the volume deposited with ``manifest``.

    Args:
        manifest: the bytes that were deposited.
        opener: gives a binary stream of the file with that path, or raises OSError or LookupError;
            None when the files are not at hand.
        anchors: what to judge by, of every package in the volume as well.
        more: further checks of the packages in the volume; it must not come back here.
    """
    if opener is None:
        return (_judged(None, *STEPS[0], manifest),)
    volume = Volume(manifest, opener, anchors, more)
    return tuple(_judged(volume, *step, manifest) for step in STEPS)


def _judged(
    volume: Volume | None, number: int, code: str, title: str, step: Judge, manifest: bytes
) -> Check:
    try:
        detail = _manifest(manifest) if volume is None else step(volume)
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
        found = read_volume(data)
    except BadVolume as error:
        raise Refused(str(error)) from error
    return f"matter {found.matter}, {len(found.certificates)} certificates"


def _files(volume: Volume) -> str:
    listed = {each.path: each for each in volume.manifest.files}
    for path, most in ((PDF, _MAX_PDF), (CUSTODY, MAX_CUSTODY)):
        data = volume.read(path, most)
        same = hashlib.sha256(data).hexdigest() == listed[path].sha256
        if not same or len(data) != listed[path].size:
            raise Refused(f"{path} is not the file listed")
    return f"{PDF}, {CUSTODY}"


def _pdf(volume: Volume) -> str:
    data, custody = volume.read(PDF, _MAX_PDF), volume.read(CUSTODY, MAX_CUSTODY)
    matter = volume.manifest.matter
    reader = PdfFileReader(io.BytesIO(data))
    title = str(member(member(reader.trailer_view, "/Info", {}), "/Title", ""))
    if not title.endswith(f" {matter}"):
        raise Refused(f"{PDF} is of another matter than {matter}")
    if attachments(reader).get(CUSTODY) != custody:
        raise Refused(f"{PDF} carries another {CUSTODY}")
    return title


def _certificates(volume: Volume) -> str:
    for number, nested in volume.certificates.items():
        _holds(certificate_path(number), nested.report)
    return ", ".join(volume.certificates)


def _numbers(volume: Volume) -> str:
    matter = volume.manifest.matter
    for number in volume.certificates:
        record = volume.record(number)
        if record.number != number:
            raise Refused(f"{certificate_path(number)} holds certificate {record.number}")
        if record.matter != matter:
            raise Refused(f"certificate {number} is of matter {record.matter}, not {matter}")
    return f"{len(volume.certificates)} certificates of matter {matter}"


def _subject(volume: Volume) -> str:
    _holds(SUBJECT, volume.subject.report)
    return f"{volume.subject.report.facts.number}"


def _concerned(volume: Volume) -> str:
    nested = volume.subject
    letter = hashlib.sha256(nested.held.get(LETTER, b"")).hexdigest()
    for number in volume.certificates:
        subject = volume.record(number).subject
        if (subject.number, subject.letter_sha256) != (nested.report.facts.number, letter):
            raise Refused(f"certificate {number} is about another deposit than {SUBJECT}")
    return nested.report.facts.number


def _custody_form(volume: Volume) -> str:
    try:
        found = read_custody(volume.read(CUSTODY, MAX_CUSTODY))
    except BadCustody as error:
        raise Refused(str(error)) from error
    if found.matter != volume.manifest.matter:
        raise Refused(f"the extract is of matter {found.matter}")
    before = 0
    for entry in found.entries:
        if entry["seq"] <= before or entry["seq"] > found.size:
            raise Refused(f"entry {entry['seq']} is out of order")
        if entry["subject"] not in found.subjects:
            raise Refused(f"entry {entry['seq']} is about something else")
        before = entry["seq"]
    return f"{len(found.entries)} entries, of a log of {found.size}"


def _custody_chain(volume: Volume) -> str:
    before: Mapping[str, Any] | None = None
    found = volume.custody
    for entry in found.entries:
        if hash_of(entry) != entry["hash"]:
            raise Refused(f"entry {entry['seq']} was changed after it was recorded")
        near = before is not None and entry["seq"] == before["seq"] + 1
        if before is not None and near and entry["previous"] != before["hash"]:
            raise Refused(f"entry {entry['seq']} does not follow the entry before it")
        before = entry
    if before is not None and before["seq"] == found.size and before["hash"] != found.head:
        raise Refused("the last entry is not the one the log ended with")
    return f"{len(found.entries)} entries"


def _custody_issued(volume: Volume) -> str:
    told = dict(_issues(volume.custody))
    for number, nested in volume.certificates.items():
        pdf = hashlib.sha256(nested.held.get(FILES + CERTIFICATE_PDF, b"")).hexdigest()
        if number not in told:
            raise Refused(f"the extract does not tell of the issue of {number}")
        if told[number] != pdf:
            raise Refused(f"certificate {number} is not the PDF that the extract tells of")
    return ", ".join(volume.certificates)


def _issues(custody: Custody) -> Iterator[tuple[str, str]]:
    """Number and PDF's SHA-256 of what the log says was issued."""
    for entry in custody.entries:
        if entry["action"] != ISSUED:
            continue
        try:
            detail = json.loads(entry["detail"])
            yield str(detail["number"]), str(detail["sha256"])
        except (ValueError, KeyError, TypeError, RecursionError):
            continue


def _holds(name: str, report: PackageReport) -> None:
    """Raises Refused or Gap unless the package's own verifier found it in order."""
    check = report.failed or report.undecided
    if report.result is Result.VERIFIED or check is None:
        return
    sentence = f"{name}: its check {check.number} ({check.code}): {check.detail}"
    raise Refused(sentence) if report.failed is not None else Gap(sentence)


Judge = Callable[[Volume], str]
#: Number, code, title, step; the numbers are those of the docstring.
STEPS: Final[tuple[tuple[int, str, str, Judge], ...]] = (
    (111, "volume-manifest", "The volume's manifest is well formed", lambda v: _manifest(v.data)),
    (112, "volume-files", "Volume and custody extract are those listed", _files),
    (113, "volume-pdf", "The volume is of this matter", _pdf),
    (114, "volume-certificates", "Every certificate's package holds", _certificates),
    (115, "volume-numbers", "Each package is of the certificate named", _numbers),
    (116, "volume-subject", "The proof of the deposit concerned holds", _subject),
    (117, "volume-concerned", "It is the deposit that the certificates name", _concerned),
    (118, "custody-form", "The custody extract is of this matter and in order", _custody_form),
    (119, "custody-chain", "No entry of the custody extract was changed", _custody_chain),
    (120, "custody-issued", "The custody log tells of every certificate", _custody_issued),
)
