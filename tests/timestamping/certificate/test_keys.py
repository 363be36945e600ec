"""What a notary may sign with, and what not: one sentence and one class each."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asn1crypto import pkcs12 as asn1
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from chain_adapter.trust import Trust
from tests.timestamping.certificate.office import PASSWORD, Bureau
from tests.timestamping.pki import SIGNING, Identity, crl, issue, new_key
from timestamping.certificate import (
    BadContainer,
    Expired,
    KeyMismatch,
    NotarySigner,
    NotForSigning,
    NotYetValid,
    Revoked,
    SigningKeyError,
    Untrusted,
    WeakKey,
    WrongPassword,
    check_signing_certificate,
    verify_certificate,
)
from timestamping.package_trust import PackageTrust
from timestamping.trust import TrustStore

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
DOCUMENTS = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")


@pytest.fixture(scope="module")
def outside() -> Identity:
    return issue("Outside Root", new_key("p256", 21), None, ca=True)


@pytest.fixture(scope="module")
def authority(outside: Identity) -> Identity:
    return issue("Outside CA for People", new_key("p256", 22), outside, ca=True)


def anchors(outside: Identity, *lists: bytes) -> PackageTrust:
    return PackageTrust(
        TrustStore(), Trust(), notaries=TrustStore((outside.der,), crls=tuple(lists))
    )


def person(authority: Identity, key: Any = None, **wrong: Any) -> Identity:
    settings: dict[str, Any] = {"eku": [DOCUMENTS], "eku_critical": False, **wrong}
    return issue("Notary Li", key or new_key("p256", 23), authority, **settings)


def exported(
    who: Identity, others: Sequence[Identity] = (), password: str = PASSWORD, key: Any = None
) -> bytes:
    return pkcs12.serialize_key_and_certificates(
        b"key",
        key or who.key,
        who.certificate,
        [each.certificate for each in others],
        BestAvailableEncryption(password.encode()),
    )


def opened(data: bytes, trust: PackageTrust, password: str = PASSWORD) -> NotarySigner:
    return NotarySigner.from_pkcs12(data, password, trust=trust, now=NOW)


def test_a_key_of_an_outside_authority(outside: Identity, authority: Identity) -> None:
    signer = opened(exported(person(authority), [authority]), anchors(outside))
    assert signer.holder == "Notary Li"
    assert signer.chain == (authority.der, outside.der)
    assert signer.not_before < NOW < signer.not_after
    assert len(signer.fingerprint) == 64


@pytest.mark.parametrize("kind", ["rsa2048", "p384"])
def test_keys_of_other_kinds_sign_certificates(
    bureau: Bureau, outside: Identity, authority: Identity, kind: str
) -> None:
    """Signed with an outside notary's key, judged under the roots of outside notaries."""
    issuer, root = authority, outside
    who = person(issuer, new_key(kind, 1))
    known = anchors(root, crl(root, made=NOW), crl(issuer, made=NOW)).notaries
    trust = dataclasses.replace(bureau.trust, notaries=known)
    signer = NotarySigner.from_pkcs12(
        exported(who, [issuer]), PASSWORD, trust=trust, now=datetime.now(UTC)
    )
    verdict = verify_certificate(bureau.forge(bureau.data(), keys=[signer]), trust)
    assert [check.code for check in verdict.checks if check.failed] == []
    assert verdict.holders["Notary"] == "Notary Li"
    assert not verify_certificate(bureau.forge(bureau.data(), keys=[signer]), bureau.trust).ok


def test_a_wrong_password(outside: Identity, authority: Identity) -> None:
    with pytest.raises(WrongPassword, match="does not open with this password"):
        opened(exported(person(authority)), anchors(outside), "wrong")


@pytest.mark.parametrize("data", [b"", b"PK", b"\x30\x80", b"-----BEGIN", b"\x30\x03\x02\x01\x03"])
def test_no_key_file_at_all(outside: Identity, data: bytes) -> None:
    with pytest.raises(BadContainer):
        opened(data, anchors(outside))
    with pytest.raises(BadContainer, match="at most"):
        opened(b"\x30" * (2 << 20), anchors(outside))


def test_a_file_that_asks_for_endless_work(outside: Identity, authority: Identity) -> None:
    file = asn1.Pfx.load(exported(person(authority)))
    file["mac_data"]["iterations"] = 2_000_000_000
    with pytest.raises(BadContainer, match="more work"):
        opened(file.dump(force=True), anchors(outside))


def test_a_key_without_certificate_and_one_without_key(
    outside: Identity, authority: Identity
) -> None:
    protection = BestAvailableEncryption(PASSWORD.encode())
    who = person(authority)
    alone = pkcs12.serialize_key_and_certificates(b"k", who.key, None, None, protection)
    with pytest.raises(BadContainer, match="no certificate"):
        opened(alone, anchors(outside))
    certs = pkcs12.serialize_key_and_certificates(b"k", None, None, [who.certificate], protection)
    with pytest.raises(BadContainer, match="no private key"):
        opened(certs, anchors(outside))


def test_a_key_that_is_not_the_certificates(outside: Identity, authority: Identity) -> None:
    """The library refuses to write such a file, others do not."""
    who = person(authority)
    protection = BestAvailableEncryption(PASSWORD.encode())
    data = pkcs12.serialize_key_and_certificates(
        b"k", new_key("p256", 77), None, [who.certificate], protection
    )
    with pytest.raises(KeyMismatch, match="not the one"):
        opened(data, anchors(outside))


