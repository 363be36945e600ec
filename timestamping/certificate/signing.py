"""Signing a certificate: the notary, perhaps a second one, then the office's seal over all of it.

The unsigned PDF first gets its signature fields, and nothing else may be added to it ever after:

1. ``Notary``: the notary's own key. It certifies the document, allowing only that the prepared
   fields be signed (DocMDP 2, ISO 32000-1 §12.8.2.2). PAdES B-T.
2. ``Second``: where a second notary signs. PAdES B-T.
3. ``Seal``: the office's key and its visible seal. Its field locks all fields and forbids further
   changes (FieldMDP All, DocMDP 1; ISO 32000-2 §12.7.5.5).
4. Certificates and revocation lists of all signatures (DSS) and a document time-stamp over
   everything, in one revision: PAdES B-LTA (ETSI EN 319 142-1 §6). Later time-stamps may follow.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from asn1crypto import crl, x509
from pyhanko.pdf_utils.content import RawContent
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.misc import PdfError as PyHankoPdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import (
    FieldMDPAction,
    FieldMDPSpec,
    MDPPerm,
    SigFieldSpec,
    SigSeedSubFilter,
    append_signature_field,
)
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfTimeStamper
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko.sign.signers.pdf_signer import TimestampDSSContentSettings
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator.errors import ValidationError

from timestamping.certificate.data import NotaryPerson
from timestamping.certificate.errors import BadRecord
from timestamping.certificate.layout import (
    NOTARY,
    PLACE,
    RECORD,
    SEAL,
    SECOND,
    STAMP_FIELD,
    box,
    size,
)
from timestamping.certificate.record import CertificateRecord, read_record
from timestamping.certificate.signer import NotaryCms, NotarySigner
from timestamping.certificate.stamp import name_stamp
from timestamping.certificate.words import TITLES
from timestamping.pdf.attachments import attachments
from timestamping.pdf.embedded import member
from timestamping.pdf.errors import BadPdf, SealError
from timestamping.pdf.sealer import PlainPdfSigner, Sealer, drawn_style, validation_context
from timestamping.trust import TrustStore


def sign_certificate(pdf: bytes, signers: Sequence[NotarySigner], sealer: Sealer) -> bytes:
    """The certificate, signed and sealed. One signature and one token for each of the notaries and
    the seal, and a token over everything.

    ``pdf`` is what ``render_certificate`` made, no draft; ``signers`` the first notary's key and,
    where the record names a second notary, theirs.

    Raises:
        SealError: no such PDF, keys too few or too many or one twice, or a chain that cannot be
            completed.
        SigningKeyError: a token that was there is not any more.
        TimestampError: no time-stamp was to be had.
    """
    try:
        record = _record(pdf)
        people = [each for each in (record.notary, record.second) if each is not None]
        _require_keys(people, signers)
        fields = (NOTARY, SECOND)[: len(people)]
        made = _with_fields(pdf, fields)
        for field, person, signer in zip(fields, people, signers, strict=True):
            made = _signed(made, field, person, signer, sealer, record)
        made = _sealed(made, sealer, record)
        return _archived(made, signers, sealer)
    except (SigningError, ValidationError, PyHankoPdfError) as error:
        sealer.forget_clock()
        raise SealError(f"the certificate cannot be signed: {error}") from error


def _record(pdf: bytes) -> CertificateRecord:
    try:
        return read_record(attachments(PdfFileReader(io.BytesIO(pdf)))[RECORD])
    except (BadPdf, BadRecord, LookupError) as error:
        raise SealError("this PDF is no certificate that could be signed") from error


def _require_keys(people: Sequence[NotaryPerson], signers: Sequence[NotarySigner]) -> None:
    if len(signers) != len(people):
        raise SealError(f"{len(people)} notaries sign this certificate, not {len(signers)}")
    if len({each.fingerprint for each in signers}) != len(signers):
        raise SealError("two notaries do not sign with one key")


def _with_fields(pdf: bytes, notaries: Sequence[str]) -> bytes:
    """The empty places, all at once, before anybody signs."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    page = _page(writer)
    for name in notaries:
        append_signature_field(
            writer,
            SigFieldSpec(name, on_page=page, box=box(name), empty_field_appearance=True),
        )
    lock = FieldMDPSpec(FieldMDPAction.ALL)
    append_signature_field(
        writer,
        SigFieldSpec(
            SEAL,
            on_page=page,
            box=box(SEAL),
            empty_field_appearance=True,
            field_mdp_spec=lock,
            doc_mdp_update_value=MDPPerm.NO_CHANGES,
        ),
    )
    out = io.BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]
    return out.getvalue()


