"""Checks 91 to 104, each passing and each failing."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography import x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.generic import pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign.fields import (
    FieldMDPAction,
    FieldMDPSpec,
    MDPPerm,
    SigFieldSpec,
    append_signature_field,
)
from pyhanko.sign.signers import PdfTimeStamper

from chain_adapter.trust import Trust
from chain_adapter.verdict import Outcome
from tests.timestamping.certificate.office import FIRST, PASSWORD, SECOND_PERSON, Bureau, notary
from tests.timestamping.evidence import House, flipped, sealer_of
from timestamping.authority import make_notary_key
from timestamping.authority.embedded import EmbeddedStamper
from timestamping.authority.pki import SealKey
from timestamping.certificate import (
    CertificateVerdict,
    NotarySigner,
    record_document,
    render_certificate,
    sign_certificate,
    verify_certificate,
    verifying,
)
from timestamping.certificate import signing as steps
from timestamping.certificate.examination import Examination
from timestamping.certificate.layout import NOTARY, SEAL, SECOND, box
from timestamping.certificate.pkcs12 import open_pkcs12
from timestamping.certificate.signer import _signing
from timestamping.certificate.verifying import STEPS
from timestamping.package_trust import PackageTrust
from timestamping.pdf.attachments import attachments
from timestamping.pdf.sealer import Sealer
from timestamping.trust import TrustStore
from timestamping.verification.report import Undecided


def failing(verdict: CertificateVerdict) -> set[int]:
    return {check.number for check in verdict.checks if check.failed}


def outcome(verdict: CertificateVerdict, number: int) -> Outcome:
    return next(check.outcome for check in verdict.checks if check.number == number)


def judged(bureau: Bureau, pdf: bytes) -> CertificateVerdict:
    return verify_certificate(pdf, bureau.trust)


def test_a_certificate_passes_every_check(bureau: Bureau, certificate: bytes) -> None:
    verdict = judged(bureau, certificate)
    assert [check.number for check in verdict.checks] == list(range(91, 105))
    assert verdict.ok, verdict.failed
    assert verdict.record is not None
    assert verdict.record.number == "2026-DEMO-000123"
    assert verdict.holders[NOTARY] == "李公正"
    assert verdict.times[NOTARY] <= verdict.times[SEAL]


def test_so_does_one_of_two_notaries(bureau: Bureau, certificate_of_two: bytes) -> None:
    verdict = judged(bureau, certificate_of_two)
    assert verdict.ok, verdict.failed
    assert verdict.holders[SECOND] == "王见证"


def test_and_corrections_and_revocations(bureau: Bureau) -> None:
    assert judged(bureau, bureau.sign(bureau.correction())).ok
    assert judged(bureau, bureau.sign(bureau.revocation())).ok


def test_the_docstring_numbers_the_checks() -> None:
    for number, code, _, _ in STEPS:
        assert f"{number:3d}. ``{code}``" in (verifying.__doc__ or "")


# 91 ------------------------------------------------------------------------------------------


def test_91_unsigned_and_half_signed(bureau: Bureau) -> None:
    for pdf in (
        render_certificate(bureau.data()),
        bureau.forge(bureau.data(), stop="seal"),
        bureau.forge(bureau.data(), stop="archive"),
    ):
        verdict = judged(bureau, pdf)
        assert failing(verdict) == {91}
        assert {check.outcome for check in verdict.checks[1:]} == {Outcome.UNKNOWN}


def test_91_a_letter_is_no_certificate(bureau: Bureau) -> None:
    assert failing(judged(bureau, bureau.letter)) == {91}


def test_91_a_further_place_to_sign(bureau: Bureau) -> None:
    def one_more(pdf: bytes, fields: Sequence[str]) -> bytes:
        writer = IncrementalPdfFileWriter(io.BytesIO(steps._with_fields(pdf, fields)))
        append_signature_field(writer, SigFieldSpec("Third", box=(0, 0, 50, 50)))
        out = io.BytesIO()
        writer.write(out)
        return out.getvalue()

    assert failing(judged(bureau, bureau.forge(bureau.data(), prepare=one_more))) == {91}


def test_91_two_seals(bureau: Bureau) -> None:
    """A second seal over the first one, in a field of another name."""

    def two(pdf: bytes, fields: Sequence[str]) -> bytes:
        return steps._with_fields(pdf, (*fields, "Seal2"))

    original = box
    data = bureau.data()
    steps.box = lambda name: original(SEAL if name == "Seal2" else name)
    try:
        once = bureau.forge(data, prepare=two, stop="archive")
    finally:
        steps.box = original
    metadata = steps.PdfSignatureMetadata(field_name="Seal2", md_algorithm="sha256")
    twice = steps._apply(once, metadata, bureau.sealer.signer, bureau.sealer, bureau.sealer.style)
    verdict = judged(bureau, steps._archived(twice, [bureau.first], bureau.sealer))
    assert failing(verdict) == {91}


def test_91_a_password(bureau: Bureau, certificate: bytes) -> None:
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(certificate)))
    writer.encrypt(owner_pass="o", user_pass="u")
    out = io.BytesIO()
    writer.write(out)
    verdict = judged(bureau, out.getvalue())
    assert failing(verdict) == {91}
    assert "password" in verdict.checks[0].detail


@pytest.mark.parametrize("part", [0, 5, 1000, 100_000, -1, -400])
def test_91_cut_short(bureau: Bureau, certificate: bytes, part: int) -> None:
    assert not judged(bureau, certificate[:part]).ok


@pytest.mark.parametrize("junk", [b"\x00", b"%PDF-1.7\n", b"trailer <<>> startxref 0 %%EOF "])
def test_91_a_hundred_megabytes_of_junk(bureau: Bureau, junk: bytes) -> None:
    verdict = judged(bureau, b"%PDF-" + junk * (100_000_000 // len(junk)))
    assert failing(verdict) == {91}
    assert "at most" in verdict.checks[0].detail


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=600))
def test_91_no_bytes_make_it_raise(bureau: Bureau, data: bytes) -> None:
    assert failing(judged(bureau, b"%PDF-1.7\n" + data)) == {91}


# 92 ------------------------------------------------------------------------------------------


def attached_as(name: str, data: bytes | None) -> Any:
    """Attach something else than the certificate says."""

    def edit(shown: dict[str, Any]) -> None:
        rows = [each for each in shown["attachments"] if each["name"] != name]
        if data is not None:
            old = next(each for each in shown["attachments"] if each["name"] == name)
            rows.append({**old, "data": data.decode()})
        shown["attachments"] = rows

    return edit


def test_92_the_record_is_missing_or_malformed(bureau: Bureau) -> None:
    data = bureau.data()
    for record in (None, b"{}", rfc8785.dumps({"schema": "notary/certificate/v1"})):
        verdict = judged(bureau, bureau.forge(data, edit=attached_as("certificate.json", record)))
        assert failing(verdict) == {92}
        assert outcome(verdict, 103) is Outcome.UNKNOWN


def test_92_a_failed_check_is_never_certified(bureau: Bureau) -> None:
    data = bureau.data()
    value = json.loads(record_document(data))
    value["check"]["outcome"] = "fail"
    value["check"]["groups"]["time"] = "fail"
    forged = bureau.forge(data, edit=attached_as("certificate.json", rfc8785.dumps(value)))
    assert failing(judged(bureau, forged)) == {92}


# 93 to 96 ------------------------------------------------------------------------------------


def ends(pdf: bytes) -> dict[str, list[int]]:
    """The byte range of each signature, by field."""
    reader = PdfFileReader(io.BytesIO(pdf))
    return {
        each.field_name: [int(n) for n in each.byte_range] for each in reader.embedded_signatures
    }


def test_93_a_byte_of_the_text(bureau: Bureau, certificate: bytes) -> None:
    """Everything signed covers it, so every signature breaks."""
    at = certificate.index(b"/Producer")
    verdict = judged(bureau, flipped(certificate, at + 2))
    assert {93, 95} <= failing(verdict)


def test_94_second_missing_or_too_many(bureau: Bureau) -> None:
    of_two = bureau.data(second=SECOND_PERSON)
    verdict = judged(bureau, bureau.forge(of_two))
    assert failing(verdict) == {94}
    both = [bureau.first, bureau.second]
    verdict = judged(bureau, bureau.forge(bureau.data(), keys=both))
    assert failing(verdict) == {94}


def test_94_a_byte_before_the_second(bureau: Bureau, certificate_of_two: bytes) -> None:
    """Behind the first signature, before the second: the first one is intact."""
    _, _, start, length = ends(certificate_of_two)[NOTARY]
    at = certificate_of_two.index(b"/Reason", start + length)
    verdict = judged(bureau, flipped(certificate_of_two, at + 12))
    assert {94, 95} <= failing(verdict)
    assert outcome(verdict, 93) is Outcome.PASS


def test_95_a_byte_of_the_seal(bureau: Bureau, certificate: bytes) -> None:
    _, _, start, length = ends(certificate)[NOTARY]
    at = certificate.index(b"/Reason", start + length)
    verdict = judged(bureau, flipped(certificate, at + 12))
    assert 95 in failing(verdict)
    assert outcome(verdict, 93) is Outcome.PASS


def test_96_bytes_behind_the_end(bureau: Bureau, certificate: bytes) -> None:
    assert 96 in failing(judged(bureau, certificate + b"\n% more\n"))


def test_96_something_beside_the_last_time_stamp(bureau: Bureau, certificate: bytes) -> None:
    """The gap of the last byte range is covered by no digest: it must hold the token alone."""
    reader = PdfFileReader(io.BytesIO(certificate))
    last = list(reader.embedded_timestamp_signatures)[-1]
    first, length, second, _ = (int(n) for n in last.byte_range)
    token = certificate[first + length : second].rstrip(b">").rstrip(b"0")
    at = first + length + len(token) + 40
    changed = certificate[:at] + b"A" + certificate[at + 1 :]
    assert not judged(bureau, changed).ok


# 97 ------------------------------------------------------------------------------------------


def test_97_an_incremental_update_after_the_seal(bureau: Bureau, certificate: bytes) -> None:
    """Even with a time-stamp of the office's own authority over it."""
    writer = IncrementalPdfFileWriter(io.BytesIO(certificate))
    writer.root["/Lang"] = pdf_string("fr")
    writer.update_root()
    out = io.BytesIO()
    stamper = PdfTimeStamper(bureau.sealer.timestamper(), "Later")
    stamper.timestamp_pdf(writer, "sha256", output=out)
    verdict = judged(bureau, out.getvalue())
    assert failing(verdict) == {97}


