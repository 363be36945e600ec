"""Judging a certificate with nothing but its bytes and trust anchors.

Checks, numbered on from those of a package (:mod:`timestamping.package.verifier`):

 91. ``certificate-readable``  a PDF without a password, signed in the fields Notary, perhaps
     Second, and Seal, then time-stamped; no place to sign is left
 92. ``certificate-record``  the record attached is well formed and canonical, what it names failed
     in no check, and what the machine could not decide has a reason
 93. ``certificate-notary``  the notary's signature is intact (RFC 5652 §5.6)
 94. ``certificate-second``  so is the second notary's, where the record names one
 95. ``certificate-seal``  so is the office's seal
 96. ``certificate-whole``  each signature covers all that stood before it, the last time-stamp the
     file to its last byte (ISO 32000-1 §12.8.1)
 97. ``certificate-unchanged``  the first certifies and allows signing only (DocMDP 2), the seal
     forbids everything; nothing but that and validation data was added
 98. ``certificate-times``  every signature and the file have a time-stamp that holds, in order
 99. ``certificate-notary-trusted``  the notary's certificate, by the rules of
     :mod:`timestamping.certificate.fitness` at the time of signing
100. ``certificate-second-trusted``  the second notary's, and it is another key
101. ``certificate-seal-trusted``  the seal is the office's, trusted and unrevoked then
102. ``certificate-check``  the check attached is the one that the record names
103. ``certificate-number``  title and signatures bear the record's number
104. ``certificate-date``  it was signed when the record says that it was issued

105 to 109 are those of its package (:mod:`timestamping.certificate.bundle`). Whether a certificate
was corrected or revoked since stands in no certificate: ask the office. Bad evidence never makes
this raise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation.status import SignatureCoverageLevel

from chain_adapter.verdict import Check, Outcome
from timestamping.certificate.errors import SigningKeyError
from timestamping.certificate.examination import Examination
from timestamping.certificate.fitness import holder, notary_chain, revocation, seal_chain
from timestamping.certificate.layout import CHECK, NOTARY, SEAL, SECOND
from timestamping.certificate.record import CertificateRecord
from timestamping.certificate.words import TITLES
from timestamping.package.grounds import Gap, Refused
from timestamping.package_trust import PackageTrust
from timestamping.pdf.embedded import exactly_written
from timestamping.pdf.errors import BadPdf
from timestamping.verification.report import Undecided

Step = Callable[[Examination], str]
#: Signing may take a while after the number was given, and clocks differ a little.
_BEFORE: Final = timedelta(minutes=5)
_AFTER: Final = timedelta(hours=24)
_COVERED: Final = (SignatureCoverageLevel.ENTIRE_REVISION, SignatureCoverageLevel.ENTIRE_FILE)


@dataclass(frozen=True, slots=True)
class CertificateVerdict:
    """``checks`` are 91 to 104. The rest is to be believed only when :attr:`ok`: the record, what
    is attached, whom each signature's certificate names and when it was made, by field."""

    checks: tuple[Check, ...]
    record: CertificateRecord | None = None
    attached: Mapping[str, bytes] = field(default_factory=dict)
    holders: Mapping[str, str] = field(default_factory=dict)
    times: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def failed(self) -> Check | None:
        return next((check for check in self.checks if check.failed), None)


def verify_certificate(pdf: bytes, trust: PackageTrust) -> CertificateVerdict:
    """Judge the certificate ``pdf``. Never raises for bad evidence."""
    examined = Examination(pdf, trust)
    checks: list[Check] = []
    for number, code, title, step in STEPS:
        if checks and not checks[0].passed:
            reason = "not examined, because the certificate is not readable"
            checks.append(Check(number, code, title, Outcome.UNKNOWN, reason))
            continue
        checks.append(_judged(examined, number, code, title, step))
    record = None
    if checks[1].passed:
        record = examined.record
    return CertificateVerdict(
        tuple(checks), record, examined.attached, examined.holders, examined.times
    )


