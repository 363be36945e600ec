"""Sealing: PAdES B-LTA that stays PDF/A-3b, judged by us, by pyHanko and by poppler."""

from __future__ import annotations

import asyncio
import io
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest
from asn1crypto import x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.signers.pdf_signer import PdfSigner, PdfTimeStamper
from pyhanko.sign.validation.ades import AdESPassed, ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

from chain_adapter.digest import Digest
from chain_adapter.verdict import Outcome
from tests.effort import some
from tests.timestamping.evidence import House, flipped, sealer_of
from timestamping.authority.embedded import EmbeddedStamper
from timestamping.authority.pki import Pki
from timestamping.errors import TsaTimeout
from timestamping.letter import LetterData, render_letter
from timestamping.pdf.errors import SealError
from timestamping.pdf.sealer import FIELD, Sealer
from timestamping.pdf.signer import LocalTimeStamper
from timestamping.pdf.verifier import SealVerdict, verify_seal
from timestamping.stamper import Stamper, StamperHealth
from timestamping.token import Token
from timestamping.trust import TrustStore


def failed(verdict: SealVerdict) -> list[str]:
    return [check.code for check in verdict.checks if check.outcome is Outcome.FAIL]


def pki_at(folder: Path, key_type: str = "p256") -> Pki:
    return Pki.open(
        folder,
        passphrase=None,
        base_url="https://notary.example",
        organisation="Office",
        key_type=key_type,
    )


def sealer_for(pki: Pki, trust: TrustStore | None = None) -> Sealer:
    stamper = EmbeddedStamper(pki.authority(), pki.trust)
    return Sealer(pki.seal, stamper, lambda: trust or pki.trust(), name="办公室")


class Silent(Stamper):
    """A time-stamp authority that never answers."""

    scheme: ClassVar[str] = "silent"
    label = "silent"

    def _stamp(self, digest: Digest) -> Token:
        raise TsaTimeout("the authority did not answer in time")

    def _trust(self) -> TrustStore:
        return TrustStore()

    def _health(self) -> StamperHealth:
        return StamperHealth(False, "silent", self.label)


def test_every_check_passes(letter: bytes, house: House) -> None:
    verdict = verify_seal(letter, house.pki.trust())
    assert verdict.ok
    assert [check.number for check in verdict.checks] == [1, 2, 3, 4, 5, 6]
    assert "Document Seal" in verdict.signer
    assert verdict.signed_at is not None
    assert abs((verdict.signed_at - datetime.now(UTC)).total_seconds()) < 3600


def test_poppler_calls_the_signature_valid(letter: bytes, tmp_path: Path) -> None:
    path = tmp_path / "letter.pdf"
    path.write_bytes(letter)
    said = subprocess.run(
        ["pdfsig", "-nocert", str(path)], check=True, capture_output=True, text=True
    ).stdout
    assert f"Signature Field Name: {FIELD}" in said
    assert "ETSI.CAdES.detached" in said
    assert "Signature is Valid" in said
    assert "Total document signed" in said


def test_pyhanko_validates_it_as_b_lta(letter: bytes, house: House) -> None:
    """By ETSI EN 319 102-1 §5.6.3, revocation data required, nothing fetched."""
    manager = SimpleTrustManager.build([x509.Certificate.load(house.pki.root)])
    policy = CertValidationPolicySpec(manager, CertRevTrustPolicy(REQUIRE_REVINFO))
    local = RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY)
    spec = PdfSignatureValidationSpec(SignatureValidationSpec(policy, local))
    seal = next(iter(PdfFileReader(io.BytesIO(letter)).embedded_regular_signatures))
    assert asyncio.run(ades_lta_validation(seal, spec)).ades_subindic is AdESPassed.OK


