"""Who vouches for whom: roots of notaries beside those of the office, and neither for the other."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.timestamping.certificate.office import FIRST, PASSWORD, Bureau
from tests.timestamping.evidence import House
from tests.timestamping.pki import crl, issue, new_key
from timestamping.authority import PkiError, SystemClock, issue_notary_certificate, make_notary_key
from timestamping.authority.certificates import NOTARY_POLICY, is_notary
from timestamping.authority.embedded import EmbeddedStamper
from timestamping.authority.pki import Pki, SealKey
from timestamping.certificate import NotarySigner, Revoked, check_signing_certificate
from timestamping.certificate.pkcs12 import open_pkcs12
from timestamping.letter import render_letter
from timestamping.package_trust import BadTrust, PackageTrust
from timestamping.pdf.sealer import Sealer
from timestamping.pdf.verifier import verify_seal
from timestamping.trust import TrustStore

OUTSIDE = issue("Outside Root", new_key("p256", 51), None, ca=True)
LIST = crl(OUTSIDE)


def with_outside(bureau: Bureau) -> PackageTrust:
    return dataclasses.replace(
        bureau.trust, notaries=TrustStore((OUTSIDE.der,), crls=(LIST,)), given=False
    )


def test_roots_of_notaries_go_through_folder_package_and_letter(
    bureau: Bureau, tmp_path: Path
) -> None:
    trust = with_outside(bureau)
    files = trust.files()
    assert files["notary.pem"].count(b"BEGIN") == 2
    assert PackageTrust.from_files(files) == trust
    assert PackageTrust.from_json(trust.to_json()) == trust
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    assert PackageTrust.from_folder(tmp_path) == dataclasses.replace(trust, given=True)
    prints = [each for each in trust.fingerprints() if each.kind == "notary"]
    assert [len(each.value) for each in prints] == [64]


def test_without_outside_notaries_nothing_changes(bureau: Bureau) -> None:
    """Letters made before there were any carry the same document."""
    assert b"notary.pem" not in bureau.trust.to_json()
    assert bureau.trust.files()["notary.pem"] == b""


def test_a_notary_pem_that_is_none(bureau: Bureau) -> None:
    with pytest.raises(BadTrust, match=r"notary\.pem"):
        PackageTrust.from_files({**bureau.trust.files(), "notary.pem": b"-----BEGIN X-----"})


def sealed_by(bureau: Bureau, certificate: bytes, key: object, chain: tuple[bytes, ...]) -> bytes:
    pki = bureau.house.pki
    seal = SealKey(certificate, chain, key)  # type: ignore[arg-type]

    def trust() -> TrustStore:
        return pki.trust().merge(TrustStore((OUTSIDE.der,), crls=(LIST,)))

    sealer = Sealer(seal, EmbeddedStamper(pki.authority(), pki.trust), trust, name="示范")
    return sealer.seal(render_letter(bureau.deposit), reason="letter")


def test_a_notary_of_the_office_cannot_seal_a_letter(bureau: Bureau) -> None:
    made = make_notary_key(bureau.house.pki, "示范 Document Seal 1", PASSWORD, rounds=1)
    opened = open_pkcs12(made.pkcs12, PASSWORD)
    letter = sealed_by(bureau, opened.certificate, opened.key, (bureau.house.pki.root,))
    verdict = verify_seal(letter, bureau.trust.certificates)
    assert [check.code for check in verdict.checks if check.failed] == ["letter-signer"]
    assert "not the office's seal" in verdict.checks[-1].detail


def test_an_outside_notary_cannot_even_where_the_root_vouches_for_time_stamps(
    bureau: Bureau,
) -> None:
    purpose = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
    who = issue("Notary Li", new_key("p256", 52), OUTSIDE, eku=[purpose], eku_critical=False)
    letter = sealed_by(bureau, who.der, who.key, (OUTSIDE.der,))
    for roots in ((), (OUTSIDE.der,)):
        store = bureau.trust.certificates.merge(TrustStore(roots, crls=(LIST,)))
        verdict = verify_seal(letter, store)
        assert [check.code for check in verdict.checks if check.failed] == ["letter-signer"]


# --- the office's own authority ---------------------------------------------------------------


def test_a_notarys_certificate(bureau: Bureau) -> None:
    key = new_key("p256", 53).public_key()
    der = issue_notary_certificate(bureau.house.pki, "李公正", key, licence="13101")
    certificate = x509.load_der_x509_certificate(der)
    certificate.verify_directly_issued_by(x509.load_der_x509_certificate(bureau.house.pki.root))
    names = {each.oid: each.value for each in certificate.subject}
    assert names[NameOID.COMMON_NAME] == "李公正"
    assert names[NameOID.ORGANIZATION_NAME] == "示范公证存证平台"
    assert names[NameOID.SERIAL_NUMBER] == "13101"
    extensions = certificate.extensions
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert usage.value.content_commitment
    assert not usage.value.key_cert_sign
    purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [each.dotted_string for each in purposes] == ["1.3.6.1.5.5.7.3.36"]
    assert ExtendedKeyUsageOID.TIME_STAMPING not in purposes
    points = extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert "/pki/root.crl" in str(points[0].full_name)
    policies = extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert [each.policy_identifier.dotted_string for each in policies] == [NOTARY_POLICY]
    assert is_notary(certificate)
    assert not is_notary(x509.load_der_x509_certificate(bureau.house.pki.seal.certificate))


def test_the_key_file_is_under_the_notarys_password_alone(bureau: Bureau) -> None:
    made = make_notary_key(bureau.house.pki, "李公正", PASSWORD)
    loaded = pkcs12.load_pkcs12(made.pkcs12, PASSWORD.encode())
    assert loaded.key is not None
    assert [each.certificate for each in loaded.additional_certs]
    # PBES2 with PBKDF2 and AES-256-CBC, and nothing weaker: the OIDs of RFC 8018 are in the file.
    for oid in ("2a864886f70d01050d", "2a864886f70d01050c", "60864801650304012a"):
        assert bytes.fromhex(oid) in made.pkcs12
    assert (600_000).to_bytes(3, "big") in made.pkcs12
    signer = NotarySigner.from_pkcs12(
        made.pkcs12, PASSWORD, trust=bureau.trust, now=datetime.now(UTC)
    )
    assert signer.certificate == made.certificate


@pytest.mark.parametrize(
    ("name", "licence", "password"),
    [
        ("", "", PASSWORD),
        ("x" * 65, "", PASSWORD),
        ("a\nb", "", PASSWORD),
        ("李", "中文", PASSWORD),
        ("李", "x" * 65, PASSWORD),
        ("李", "", "short"),
    ],
)
def test_what_is_not_certified(bureau: Bureau, name: str, licence: str, password: str) -> None:
    with pytest.raises(PkiError):
        make_notary_key(bureau.house.pki, name, password, licence=licence, rounds=1)


def test_a_revocation_is_published_and_survives_restart_and_renewal(tmp_path: Path) -> None:
    house = House.at(tmp_path)
    made = make_notary_key(house.pki, FIRST.name, PASSWORD, rounds=1)
    seal, tsa = house.pki.seal.certificate, house.pki.tsa
    house.pki.revoke(made.certificate, x509.ReasonFlags.cessation_of_operation)
    assert (house.pki.seal.certificate, house.pki.tsa) == (seal, tsa), "nothing else is replaced"
    again = Pki.open(
        tmp_path / "示范公证存证平台",
        passphrase=None,
        base_url="https://notary.example",
        organisation="示范公证存证平台",
        clock=Later(),
    )
    again.renew()
    serial = x509.load_der_x509_certificate(made.certificate).serial_number
    renewed = x509.load_der_x509_crl(again.crl())
    assert renewed.get_revoked_certificate_by_serial_number(serial) is not None
    assert renewed.last_update_utc > datetime.now(UTC) + timedelta(days=1)
    assert list(tmp_path.rglob(f"notary-{serial:040x}.crt"))
    trust = dataclasses.replace(house.trust(), certificates=again.trust())
    with pytest.raises(Revoked):
        check_signing_certificate(made.certificate, (), trust, datetime.now(UTC))


class Later(SystemClock):
    """A clock two days ahead, so that the revocation list is due."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=2)


def test_only_what_it_issued_is_revoked(bureau: Bureau) -> None:
    with pytest.raises(PkiError, match="not issued by this PKI"):
        bureau.house.pki.revoke(OUTSIDE.der)