def _judged(examined: Examination, number: int, code: str, title: str, step: Step) -> Check:
    try:
        return Check(number, code, title, Outcome.PASS, step(examined))
    except (Gap, Undecided) as gap:
        return Check(number, code, title, Outcome.UNKNOWN, str(gap))
    except (Refused, SigningKeyError, BadPdf) as refusal:
        return Check(number, code, title, Outcome.FAIL, str(refusal))
    except Exception as error:  # noqa: BLE001
        # A hostile PDF can make the reader fail in any way; whatever it is, it is no pass.
        detail = f"the certificate cannot be read: {type(error).__name__}"
        return Check(number, code, title, Outcome.FAIL, detail)


def _readable(examined: Examination) -> str:
    examined.open()
    return f"signed in {', '.join(examined.signatures)}; {len(examined.attached)} attachments"


def _record(examined: Examination) -> str:
    record = examined.record
    return f"{record.kind} {record.number}"


def _intact(examined: Examination, name: str) -> str:
    state = examined.state(name)
    if not state.intact:
        raise Refused(f"the bytes are not those that were signed in {name}")
    if not state.valid:
        raise Refused(f"the signature in {name} is wrong")
    return f"{state.md_algorithm}, {state.pkcs7_signature_mechanism}"


def _second(examined: Examination) -> str:
    needed = examined.known_record().second is not None
    if needed != (SECOND in examined.signatures):
        word = "missing" if needed else "one too many by its record"
        raise Refused(f"the second notary's signature is {word}")
    return _intact(examined, SECOND) if needed else "no second notary is named"


def _whole(examined: Examination) -> str:
    for name, signature in examined.signatures.items():
        if signature.evaluate_signature_coverage() not in _COVERED:
            raise Refused(f"the signature in {name} leaves part of the certificate out")
    last = examined.stamps[-1]
    if last.evaluate_signature_coverage() is not SignatureCoverageLevel.ENTIRE_FILE:
        raise Refused("bytes were added behind the last document time-stamp")
    if not exactly_written(examined.pdf, last):
        raise Refused("the place of the last document time-stamp holds something else")
    return f"all {len(examined.pdf)} bytes"


def _unchanged(examined: Examination) -> str:
    first, seal = examined.signatures[NOTARY], examined.signatures[SEAL]
    if first.docmdp_level is not MDPPerm.FILL_FORMS or not examined.certifies(NOTARY):
        raise Refused("the notary's signature does not certify the document against changes")
    if seal.fieldmdp is None or not seal.fieldmdp.is_locked(NOTARY):
        raise Refused("the seal does not lock the certificate")
    for name in examined.signatures:
        state = examined.state(name)
        level = ModificationLevel.LTA_UPDATES if name == SEAL else ModificationLevel.FORM_FILLING
        found = state.modification_level
        if found is None or not isinstance(found, ModificationLevel) or found > level:
            raise Refused(f"the certificate was changed after it was signed in {name}")
        if not state.docmdp_ok:
            raise Refused(f"something was added that the signature in {name} forbids")
    return "certified and sealed, nothing was added but signatures and validation data"


def _times(examined: Examination) -> str:
    last: datetime | None = None
    for name in examined.signatures:
        at = examined.stamped(name)
        if last is not None and at < last:
            raise Refused(f"{name} was time-stamped before the signature that it follows")
        examined.times[name] = last = at
    for stamp in examined.stamps:
        at = examined.sealed(stamp)
        if last is not None and at < last:
            raise Refused("the document time-stamp is older than what it covers")
        last = at
    return ", ".join(f"{name} {at.isoformat()}" for name, at in examined.times.items())


