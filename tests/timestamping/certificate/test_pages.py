"""The pages: what stands on them, that they stay PDF/A-3b, and what other judges say of them."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import re
import subprocess
from pathlib import Path

import pytest
from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

from tests.timestamping.certificate.office import PASSED, SECOND_PERSON, Bureau
from timestamping.certificate import (
    CertificateData,
    CertificateParty,
    CheckedGroup,
    render_certificate,
    sign_certificate,
)
from timestamping.certificate import signing as steps
from timestamping.certificate.layout import NOTARY, SEAL, box
from timestamping.letter import Words
from timestamping.pdf.attachments import attachments
from timestamping.pdf.errors import LetterError, SealError
from timestamping.pdf.sealer import validation_context


def text_of(pdf: bytes, folder: Path) -> str:
    path = folder / "c.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", str(path), "-"], check=True, capture_output=True)
    return done.stdout.decode()


def test_the_fields_of_rule_42_are_printed(bureau: Bureau, tmp_path: Path) -> None:
    data = bureau.data(second=SECOND_PERSON)
    text = text_of(render_certificate(data), tmp_path)
    pages = text.split("\f")
    assert "公 证 书" in pages[0].replace("公证书", "公 证 书")
    for line in (
        "（2026）DEMO证字第000123号",
        "No. 2026-DEMO-000123",
        "示范市公证处",
        "张三",
        "兹证明如下。",
        "This is to certify as follows.",
        "MA20261121-7K3M9QXT",
        "摘要一致",
        data.subject.number,
        "https://notary.example/v/2026-DEMO-000123",
    ):
        assert re.sub(r"\s", "", line) in re.sub(r"\s", "", text), line
    assert data.subject.sha256[:32] in text
    assert data.subject.sha256[32:] in text
    for number, page in enumerate(pages[:-1], start=1):
        assert "2026-DEMO-000123" in page
        assert f"Page {number} of" in page


def test_languages_stand_alone_or_together(bureau: Bureau, tmp_path: Path) -> None:
    zh = bureau.data(language="zh", testimony=Words("兹证明如下。", ""))
    en = bureau.data(language="en", testimony=Words("", "This is to certify."))
    assert "This is to certify" not in text_of(render_certificate(zh), tmp_path)
    assert "兹证明" not in text_of(render_certificate(en), tmp_path)


@pytest.mark.parametrize("template", ["preservation", "web", "draw"])
def test_each_template_and_kind_has_its_words(
    bureau: Bureau, template: str, tmp_path: Path
) -> None:
    words = {"preservation": "电子数据", "web": "网页", "draw": "抽签"}[template]
    assert words in text_of(render_certificate(bureau.data(template=template)), tmp_path)


def test_corrections_and_revocations_name_the_one_before(bureau: Bureau, tmp_path: Path) -> None:
    correction = text_of(render_certificate(bureau.correction()), tmp_path)
    assert "补正公证书" in re.sub(r"\s", "", correction)
    assert "2026-DEMO-000100" in correction
    assert "姓名有误 a name was wrong" in correction
    revocation = text_of(render_certificate(bureau.revocation()), tmp_path)
    assert "撤销公证书决定" in re.sub(r"\s", "", revocation)
    assert "附件 1" in revocation
    assert "核验记录" not in revocation


def test_a_draft_says_so_on_every_page_and_cannot_be_signed(bureau: Bureau, tmp_path: Path) -> None:
    draft = render_certificate(bureau.data(number=""), draft=True)
    for page in text_of(draft, tmp_path).split("\f")[:-1]:
        assert "DRAFT" in page
        assert "草稿" in page
    held = attachments(PdfFileReader(io.BytesIO(draft)))
    assert "certificate.json" not in held
    assert b"notary/certificate/v1-draft" in held["draft.json"]
    with pytest.raises(SealError, match="no certificate that could be signed"):
        sign_certificate(draft, [bureau.first], bureau.sealer)
    with pytest.raises(LetterError):
        render_certificate(bureau.data(number=""))


def test_who_signs_is_what_the_record_says(bureau: Bureau) -> None:
    pdf = render_certificate(bureau.data())
    with pytest.raises(SealError, match="1 notaries sign"):
        sign_certificate(pdf, [bureau.first, bureau.second], bureau.sealer)
    of_two = render_certificate(bureau.data(second=SECOND_PERSON))
    with pytest.raises(SealError, match="one key"):
        sign_certificate(of_two, [bureau.first, bureau.first], bureau.sealer)
    for junk in (b"", b"%PDF-1.7", bureau.letter):
        with pytest.raises(SealError):
            sign_certificate(junk, [bureau.first], bureau.sealer)


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        '#eval("1+1") #set page(fill: red) $x^2$ *b* _i_ `c` @ref <label>',
        "\\u{202e}",
        "𠮷田",
        "Nguyễn Thị Ñandú Ωμ Жук",
        "x" * 300,
        "张" * 300,
    ],
)
def test_names_are_data_and_never_markup(bureau: Bureau, name: str, tmp_path: Path) -> None:
    data = bureau.data(parties=(CertificateParty("applicant", name),))
    found = re.sub(r"\s", "", text_of(render_certificate(data), tmp_path))
    assert re.sub(r"\s", "", name)[:60] in found


@pytest.mark.parametrize("character", ["😀", "م", "א", "\u202e", "\u200b", "\x00", "\u0e01"])
@pytest.mark.parametrize("field", ["parties.0.name", "testimony.zh", "purpose", "notary.name"])
def test_what_cannot_be_printed_is_named(bureau: Bureau, field: str, character: str) -> None:
    text = f"张{character}三"
    changes = {
        "parties.0.name": {"parties": (CertificateParty("applicant", text),)},
        "testimony.zh": {"testimony": Words(text, "Text.")},
        "purpose": {"purpose": text},
        "notary.name": {"notary": dataclasses.replace(bureau.data().notary, name=text)},
    }[field]
    with pytest.raises(LetterError) as refused:
        render_certificate(bureau.data(**changes))
    assert refused.value.field == field
    assert refused.value.character == character


def test_file_names_are_shown_whatever_they_hold(bureau: Bureau, tmp_path: Path) -> None:
    subject = dataclasses.replace(bureau.subject(), title="#set page() \u202e😀 م.pdf")
    text = text_of(render_certificate(bureau.data(subject=subject)), tmp_path)
    for shown in ("U+202E", "U+1F600", "U+0645"):
        assert shown in text


def test_long_texts_run_on_and_the_signatures_keep_their_place(
    bureau: Bureau, tmp_path: Path
) -> None:
    long = "\n".join(f"第{n}段：" + "兹证明所附电子数据与存证一致。" * 12 for n in range(40))
    groups = tuple(
        dataclasses.replace(each, reason="理由。" * 120, outcome="unknown")
        for each in PASSED.groups
    )
    check = dataclasses.replace(PASSED, outcome="unknown", groups=groups)
    parties = tuple(CertificateParty("applicant", f"申请人{n}") for n in range(30))
    data = bureau.data(testimony=Words(long, "x"), check=check, parties=parties)
    signed = sign_certificate(render_certificate(data), [bureau.first], bureau.sealer)
    text = text_of(signed, tmp_path)
    for n in range(40):
        assert f"第{n}段" in text
    pages = text.split("\f")
    place = next(n for n, page in enumerate(pages) if "Signatures and seal" in page)
    assert place > 2
    reader = PdfFileReader(io.BytesIO(signed))
    kids = reader.root["/Pages"]["/Kids"]
    assert "/Annots" in kids[place]
    # What is printed beside them stands there too: the heading 80 mm above the lower margin.
    found = subprocess.run(
        ["pdftotext", "-f", f"{place + 1}", "-l", f"{place + 1}", "-bbox", tmp_path / "c.pdf", "-"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    top = re.search(r'yMin="([\d.]+)"[^>]*>签署<', found)
    assert top is not None
    assert abs(float(top[1]) / 72 * 25.4 - (297 - 22 - 80)) < 3
    field = next(iter(reader.embedded_regular_signatures)).sig_field
    assert [int(n) for n in field["/Rect"]] == list(box(NOTARY))


def test_the_same_data_gives_the_same_bytes(bureau: Bureau) -> None:
    data = bureau.data()
    assert render_certificate(data) == render_certificate(data)


def test_groups_and_reasons_are_printed(bureau: Bureau, tmp_path: Path) -> None:
    group = CheckedGroup("ledger", "unknown", Words("未连接", "not reached"), ("李公正",), "维护中")
    data = bureau.data(check=dataclasses.replace(PASSED, outcome="unknown", groups=(group,)))
    text = text_of(render_certificate(data), tmp_path)
    for line in ("未连接", "not reached", "维护中", "机器无法判定"):
        assert line in text


# --- other judges ------------------------------------------------------------------------------


@pytest.mark.judge
def test_poppler_calls_every_signature_valid(certificate_of_two: bytes, tmp_path: Path) -> None:
    path = tmp_path / "c.pdf"
    path.write_bytes(certificate_of_two)
    said = subprocess.run(
        ["pdfsig", "-nocert", str(path)], check=True, capture_output=True, text=True
    ).stdout
    names = re.findall(r"Signature Field Name: (\w+)", said)
    assert names == ["Notary", "Second", "Seal", "DocumentTimestamp"]
    assert said.count("Signature is Valid") == 3
    assert said.count("ETSI.CAdES.detached") == 3
    assert "Total document signed" in said


@pytest.mark.judge
def test_pyhanko_accepts_every_signature(bureau: Bureau, certificate_of_two: bytes) -> None:
    """By its own validation, revocation data required, nothing fetched; and the document was not
    modified after the last."""
    reader = PdfFileReader(io.BytesIO(certificate_of_two))
    store = bureau.trust.certificates
    signatures = list(reader.embedded_regular_signatures)
    assert [each.field_name for each in signatures] == ["Notary", "Second", "Seal"]
    for signature in signatures:
        context = validation_context(store, None, "hard-fail")
        status = validate_pdf_signature(signature, context)
        assert status.bottom_line, status.pretty_print_details()
        assert status.docmdp_ok
        assert status.timestamp_validity is not None
    assert "/DocMDP" in reader.root["/Perms"]
    last = list(reader.embedded_timestamp_signatures)[-1]
    assert last.evaluate_signature_coverage().name == "ENTIRE_FILE"


@pytest.mark.judge
def test_pyhanko_validates_each_as_b_lta(bureau: Bureau, certificate_of_two: bytes) -> None:
    """ETSI EN 319 102-1 §5.6.3."""
    manager = SimpleTrustManager.build([x509.Certificate.load(bureau.house.pki.root)])
    policy = CertValidationPolicySpec(manager, CertRevTrustPolicy(REQUIRE_REVINFO))
    local = RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY)
    spec = PdfSignatureValidationSpec(SignatureValidationSpec(policy, local))
    reader = PdfFileReader(io.BytesIO(certificate_of_two))
    for signature in reader.embedded_regular_signatures:
        assert asyncio.run(ades_lta_validation(signature, spec)).ades_subindic is AdESPassed.OK


def test_it_stays_pdf_a(certificate_of_two: bytes, tmp_path: Path) -> None:
    path = tmp_path / "c.pdf"
    path.write_bytes(certificate_of_two)
    run = subprocess.run(["pdfinfo", "-meta", str(path)], check=True, capture_output=True)
    assert b'pdfaid:part="3"' in run.stdout or b"<pdfaid:part>3<" in run.stdout
    fonts = subprocess.run(["pdffonts", str(path)], check=True, capture_output=True, text=True)
    assert all(re.search(r"yes yes yes", line) for line in fonts.stdout.splitlines()[2:])
    reader = PdfFileReader(io.BytesIO(certificate_of_two))
    assert reader.root["/AcroForm"].get("/NeedAppearances") in (None, False)
    for page in reader.root["/Pages"]["/Kids"]:
        for each in page.get_object().get("/Annots", ()):
            annotation = each.get_object()
            if annotation["/Subtype"] == "/Widget" and any(list(annotation["/Rect"])[2:]):
                assert int(annotation["/F"]) & 0b100, "printed (ISO 19005-3 §6.3.3)"
                appearance = annotation["/AP"]["/N"]
                assert "/Font" not in appearance.get("/Resources", {})


def test_the_visible_signatures_are_paths_alone(certificate: bytes) -> None:
    reader = PdfFileReader(io.BytesIO(certificate))
    for signature in reader.embedded_regular_signatures:
        form = signature.sig_field["/AP"]["/N"]
        assert b" Tj" not in form.data
    assert {each.field_name for each in reader.embedded_regular_signatures} == {NOTARY, SEAL}


def test_a_dead_time_stamping_authority_leaves_nothing_signed(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*arguments: object) -> None:
        raise SealError("no token")

    monkeypatch.setattr(steps, "_archived", silent)
    with pytest.raises(SealError):
        bureau.sign(bureau.data())


def test_values_are_not_changed_by_setting_them(bureau: Bureau) -> None:
    data = bureau.data()
    before: CertificateData = dataclasses.replace(data)
    render_certificate(data)
    assert data == before