def usage(**changes: bool) -> x509.KeyUsage:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign"),
    )
    values = {name: getattr(SIGNING, name) for name in names} | changes
    return x509.KeyUsage(**values, encipher_only=False, decipher_only=False)


NO_SIGNING = usage(digital_signature=False, content_commitment=False, key_encipherment=True)


@pytest.mark.parametrize(
    ("error", "sentence", "wrong"),
    [
        (Expired, "expired on 2026-02-01", {"last": datetime(2026, 2, 1, tzinfo=UTC)}),
        (NotYetValid, "valid from 2027-01-01", {"first": datetime(2027, 1, 1, tzinfo=UTC)}),
        (NotForSigning, "keyUsage", {"usage": NO_SIGNING}),
        (NotForSigning, "authority", {"ca": True}),
        (NotForSigning, "extendedKeyUsage", {"eku": [ExtendedKeyUsageOID.SERVER_AUTH]}),
        (NotForSigning, "extendedKeyUsage", {"eku": [ExtendedKeyUsageOID.CLIENT_AUTH]}),
        (
            NotForSigning,
            "of the office itself",
            {"eku": [ExtendedKeyUsageOID.TIME_STAMPING, DOCUMENTS]},
        ),
        (WeakKey, "curves", {"key": new_key("k256", 1)}),
        (WeakKey, "1024 bits", {"key": new_key("rsa1024", 1)}),
    ],
)
def test_unfit_certificates(
    outside: Identity,
    authority: Identity,
    error: type[SigningKeyError],
    sentence: str,
    wrong: dict[str, Any],
) -> None:
    who = person(authority, **wrong)
    with pytest.raises(error, match=sentence) as refused:
        check_signing_certificate(who.der, (authority.der,), anchors(outside), NOW)
    assert refused.value.code.startswith("signing-key")
    assert "\n" not in str(refused.value)


def test_signed_over_sha1(outside: Identity, authority: Identity) -> None:
    """Made by hand: the library signs none. What it is signed over is asked first."""
    weak = asn1_x509.Certificate.load(person(authority).der)
    for place in (weak["tbs_certificate"]["signature"], weak["signature_algorithm"]):
        place["algorithm"] = "sha1_ecdsa"
    with pytest.raises(WeakKey, match="signed over SHA1"):
        check_signing_certificate(weak.dump(force=True), (authority.der,), anchors(outside), NOW)


def test_nobody_vouches(outside: Identity, authority: Identity) -> None:
    who = person(authority)
    other = issue("Another Root", new_key("p256", 31), None, ca=True)
    with pytest.raises(Untrusted, match="no chain leads from the certificate of Notary Li"):
        check_signing_certificate(who.der, (authority.der,), anchors(other), NOW)
    empty = PackageTrust(TrustStore(), Trust())
    with pytest.raises(Untrusted, match="no root"):
        check_signing_certificate(who.der, (authority.der,), empty, NOW)
    # A root that vouches for time-stamps does not vouch for notaries.
    stamps = PackageTrust(TrustStore((outside.der,)), Trust())
    with pytest.raises(Untrusted):
        check_signing_certificate(who.der, (authority.der,), stamps, NOW)


def test_revoked_on_a_known_list(outside: Identity, authority: Identity) -> None:
    who = person(authority)
    before = crl(authority, [(who, NOW - timedelta(hours=1), None)], made=NOW)
    for trust, lists in ((anchors(outside, before), ()), (anchors(outside), (before,))):
        with pytest.raises(Revoked, match=r"Notary Li.* was revoked on 2026-11-21"):
            check_signing_certificate(who.der, (authority.der,), trust, NOW, lists)
    # Another authority's list says nothing of it.
    foreign = crl(outside, [(who, NOW - timedelta(hours=1), None)], made=NOW)
    check_signing_certificate(who.der, (authority.der,), anchors(outside, foreign), NOW)


def test_the_offices_own_keys_are_no_notarys(bureau: Bureau) -> None:
    pki, now = bureau.house.pki, datetime.now(UTC)
    for der in (pki.seal.certificate, pki.tsa):
        for trust in (
            bureau.trust,
            dataclasses.replace(bureau.trust, seal=(), notaries=TrustStore((pki.root,))),
        ):
            with pytest.raises(NotForSigning):
                check_signing_certificate(der, (pki.root,), trust, now)
    with pytest.raises(NotForSigning):
        check_signing_certificate(pki.root, (), bureau.trust, now)


def test_what_the_office_issues_to_a_notary(bureau: Bureau) -> None:
    now = datetime.now(UTC)
    check_signing_certificate(bureau.first.certificate, (), bureau.trust, now)
    later = now + timedelta(days=4 * 365)
    with pytest.raises(Expired):
        check_signing_certificate(bureau.first.certificate, (), bureau.trust, later)


def test_other_ciphers_of_key_files(outside: Identity, authority: Identity) -> None:
    who = person(authority)
    old = (
        PrivateFormat.PKCS12.encryption_builder()
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())  # noqa: S303
        .build(PASSWORD.encode())
    )
    data = pkcs12.serialize_key_and_certificates(
        b"k",
        who.key,
        who.certificate,
        [authority.certificate],
        old,
    )
    assert opened(data, anchors(outside)).holder == "Notary Li"
