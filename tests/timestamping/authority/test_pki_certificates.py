"""The certificates and the revocation list as openssl and RFC 5280 see them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from tests.timestamping.authority.support import BASE_URL, open_pki
from timestamping.authority import Pki


def openssl(*arguments: str | Path) -> str:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True)
    return done.stdout + done.stderr


def pem_list(folder: Path, target: Path) -> Path:
    openssl("crl", "-inform", "DER", "-in", folder / "root.crl", "-out", target)
    return target


@pytest.mark.judge
@pytest.mark.parametrize(
    ("leaf", "purpose"), [("tsa-1.crt", "timestampsign"), ("seal-1.crt", "smimesign")]
)
def test_openssl_verifies_the_chain_strictly(
    each_pki: tuple[Path, Pki], tmp_path: Path, leaf: str, purpose: str
) -> None:
    folder, _ = each_pki
    crl = pem_list(folder, tmp_path / "crl.pem")
    strict = ("verify", "-x509_strict", "-crl_check", "-CRLfile", crl, "-purpose")
    root = ("-CAfile", folder / "root.crt")
    # The seal is made for documents, a purpose that openssl 3.0 has no name for.
    wanted = purpose if leaf.startswith("tsa") else "any"
    assert openssl(*strict, wanted, *root, folder / leaf).endswith(f"{leaf}: OK\n")


@pytest.mark.judge
def test_openssl_refuses_the_seal_as_an_authority(each_pki: tuple[Path, Pki]) -> None:
    folder, _ = each_pki
    verify = ("verify", "-purpose", "timestampsign", "-CAfile", folder / "root.crt")
    assert "OK" not in openssl(*verify, folder / "seal-1.crt")


@pytest.mark.judge
def test_openssl_verifies_the_list(each_pki: tuple[Path, Pki]) -> None:
    folder, _ = each_pki
    arguments = ("crl", "-inform", "DER", "-in", folder / "root.crl", "-noout")
    assert "verify OK" in openssl(*arguments, "-CAfile", folder / "root.crt")


@pytest.mark.judge
def test_openssl_sees_the_revocation(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    pki = open_pki(folder)
    pki.revoke(pki.tsa, x509.ReasonFlags.superseded)
    crl = pem_list(folder, tmp_path / "crl.pem")
    verify = ("verify", "-crl_check", "-CRLfile", crl, "-CAfile", folder / "root.crt")
    assert "certificate revoked" in openssl(*verify, folder / "tsa-1.crt")
    assert openssl(*verify, folder / "tsa-2.crt").endswith(": OK\n")


def certificates(pki: Pki) -> tuple[x509.Certificate, x509.Certificate, x509.Certificate]:
    root, tsa, seal = map(x509.load_der_x509_certificate, (pki.root, pki.tsa, pki.seal.certificate))
    return root, tsa, seal


def usages(certificate: x509.Certificate) -> set[str]:
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment")
    names += ("key_agreement", "key_cert_sign", "crl_sign")
    return {name for name in names if getattr(usage.value, name)}


def test_each_key_may_do_one_thing(each_pki: tuple[Path, Pki]) -> None:
    root, tsa, seal = certificates(each_pki[1])
    assert usages(root) == {"key_cert_sign", "crl_sign"}
    assert usages(tsa) == {"digital_signature"}
    assert usages(seal) == {"digital_signature", "content_commitment"}
    purpose = tsa.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert purpose.critical
    assert list(purpose.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
    constraints = [
        item.extensions.get_extension_for_class(x509.BasicConstraints) for item in (root, tsa, seal)
    ]
    assert all(item.critical for item in constraints)
    assert [(item.value.ca, item.value.path_length) for item in constraints] == [
        (True, 0),
        (False, None),
        (False, None),
    ]


def test_identifiers_chain(each_pki: tuple[Path, Pki]) -> None:
    root, *leaves = certificates(each_pki[1])
    identifier = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    for leaf in leaves:
        authority = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        assert authority.key_identifier == identifier
        own = leaf.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        assert own != identifier
        assert leaf.issuer == root.subject


def test_where_the_list_and_the_root_are_published(each_pki: tuple[Path, Pki]) -> None:
    for leaf in certificates(each_pki[1])[1:]:
        points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        assert points[0].full_name is not None
        assert points[0].full_name[0].value == f"{BASE_URL}/pki/root.crl"
        access = leaf.extensions.get_extension_for_oid(ExtensionOID.AUTHORITY_INFORMATION_ACCESS)
        (issuer,) = access.value  # type: ignore[attr-defined]
        assert issuer.access_location.value == f"{BASE_URL}/pki/root.crt"


def test_serial_numbers_are_random_and_long(each_pki: tuple[Path, Pki]) -> None:
    serials = {certificate.serial_number for certificate in certificates(each_pki[1])}
    assert len(serials) == 3
    assert all(1 << 64 < serial < 1 << 160 for serial in serials)


def test_two_installations_of_one_organisation_have_different_roots(tmp_path: Path) -> None:
    one, two = (open_pki(tmp_path / name) for name in "ab")
    subjects = {certificates(pki)[0].subject.rfc4514_string() for pki in (one, two)}
    assert len(subjects) == 2
