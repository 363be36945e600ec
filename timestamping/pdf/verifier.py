"""Judging a sealed letter: is the seal intact, whole, unchanged, in time, and whose is it?

Steps; the codes stand beside each of them:

1. ``letter-readable``   a PDF with exactly one seal and at least one document time-stamp
2. ``letter-signature``  the seal's digest and signature are right (RFC 5652 §5.6)
3. ``letter-whole``      the last document time-stamp covers the file to its last byte, the seal
                         all that stood before it (ISO 32000-1 §12.8.1)
4. ``letter-unchanged``  the seal certifies the document and allows no changes (DocMDP 1), and
                         nothing but time-stamps and validation data was added since
5. ``letter-time``       the tokens in the seal and over the file hold, by our own strict verifier
6. ``letter-signer``     a chain leads from the seal's certificate to a trusted root at the time
                         stamped, and no certificate of it was revoked then
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel

from chain_adapter.digest import Digest, digest_of
from chain_adapter.verdict import Check, Outcome
from timestamping.authority.certificates import is_notary, names_a_seal
from timestamping.pdf.attachments import attachments
from timestamping.pdf.embedded import (
    attached_token,
    carried,
    contents,
    exactly_written,
    member,
    range_digest,
)
from timestamping.pdf.errors import BadPdf
from timestamping.pdf.sealer import FIELD, validation_context
from timestamping.trust import TrustStore
from timestamping.verification.report import TokenVerdict
from timestamping.verifier import verify_token

#: A letter larger than this is not read, bytes.
MAX_LETTER: Final = 32 << 20


@dataclass(frozen=True, slots=True)
class SealVerdict:
    """``checks`` are the steps above, those not reached ``unknown``. ``attached`` and ``title`` are
    empty when the PDF could not be read; they are to be believed only when :attr:`ok`."""

    checks: tuple[Check, ...]
    attached: Mapping[str, bytes] = field(default_factory=dict)
    title: str = ""
    signer: str = ""
    signed_at: datetime | None = None

    @property
    def ok(self) -> bool:
        return all(check.passed for check in self.checks)


def verify_seal(pdf: bytes, trust: TrustStore) -> SealVerdict:
    """Judge the letter ``pdf`` by the steps above. Never raises for bad evidence."""
    examination = _Examination(pdf, trust)
    checks: list[Check] = []
    for number, (code, title, step) in enumerate(_STEPS, start=1):
        if checks and not checks[0].passed:
            checks.append(Check(number, code, title, Outcome.UNKNOWN, "the letter is not readable"))
            continue
        try:
            checks.append(Check(number, code, title, Outcome.PASS, step(examination)))
        except _Undecided as gap:
            checks.append(Check(number, code, title, Outcome.UNKNOWN, str(gap)))
        except BadPdf as error:
            checks.append(Check(number, code, title, Outcome.FAIL, str(error)))
        except Exception as error:  # noqa: BLE001
            # A hostile PDF can make the reader fail in any way; whatever it is, it is no pass.
            detail = f"the letter cannot be read: {type(error).__name__}"
            checks.append(Check(number, code, title, Outcome.FAIL, detail))
    return SealVerdict(
        tuple(checks),
        examination.attached,
        examination.title,
        examination.signer,
        examination.signed_at,
    )


def letter_attachments(pdf: bytes) -> dict[str, bytes]:
    """The attachments of a letter, unverified.

    Raises:
        BadPdf: not a readable PDF.
    """
    try:
        reader = PdfFileReader(io.BytesIO(pdf))
        if reader.encrypted:
            raise BadPdf("this PDF is protected by a password: no letter or certificate is")
        return attachments(reader)
    except BadPdf:
        raise
    except Exception as error:
        raise BadPdf(f"this is no readable PDF: {type(error).__name__}") from error


class _Undecided(Exception):
    """The step cannot be decided with what is at hand."""


class _Examination:
    def __init__(self, pdf: bytes, trust: TrustStore) -> None:
        self.pdf = pdf
        self.trust = trust
        self.attached: dict[str, bytes] = {}
        self.title = ""
        self.signer = ""
        self.signed_at: datetime | None = None
        self._status: PdfSignatureStatus | None = None

    def readable(self) -> str:
        if len(self.pdf) > MAX_LETTER:
            raise BadPdf(f"a letter has at most {MAX_LETTER} bytes")
        self.reader = PdfFileReader(io.BytesIO(self.pdf))
        seals = list(self.reader.embedded_regular_signatures)
        self.stamps = list(self.reader.embedded_timestamp_signatures)
        if len(seals) != 1 or seals[0].field_name != FIELD:
            raise BadPdf(f"the letter has {len(seals)} seals, one is needed")
        if not self.stamps:
            raise BadPdf("the letter has no document time-stamp")
        self.seal: EmbeddedPdfSignature = seals[0]
        self.trust = self.trust.merge(carried(self.reader))
        self.attached = attachments(self.reader)
        self.title = str(member(member(self.reader.trailer_view, "/Info", {}), "/Title", ""))
        return f"{len(self.attached)} attachments"

    def signature(self) -> str:
        status = self.status
        if not status.intact:
            raise BadPdf("the letter's bytes are not those that were sealed")
        if not status.valid:
            raise BadPdf("the seal's signature is wrong")
        return f"{status.md_algorithm}, {status.pkcs7_signature_mechanism}"

    def whole(self) -> str:
        coverage = self.seal.evaluate_signature_coverage()
        if coverage not in (
            SignatureCoverageLevel.ENTIRE_REVISION,
            SignatureCoverageLevel.ENTIRE_FILE,
        ):
            raise BadPdf("the seal leaves part of the letter out")
        if self.stamps[-1].evaluate_signature_coverage() is not SignatureCoverageLevel.ENTIRE_FILE:
            raise BadPdf("bytes were added behind the last document time-stamp")
        if not exactly_written(self.pdf, self.stamps[-1]):
            raise BadPdf("the place of the last document time-stamp holds something else")
        return f"all {len(self.pdf)} bytes"

    def unchanged(self) -> str:
        docmdp = self.seal.docmdp_level
        if docmdp is not MDPPerm.NO_CHANGES:
            raise BadPdf("the seal does not certify the letter against changes")
        status = self.status
        if not status.docmdp_ok or status.modification_level not in (
            ModificationLevel.NONE,
            ModificationLevel.LTA_UPDATES,
        ):
            raise BadPdf("the letter was changed after it was sealed")
        return "certified, no changes allowed, none made"

    def time(self) -> str:
        token = attached_token(self.seal)
        signature = self.seal.signer_info["signature"].native
        verdict = verify_token(token, self.trust, digest=digest_of(signature))
        self.signed_at = _gen_time(verdict, "the seal's time-stamp")
        for stamp in self.stamps:
            imprint = Digest(stamp.external_md_algorithm, range_digest(stamp))
            document = verify_token(contents(stamp), self.trust, digest=imprint)
            _gen_time(document, "the document time-stamp")
        return self.signed_at.isoformat()

    def chain(self) -> str:
        if self.signed_at is None:
            raise _Undecided("not examined, because the time of the seal is not certain")
        if not self.trust.roots:
            raise _Undecided("no trusted root is known")
        status = self._validated(self.signed_at)
        self.signer = status.signing_cert.subject.human_friendly
        if status.revoked:
            raise BadPdf(f"the seal's certificate was revoked: {self.signer}")
        if not status.trusted:
            raise BadPdf(f"no trusted and unrevoked chain at that time: {self.signer}")
        if "digital_signature" not in status.signing_cert.key_usage_value.native:
            raise BadPdf("the seal's certificate is not for signing")
        require_seal(status.signing_cert.dump())
        return self.signer

    @property
    def status(self) -> PdfSignatureStatus:
        """Integrity and changes; says nothing of trust."""
        if self._status is None:
            self._status = self._validated(None)
        return self._status

    def _validated(self, moment: datetime | None) -> PdfSignatureStatus:
        """Without a moment integrity and changes, with one the signer at that time. Looking for
        changes is most of the work, and what it finds does not depend on the moment."""
        mode = "soft-fail" if moment is None else "hard-fail"
        reader = PdfFileReader(io.BytesIO(self.pdf))
        return validate_pdf_signature(
            next(iter(reader.embedded_regular_signatures)),
            signer_validation_context=validation_context(self.trust, moment, mode),
            ts_validation_context=validation_context(self.trust, moment),
            skip_diff=moment is not None,
        )


def require_seal(certificate: bytes) -> None:
    """The certificate (DER) is a seal's: roots vouch for time-stamps and for notaries too.

    Raises:
        BadPdf: it is somebody else's.
    """
    leaf = x509.load_der_x509_certificate(certificate)
    if is_notary(leaf) or not names_a_seal(leaf):
        raise BadPdf("the key that sealed it is not the office's seal")


def without_anchor(verdict: TokenVerdict) -> bool:
    """Whether nothing is held against a token but that no root is known to judge it by."""
    return {check.code for check in verdict.checks if check.failed} == {"no-trust-root"}


def _gen_time(verdict: TokenVerdict, name: str) -> datetime:
    if verdict.failed is not None and not without_anchor(verdict):
        raise BadPdf(f"{name} is refused: {verdict.failed.detail}")
    if verdict.token is None:
        gap = verdict.failed or verdict.undecided
        reason = gap.detail if gap else "not examined"
        raise _Undecided(f"{name} cannot be decided: {reason}")
    return verdict.token.gen_time


_Step = Callable[[_Examination], str]
_STEPS: Final[tuple[tuple[str, str, _Step], ...]] = (
    ("letter-readable", "The letter is a sealed PDF", _Examination.readable),
    ("letter-signature", "The letter's seal is intact", _Examination.signature),
    ("letter-whole", "Seal and time-stamp cover the whole letter", _Examination.whole),
    ("letter-unchanged", "The letter was not changed since", _Examination.unchanged),
    ("letter-time", "The time of the seal is stamped", _Examination.time),
    ("letter-signer", "The seal is a trusted one", _Examination.chain),
)