def test_97_a_later_time_stamp_is_welcome(bureau: Bureau, certificate: bytes) -> None:
    out = io.BytesIO()
    stamper = PdfTimeStamper(bureau.sealer.timestamper(), "Renewal")
    stamper.timestamp_pdf(IncrementalPdfFileWriter(io.BytesIO(certificate)), "sha256", output=out)
    verdict = judged(bureau, out.getvalue())
    assert verdict.ok, verdict.failed


def test_97_a_seal_that_locks_nothing(bureau: Bureau) -> None:
    def unlocked(pdf: bytes, fields: Sequence[str]) -> bytes:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        for name in (*fields, SEAL):
            append_signature_field(writer, SigFieldSpec(name, on_page=1, box=box(name)))
        out = io.BytesIO()
        writer.write(out)
        return out.getvalue()

    assert failing(judged(bureau, bureau.forge(bureau.data(), prepare=unlocked))) == {97}


@pytest.mark.parametrize("allowed", [MDPPerm.ANNOTATE, None])
def test_97_a_notary_who_does_not_certify(
    bureau: Bureau, allowed: MDPPerm | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = steps.PdfSignatureMetadata

    def lenient(**values: Any) -> Any:
        if values["field_name"] == NOTARY:
            values["certify"] = allowed is not None
            values["docmdp_permissions"] = allowed or MDPPerm.FILL_FORMS
        return made(**values)

    monkeypatch.setattr(steps, "PdfSignatureMetadata", lenient)
    assert failing(judged(bureau, bureau.forge(bureau.data()))) == {97}


def test_97_a_changed_attachment(bureau: Bureau, certificate: bytes) -> None:
    """The attached record exchanged by an incremental update, then time-stamped anew."""
    writer = IncrementalPdfFileWriter(io.BytesIO(certificate))
    names = writer.root["/Names"]["/EmbeddedFiles"]["/Names"]
    spec = next(names[at + 1] for at in range(0, len(names), 2) if "cert" in str(names[at]))
    stream = spec["/EF"]["/F"]
    stream._data = stream.data.replace(b"000123", b"000999")
    stream._encoded_data = None
    stream.pop("/Filter", None)
    writer.mark_update(stream.container_ref)
    out = io.BytesIO()
    PdfTimeStamper(bureau.sealer.timestamper(), "Later").timestamp_pdf(writer, "sha256", output=out)
    assert b"000999" in attachments(PdfFileReader(io.BytesIO(out.getvalue())))["certificate.json"]
    assert 97 in failing(judged(bureau, out.getvalue()))


# 98 to 101 -----------------------------------------------------------------------------------


def test_98_a_signature_without_a_time_stamp(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = steps.PlainPdfSigner

    def bare(metadata: Any, *, signer: Any, timestamper: Any, stamp_style: Any) -> Any:
        clock = timestamper if metadata.field_name == SEAL else None
        return made(metadata, signer=signer, timestamper=clock, stamp_style=stamp_style)

    made = signer
    monkeypatch.setattr(steps, "PlainPdfSigner", bare)
    verdict = judged(bureau, bureau.forge(bureau.data()))
    assert failing(verdict) == {98}
    assert outcome(verdict, 99) is Outcome.UNKNOWN


def test_98_time_stamps_of_a_strange_authority(bureau: Bureau, tmp_path: Path) -> None:
    strange = sealer_of(House.at(tmp_path))
    mixed = bureau.forge(bureau.data(), stop="archive")
    verdict = judged(bureau, steps._archived(mixed, [bureau.first], strange))
    assert failing(verdict) == {98}


def test_99_and_101_an_imitation_signed_by_somebody_else(bureau: Bureau, tmp_path: Path) -> None:
    """The same office's name, the same notary's name, other keys: everything but trust holds."""
    imitator = Bureau.of(House.at(tmp_path))
    forged = imitator.sign(imitator.data())
    assert verify_certificate(forged, imitator.trust).ok
    verdict = judged(bureau, forged)
    assert {98} <= failing(verdict)
    assert outcome(verdict, 99) is Outcome.UNKNOWN
    # Even where its time-stamps came from an authority that both believe in.
    both = House.at(tmp_path)
    both.pki, keys = bureau.house.pki, [imitator.first]
    false = Sealer(
        imitator.house.pki.seal,
        EmbeddedStamper(both.pki.authority(), both.pki.trust),
        lambda: both.pki.trust().merge(imitator.house.pki.trust()),
        name="示范公证存证平台",
    )
    mixed, imitator.sealer = bureau.data(), false
    assert failing(judged(bureau, imitator.forge(mixed, keys=keys))) == {99, 101}


def test_99_a_notary_nobody_vouches_for(bureau: Bureau, tmp_path: Path) -> None:
    stranger = notary(House.at(tmp_path), FIRST.name)
    verdict = judged(bureau, bureau.forge(bureau.data(), keys=[stranger]))
    assert failing(verdict) == {99}
    assert "no chain" in next(c.detail for c in verdict.checks if c.number == 99)


def test_99_the_seal_is_no_notary(bureau: Bureau) -> None:
    """Nor is the time-stamping authority: both are under the same root as the office's notaries."""
    seal = bureau.house.pki.seal
    pretender = NotarySigner.__new__(NotarySigner)  # what it takes to be made, it would not pass
    pretender.__dict__.update(bureau.first.__dict__)
    pretender.certificate, pretender.chain = seal.certificate, seal.chain
    pretender._read = x509.load_der_x509_certificate(seal.certificate)
    pretender.sign = _signing(seal.key)
    for anchors in (
        bureau.trust,
        dataclasses.replace(bureau.trust, seal=(), notaries=bureau.trust.certificates),
    ):
        verdict = verify_certificate(bureau.forge(bureau.data(), keys=[pretender]), anchors)
        assert failing(verdict) == {99}


def test_99_revoked_before_it_was_signed_and_after(tmp_path: Path) -> None:
    bureau = Bureau.of(House.at(tmp_path))
    data = bureau.data()
    before = bureau.sign(data)
    time.sleep(1.1)  # revocation lists know whole seconds
    bureau.house.pki.revoke(bureau.first.certificate, x509.ReasonFlags.key_compromise)
    assert verify_certificate(before, bureau.trust).ok, "time-stamped before the revocation"
    after = bureau.sign(bureau.data())
    verdict = verify_certificate(after, bureau.trust)
    assert failing(verdict) == {99}
    assert "revoked" in next(check.detail for check in verdict.checks if check.number == 99)


def test_99_no_list_tells(bureau: Bureau, certificate: bytes) -> None:
    """Nothing known against it is not the same as known to be good."""
    examined = Examination(certificate, bureau.trust)
    examined.open()
    bare = dataclasses.replace(bureau.trust.certificates, crls=())
    examined.trust = dataclasses.replace(bureau.trust, certificates=bare)
    examined.helpful = TrustStore()
    examined.times[NOTARY] = datetime.now(UTC)
    with pytest.raises(Undecided, match="no revocation list"):
        STEPS[8][3](examined)


def test_without_any_root_nothing_is_decided(bureau: Bureau, certificate: bytes) -> None:
    verdict = verify_certificate(certificate, PackageTrust(TrustStore(), Trust()))
    assert failing(verdict) == set()
    assert outcome(verdict, 98) is Outcome.UNKNOWN
    assert outcome(verdict, 99) is Outcome.UNKNOWN


def test_100_one_key_for_two(bureau: Bureau) -> None:
    data = bureau.data(second=SECOND_PERSON)
    verdict = judged(bureau, bureau.forge(data, keys=[bureau.first, bureau.first]))
    assert failing(verdict) == {100}


def test_100_a_second_nobody_vouches_for(bureau: Bureau, tmp_path: Path) -> None:
    stranger = notary(House.at(tmp_path), SECOND_PERSON.name)
    data = bureau.data(second=SECOND_PERSON)
    verdict = judged(bureau, bureau.forge(data, keys=[bureau.first, stranger]))
    assert failing(verdict) == {100}


def test_101_sealed_with_a_notarys_key(bureau: Bureau) -> None:
    made = make_notary_key(bureau.house.pki, "示范 Document Seal 1", PASSWORD, rounds=1)
    opened = open_pkcs12(made.pkcs12, PASSWORD)
    seal = SealKey(opened.certificate, (bureau.house.pki.root,), opened.key)
    pki = bureau.house.pki
    false = Sealer(seal, EmbeddedStamper(pki.authority(), pki.trust), pki.trust, name="示范")
    assert failing(judged(bureau, bureau.forge(bureau.data(), sealer=false))) == {101}


# 102 to 104 ----------------------------------------------------------------------------------


def test_102_another_check(bureau: Bureau) -> None:
    for check in (None, b'{"schema":"notary/check/v1"}'):
        forged = bureau.forge(bureau.data(), edit=attached_as("check.json", check))
        assert failing(judged(bureau, forged)) == {102}


def test_102_a_revocation_rests_on_no_check(bureau: Bureau) -> None:
    def add(shown: dict[str, Any]) -> None:
        row = dict(shown["attachments"][0])
        shown["attachments"].append({**row, "name": "check.json", "data": "{}"})

    assert failing(judged(bureau, bureau.forge(bureau.revocation(), edit=add))) == {102}


def test_103_another_number_in_the_title_or_the_signature(bureau: Bureau) -> None:
    def retitle(shown: dict[str, Any]) -> None:
        shown["title"] = shown["title"].replace("000123", "000124")

    assert failing(judged(bureau, bureau.forge(bureau.data(), edit=retitle))) == {103}


def test_104_signed_on_another_day(bureau: Bureau) -> None:
    for change in (timedelta(days=-2), timedelta(hours=1)):
        forged = bureau.forge(bureau.data(issued_at=datetime.now(UTC) + change))
        assert failing(judged(bureau, forged)) == {104}


# -----------------------------------------------------------------------------------------------


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_changed_bit_is_overlooked(
    bureau: Bureau, certificate: bytes, place: float, bit: int
) -> None:
    at = int(place * len(certificate))
    assert not judged(bureau, flipped(certificate, at, 1 << bit)).ok


def test_what_the_seal_covers_is_what_was_rendered(bureau: Bureau) -> None:
    data = bureau.data()
    unsigned = render_certificate(data)
    signed = sign_certificate(unsigned, [bureau.first], bureau.sealer)
    assert signed.startswith(unsigned), "everything was appended"
    assert hashlib.sha256(unsigned).digest() == hashlib.sha256(signed[: len(unsigned)]).digest()
    assert FieldMDPSpec(FieldMDPAction.ALL).is_locked(NOTARY)
