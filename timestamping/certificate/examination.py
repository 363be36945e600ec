"""One examination of a signed certificate: what its steps share. Nothing here believes anything."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Final

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature, read_certification_data
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import PdfSignatureStatus

from chain_adapter.digest import Digest, digest_of
from timestamping.certificate.errors import BadRecord
from timestamping.certificate.layout import NOTARY, RECORD, SEAL, SECOND
from timestamping.certificate.record import CertificateRecord, read_record
from timestamping.package.grounds import Gap, Refused
from timestamping.package_trust import PackageTrust
from timestamping.pdf.attachments import attachments
from timestamping.pdf.embedded import attached_token, carried, contents, member, range_digest
from timestamping.pdf.sealer import validation_context
from timestamping.pdf.verifier import MAX_LETTER, without_anchor
from timestamping.trust import TrustStore
from timestamping.verification.report import TokenVerdict
from timestamping.verifier import verify_token

#: A certificate larger than this is not read, bytes.
MAX_CERTIFICATE: Final = MAX_LETTER
_FIELDS: Final = ((NOTARY, SEAL), (NOTARY, SECOND, SEAL))
#: Fitness is judged by our own rules; pyHanko is asked for integrity and changes only.
_ANY_USAGE: Final = KeyUsageConstraints(key_usage=set(), extd_key_usage=None)


@dataclass
class Examination:
    """``signatures`` by field, ``stamps`` in order; both once :meth:`open` was through."""

    pdf: bytes
    trust: PackageTrust
    signatures: dict[str, EmbeddedPdfSignature] = field(default_factory=dict)
    stamps: list[EmbeddedPdfSignature] = field(default_factory=list)
    attached: Mapping[str, bytes] = field(default_factory=dict)
    title: str = ""
    times: dict[str, datetime] = field(default_factory=dict)
    holders: dict[str, str] = field(default_factory=dict)
    helpful: TrustStore = field(default_factory=TrustStore)
    _states: dict[str, PdfSignatureStatus] = field(default_factory=dict)

    def open(self) -> None:
        """Read the PDF.

        Raises:
            Refused: too large, protected, or not signed as a certificate is. Whatever else a
                hostile PDF makes the reader raise is the caller's to catch.
        """
        if len(self.pdf) > MAX_CERTIFICATE:
            raise Refused(f"a certificate has at most {MAX_CERTIFICATE} bytes")
        reader = PdfFileReader(io.BytesIO(self.pdf))
        if reader.encrypted:
            raise Refused("the PDF is protected by a password, which no certificate is")
        found = list(reader.embedded_signatures)
        regular = [each for each in found if each in reader.embedded_regular_signatures]
        names = tuple(each.field_name for each in regular)
        if names not in _FIELDS:
            said = ", ".join(names) or "none"
            raise Refused(f"signed in the fields {said}; a certificate in Notary, Second and Seal")
        stamps = [each for each in found if each not in regular]
        if not stamps or found[: len(regular)] != regular:
            raise Refused("the certificate has no document time-stamp after its seal")
        if next(enumerate_sig_fields(reader, filled_status=False), None) is not None:
            raise Refused("the certificate has a place for a further signature")
        self.attached = attachments(reader)
        self.title = str(member(member(reader.trailer_view, "/Info", {}), "/Title", ""))
        self.helpful = carried(reader)
        self.signatures, self.stamps = dict(zip(names, regular, strict=True)), stamps

    @cached_property
    def record(self) -> CertificateRecord:
        """The record attached, well formed.

        Raises:
            Refused: it is missing or not.
        """
        if RECORD not in self.attached:
            raise Refused(f"{RECORD} is not attached to the certificate")
        try:
            return read_record(self.attached[RECORD])
        except BadRecord as error:
            raise Refused(str(error)) from error

    def certifies(self, name: str) -> bool:
        """Whether this signature is the one that certifies the document (ISO 32000-1 §12.8.4)."""
        found = read_certification_data(self.signatures[name].reader)
        mine = self.signatures[name].sig_object
        return found is not None and found.author_sig.container_ref == mine.container_ref

    def known_record(self) -> CertificateRecord:
        """The record for steps that only need it (raises :class:`Gap` when there is none)."""
        try:
            return self.record
        except Refused as refusal:
            raise Gap("not examined, because the record cannot be read") from refusal

    def state(self, name: str) -> PdfSignatureStatus:
        """Integrity of a signature, and what was changed since; says nothing of trust."""
        if name not in self._states:
            # Roots only spare a complaint in the log: who may sign is asked elsewhere.
            known = self.trust.notaries.merge(self._tokens_trust)
            store = TrustStore(known.roots, known.intermediates)
            self._states[name] = validate_pdf_signature(
                self.signatures[name],
                signer_validation_context=validation_context(store),
                ts_validation_context=validation_context(store),
                key_usage_settings=_ANY_USAGE,
            )
        return self._states[name]

    def stamped(self, name: str) -> datetime:
        """When a signature was made, by the time-stamp that it carries.

        Raises:
            Refused, Gap: the token does not hold, or cannot be judged.
        """
        signature = self.signatures[name]
        token = attached_token(signature)
        value = signature.signer_info["signature"].native
        verdict = verify_token(token, self._tokens_trust, digest=digest_of(value))
        return _gen_time(verdict, f"the time-stamp of {name}")

    def sealed(self, stamp: EmbeddedPdfSignature) -> datetime:
        """When a document time-stamp was made."""
        imprint = Digest(stamp.external_md_algorithm, range_digest(stamp))
        verdict = verify_token(contents(stamp), self._tokens_trust, digest=imprint)
        return _gen_time(verdict, "the document time-stamp")

    @property
    def _tokens_trust(self) -> TrustStore:
        return self.trust.certificates.merge(self.helpful)

    def signer(self, name: str) -> bytes:
        """DER of the certificate that a signature names."""
        return bytes(self.signatures[name].signer_cert.dump())

    def others(self, name: str) -> tuple[bytes, ...]:
        """Certificates that came along, DER: help for building a chain."""
        own = tuple(bytes(each.dump()) for each in self.signatures[name].other_embedded_certs)
        return (*own, *self.helpful.intermediates)

    def moment(self, name: str) -> datetime:
        if name not in self.times:
            raise Gap("not examined, because the time of the signature is not certain")
        return self.times[name]


def _gen_time(verdict: TokenVerdict, name: str) -> datetime:
    if verdict.failed is not None and not without_anchor(verdict):
        raise Refused(f"{name} is refused: {verdict.failed.detail}")
    if verdict.token is None:
        gap = verdict.failed or verdict.undecided
        raise Gap(f"{name} cannot be decided: {gap.detail if gap else 'not examined'}")
    return verdict.token.gen_time