def test_it_stays_pdf_a(letter: bytes, deposit: LetterData, tmp_path: Path) -> None:
    assert letter.startswith(render_letter(deposit))
    path = tmp_path / "letter.pdf"
    path.write_bytes(letter)
    run = subprocess.run(["pdfinfo", "-meta", str(path)], check=True, capture_output=True)
    # pyHanko writes the same statements as attributes.
    assert b'pdfaid:part="3"' in run.stdout
    assert b'pdfaid:conformance="B"' in run.stdout
    info = subprocess.run(["pdfinfo", str(path)], check=True, capture_output=True, text=True)
    assert "PDF version:     1.7" in info.stdout
    fonts = subprocess.run(["pdffonts", str(path)], check=True, capture_output=True, text=True)
    lines = fonts.stdout.splitlines()[2:]
    assert lines
    assert all("yes yes yes" in line for line in lines)


def test_the_visible_seal_is_paths_alone_on_page_one(letter: bytes) -> None:
    reader = PdfFileReader(io.BytesIO(letter))
    seal = next(iter(reader.embedded_regular_signatures))
    appearance = seal.sig_field["/AP"]["/N"]
    resources = appearance["/Resources"]
    assert not {"/Font", "/XObject", "/ColorSpace"} & set(resources)
    assert b" rg" in appearance.data
    assert seal.docmdp_level is MDPPerm.NO_CHANGES
    assert str(seal.sig_object["/Reason"]).endswith("存证2026-000001")


def test_the_revocation_list_is_inside(letter: bytes) -> None:
    dss = PdfFileReader(io.BytesIO(letter)).root["/DSS"]
    assert len(dss["/CRLs"]) >= 1
    assert len(dss["/Certs"]) >= 3


@pytest.mark.parametrize("key_type", ["p384", "rsa3072"])
def test_other_keys_seal_too(deposit: LetterData, key_type: str, tmp_path: Path) -> None:
    pki = pki_at(tmp_path, key_type)
    sealed = sealer_for(pki).seal(render_letter(deposit), reason="test")
    assert verify_seal(sealed, pki.trust()).ok


def test_a_signature_that_needs_more_room_gets_it(
    deposit: LetterData, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timestamping.pdf.sealer._ROOM", 1024)
    sealed = sealer_of(house).seal(render_letter(deposit), reason="test")
    assert verify_seal(sealed, house.pki.trust()).ok


def test_a_long_latin_office_name_fits_the_seal(house: House) -> None:
    stamper = EmbeddedStamper(house.pki.authority(), house.pki.trust)
    Sealer(house.pki.seal, stamper, house.pki.trust, name="Notary Office of Example City, Room 5")
    with pytest.raises(SealError, match="cannot be drawn"):
        Sealer(house.pki.seal, stamper, house.pki.trust, name="😀")


def test_without_its_root_nothing_is_sealed(deposit: LetterData, house: House) -> None:
    stamper = EmbeddedStamper(house.pki.authority(), house.pki.trust)
    sealer = Sealer(house.pki.seal, stamper, TrustStore, name="办公室")
    with pytest.raises(SealError, match="cannot be sealed"):
        sealer.seal(render_letter(deposit), reason="test")


def test_a_silent_authority_is_told_as_such(deposit: LetterData, house: House) -> None:
    sealer = Sealer(house.pki.seal, Silent(), house.pki.trust, name="办公室")
    with pytest.raises(TsaTimeout):
        sealer.seal(render_letter(deposit), reason="test")


# -- each check fails by its own name -----------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"not a pdf at all", b"%PDF-1.7\n" * 999])
def test_1_readable(data: bytes, house: House) -> None:
    assert failed(verify_seal(data, house.pki.trust())) == ["letter-readable"]


def test_1_unsealed_letters_are_no_letters(deposit: LetterData, house: House) -> None:
    verdict = verify_seal(render_letter(deposit), house.pki.trust())
    assert failed(verdict) == ["letter-readable"]
    assert "0 seals" in verdict.checks[0].detail


def test_2_signature(letter: bytes, deposit: LetterData, house: House) -> None:
    inside = letter.index(b"/Creator") + len("/Creator(Ty")
    assert inside < len(render_letter(deposit))
    assert "letter-signature" in failed(verify_seal(flipped(letter, inside), house.pki.trust()))


def test_3_whole(letter: bytes, house: House) -> None:
    assert "letter-whole" in failed(verify_seal(letter + b"\n", house.pki.trust()))


def test_3_whole_the_gap_holds_the_token_and_nothing_else(letter: bytes, house: House) -> None:
    stamp = list(PdfFileReader(io.BytesIO(letter)).embedded_timestamp_signatures)[-1]
    first, length, second = (int(stamp.byte_range[at]) for at in range(3))
    gap = range(first + length, second)
    letter_digit = next(at for at in gap if letter[at : at + 1] in b"ABCDEF")
    for changed in (flipped(letter, letter_digit, 0x20), flipped(letter, second - 3)):
        assert "letter-whole" in failed(verify_seal(changed, house.pki.trust()))


def test_4_unchanged(letter: bytes, house: House) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(letter))
    writer.root["/Lang"] = writer.root["/Type"]
    writer.update_root()
    stamper = EmbeddedStamper(house.pki.authority(), house.pki.trust)
    out = PdfTimeStamper(LocalTimeStamper(stamper)).timestamp_pdf(writer, "sha256")
    assert failed(verify_seal(out.getvalue(), house.pki.trust())) == ["letter-unchanged"]