def _trusted(examined: Examination, name: str) -> str:
    moment = examined.moment(name)
    if not examined.trust.notaries.roots and not examined.trust.certificates.roots:
        raise Gap("no root of notaries' certificates is known")
    certificate = examined.signer(name)
    chain = notary_chain(certificate, examined.others(name), examined.trust, moment)
    who = examined.holders[name] = holder(x509.load_der_x509_certificate(certificate))
    return f"{who}; {revocation(chain, examined.trust, moment, examined.helpful.crls)}"


def _second_trusted(examined: Examination) -> str:
    if SECOND not in examined.signatures:
        return "no second notary signed"
    if examined.signer(SECOND) == examined.signer(NOTARY):
        raise Refused("both notaries signed with the same key")
    return _trusted(examined, SECOND)


def _seal_trusted(examined: Examination) -> str:
    moment = examined.moment(SEAL)
    trust = examined.trust
    if not trust.certificates.roots:
        raise Gap("no root of the office is known")
    certificate = examined.signer(SEAL)
    chain = seal_chain(certificate, examined.others(SEAL), trust, moment)
    who = examined.holders[SEAL] = holder(x509.load_der_x509_certificate(certificate))
    return f"{who}; {revocation(chain, trust, moment, examined.helpful.crls)}"


def _check(examined: Examination) -> str:
    expected = examined.known_record().check
    found = examined.attached.get(CHECK)
    if expected is None:
        if found is not None:
            raise Refused(f"{CHECK} is attached, and the record names none")
        return "a revocation rests on no check"
    if found is None:
        raise Refused(f"{CHECK} is not attached to the certificate")
    if hashlib.sha256(found).hexdigest() != expected.sha256:
        raise Refused(f"the {CHECK} attached is not the one that the record names")
    return f"{expected.outcome}, {expected.sha256}"


def _number(examined: Examination) -> str:
    record = examined.known_record()
    title = TITLES[record.kind]
    expected = f"{title.zh} {title.en} {record.number}"
    if examined.title != expected:
        raise Refused(f"the title is not “{expected}”")
    for name, signature in examined.signatures.items():
        if str(signature.sig_object.get("/Reason", "")) != expected:
            raise Refused(f"the signature in {name} is for another certificate")
    return record.number


def _date(examined: Examination) -> str:
    issued, signed = examined.known_record().issued_at, examined.moment(NOTARY)
    if not issued - _BEFORE <= signed <= issued + _AFTER:
        raise Refused(f"issued at {issued.isoformat()} but signed at {signed.isoformat()}")
    return issued.isoformat()


def _field(step: Callable[[Examination, str], str], name: str) -> Step:
    return lambda examined: step(examined, name)


#: Number, code, title, step; the numbers are those of the docstring.
STEPS: Final[tuple[tuple[int, str, str, Step], ...]] = (
    (91, "certificate-readable", "The certificate is a signed and sealed PDF", _readable),
    (92, "certificate-record", "The certificate's record is well formed", _record),
    (93, "certificate-notary", "The notary's signature is intact", _field(_intact, NOTARY)),
    (94, "certificate-second", "The second notary's signature is intact", _second),
    (95, "certificate-seal", "The office's seal is intact", _field(_intact, SEAL)),
    (96, "certificate-whole", "Signatures and time-stamp cover the whole certificate", _whole),
    (97, "certificate-unchanged", "The certificate was not changed since", _unchanged),
    (98, "certificate-times", "The times of signing are stamped", _times),
    (
        99,
        "certificate-notary-trusted",
        "The notary's certificate is a trusted one",
        _field(_trusted, NOTARY),
    ),
    (
        100,
        "certificate-second-trusted",
        "The second notary's certificate is a trusted one",
        _second_trusted,
    ),
    (101, "certificate-seal-trusted", "The seal is the office's", _seal_trusted),
    (102, "certificate-check", "The check attached is the one it rests on", _check),
    (103, "certificate-number", "The certificate bears its number throughout", _number),
    (104, "certificate-date", "It was signed when it was issued", _date),
)