def _page(writer: IncrementalPdfFileWriter) -> int:
    """The page of the named destination, counted from 0."""
    names = writer.root["/Names"]["/Dests"]["/Names"]
    target = next((names[at + 1] for at in range(0, len(names), 2) if names[at] == PLACE), None)
    if target is None:
        raise SealError("the PDF has no place for signatures")
    destination = member(target, "/D", target)
    wanted = destination.raw_get(0)
    return _pages(writer.root["/Pages"], writer.root["/Pages"].container_ref).index(
        (wanted.idnum, wanted.generation)
    )


def _pages(node: Any, reference: Any) -> list[tuple[int, int]]:
    """References of all pages in their order (ISO 32000-1 §7.7.3)."""
    if "/Kids" not in node:
        return [(reference.idnum, reference.generation)]
    kids = node["/Kids"]
    return [page for at in range(len(kids)) for page in _pages(kids[at], kids.raw_get(at))]


def _signed(
    pdf: bytes,
    field: str,
    person: NotaryPerson,
    signer: NotarySigner,
    sealer: Sealer,
    record: CertificateRecord,
) -> bytes:
    width, height = size(field)
    left, bottom, right, top = box(field)
    place = BoxConstraints(width=right - left, height=top - bottom)
    drawn = RawContent(data=name_stamp(person, width, height), box=place)
    first = field == NOTARY
    metadata = PdfSignatureMetadata(
        field_name=field,
        md_algorithm="sha256",
        name=person.name,
        reason=f"{TITLES[record.kind].zh} {TITLES[record.kind].en} {record.number}",
        location=sealer.location or None,
        subfilter=SigSeedSubFilter.PADES,
        certify=first,
        docmdp_permissions=MDPPerm.FILL_FORMS,
    )
    return _apply(pdf, metadata, NotaryCms(signer), sealer, drawn_style(drawn))


def _sealed(pdf: bytes, sealer: Sealer, record: CertificateRecord) -> bytes:
    metadata = PdfSignatureMetadata(
        field_name=SEAL,
        md_algorithm="sha256",
        name=sealer.name,
        reason=f"{TITLES[record.kind].zh} {TITLES[record.kind].en} {record.number}",
        location=sealer.location or None,
        subfilter=SigSeedSubFilter.PADES,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    return _apply(pdf, metadata, sealer.signer, sealer, sealer.style)


def _apply(
    pdf: bytes,
    metadata: PdfSignatureMetadata,
    signer: Signer,
    sealer: Sealer,
    style: StaticStampStyle,
) -> bytes:
    out = io.BytesIO()
    PlainPdfSigner(
        metadata, signer=signer, timestamper=sealer.timestamper(), stamp_style=style
    ).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), existing_fields_only=True, output=out)
    return out.getvalue()


def _archived(pdf: bytes, signers: Sequence[NotarySigner], sealer: Sealer) -> bytes:
    """What is needed to judge each signature later, and a time-stamp over the whole file."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    office = sealer.trust()
    seal = sealer.signer.certificate
    store = office
    for signer in signers:
        store = store.merge(signer.store).merge(TrustStore((), (signer.certificate,)))
    # Everything known goes in at once; lists of strangers do no harm, a missing one would.
    DocumentSecurityStore.supply_dss_in_writer(
        writer,
        sig_contents=None,
        certs=[x509.Certificate.load(der) for der in (*store.intermediates, *store.roots, seal)],
        crls=[crl.CertificateList.load(der) for der in store.crls],
    )
    out = io.BytesIO()
    PdfTimeStamper(sealer.timestamper(), STAMP_FIELD).timestamp_pdf(
        writer,
        "sha256",
        validation_context=validation_context(office),
        output=out,
        dss_settings=TimestampDSSContentSettings(include_vri=False, update_before_ts=True),
    )
    return out.getvalue()