def test_4_not_certified(
    deposit: LetterData, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = PdfSigner.__init__

    def uncertified(self: PdfSigner, metadata: object, *rest: object, **options: object) -> None:
        object.__setattr__(metadata, "certify", False)
        original(self, metadata, *rest, **options)

    monkeypatch.setattr(PdfSigner, "__init__", uncertified)
    sealed = sealer_of(house).seal(render_letter(deposit), reason="test")
    assert failed(verify_seal(sealed, house.pki.trust())) == ["letter-unchanged"]


def test_5_time(deposit: LetterData, house: House) -> None:
    both = house.pki.trust().merge(house.other.trust())
    stamper = EmbeddedStamper(house.other.authority(), house.other.trust)
    sealer = Sealer(house.pki.seal, stamper, lambda: both, name="办公室")
    sealed = sealer.seal(render_letter(deposit), reason="test")
    assert verify_seal(sealed, both).ok
    assert failed(verify_seal(sealed, house.pki.trust())) == ["letter-time"]


def test_6_signer(deposit: LetterData, house: House) -> None:
    both = house.pki.trust().merge(house.other.trust())
    stamper = EmbeddedStamper(house.pki.authority(), house.pki.trust)
    sealer = Sealer(house.other.seal, stamper, lambda: both, name="办公室")
    sealed = sealer.seal(render_letter(deposit), reason="test")
    assert failed(verify_seal(sealed, house.pki.trust())) == ["letter-signer"]


def test_6_a_revoked_seal_is_refused(deposit: LetterData, tmp_path: Path) -> None:
    pki = pki_at(tmp_path)
    stale, key = pki.trust(), pki.seal
    pki.revoke(key.certificate)
    stamper = EmbeddedStamper(pki.authority(), pki.trust)
    sealer = Sealer(key, stamper, lambda: stale, name="办公室")
    sealed = sealer.seal(render_letter(deposit), reason="test")
    assert failed(verify_seal(sealed, pki.trust())) == ["letter-signer"]


def test_no_roots_decide_nothing(letter: bytes) -> None:
    verdict = verify_seal(letter, TrustStore())
    assert not verdict.ok
    assert "letter-signer" not in [check.code for check in verdict.checks if check.passed]


@pytest.mark.parametrize("tenth", some(range(12), (1, 6, 11)))
def test_no_changed_byte_goes_unnoticed(letter: bytes, house: House, tenth: int) -> None:
    # Spread over the file; primes, so that the places do not repeat a pattern of the format.
    at = (tenth * 7919 * 31 + tenth * len(letter) // 12) % len(letter)
    for mask in (1, 0x20):
        assert not verify_seal(flipped(letter, at, mask), house.pki.trust()).ok
