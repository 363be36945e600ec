"""Certificates and revocation lists of the embedded PKI (RFC 5280). Pure: no file, no clock."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
    ObjectIdentifier,
)

from timestamping.authority.errors import PkiError
from timestamping.authority.keys import PrivateKey, PublicKey, signature_hash

#: id-kp-documentSigning (RFC 9336).
_DOCUMENT_SIGNING: Final = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
#: Certificate policy of notaries' certificates (RFC 5280 §4.2.1.4): by it they are told from the
#: seal's, which is issued by the same root for the same purpose. An arc of its own (X.667).
NOTARY_POLICY: Final = "2.25.33040877775927372216025812598647476548"
_LONGEST_NAME: Final = 64  # ub-organization-name, RFC 5280 appendix A


@dataclass(frozen=True, slots=True)
class Profile:
    """What one kind of leaf certificate is for.

    Attributes:
        role: short name; also the stem of its files.
        common_name: the subject's CN, before its generation number.
        commitment: whether the key may commit to content (nonRepudiation).
        purpose: its one extended key usage.
        purpose_critical: demanded of a time-stamping authority (RFC 3161 §2.3).
    """

    role: str
    common_name: str
    commitment: bool
    purpose: ObjectIdentifier
    purpose_critical: bool


TSA: Final = Profile(
    "tsa", "Time-Stamping Authority", False, ExtendedKeyUsageOID.TIME_STAMPING, True
)
SEAL: Final = Profile("seal", "Document Seal", True, _DOCUMENT_SIGNING, False)
_SEAL_NAME: Final = re.compile(rf"(?:.* )?{SEAL.common_name} [1-9][0-9]*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Issuer:
    """The root certificate, its key, and where its publications are found."""

    certificate: x509.Certificate
    key: PrivateKey
    base_url: str


def subject_name(organisation: str, common_name: str) -> x509.Name:
    """O and CN as UTF8String; ``organisation`` may be in any script.

    Many readers show the CN alone, so the organisation stands there too where it fits.

    Raises:
        PkiError: it is empty, over 64 characters, or has characters that do not print.
    """
    name = organisation.strip()
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise PkiError(
            f"the organisation's name must have 1 to {_LONGEST_NAME} printing characters"
        )
    full = f"{name} {common_name}"
    if len(full.encode()) <= _LONGEST_NAME:
        common_name = full
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def root_certificate(
    key: PrivateKey, organisation: str, now: datetime, lifetime: timedelta
) -> x509.Certificate:
    """A self-signed root that may certify leaves only (pathLen 0)."""
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    # Part of the key's identifier tells the roots of two installations apart.
    name = subject_name(organisation, f"Evidence Root CA {identifier.digest.hex()[:8]}")
    builder = _builder(name, name, key.public_key(), now, whole_seconds(now) + lifetime)
    return (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, signature_hash(key))
    )


def leaf_certificate(
    profile: Profile,
    generation: int,
    organisation: str,
    public_key: PublicKey,
    issuer: Issuer,
    now: datetime,
    lifetime: timedelta,
) -> x509.Certificate:
    """A leaf of ``profile``, never outliving its root."""
    root = issuer.certificate
    name = subject_name(organisation, f"{profile.common_name} {generation}")
    until = min(whole_seconds(now) + lifetime, root.not_valid_after_utc)
    usage = _key_usage(digital_signature=True, content_commitment=profile.commitment)
    return (
        _builder(name, root.subject, public_key, now, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([profile.purpose]), critical=profile.purpose_critical)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(_authority_key_identifier(root), critical=False)
        .add_extension(_crl_location(issuer.base_url), critical=False)
        .add_extension(_issuer_location(issuer.base_url), critical=False)
        .sign(issuer.key, signature_hash(issuer.key))
    )


@dataclass(frozen=True, slots=True)
class NotarySubject:
    """A notary as their certificate names them; ``licence`` (the number of the practising licence)
    tells namesakes apart and may be empty."""

    name: str
    licence: str = ""


def notary_certificate(
    subject: NotarySubject,
    organisation: str,
    public_key: PublicKey,
    issuer: Issuer,
    now: datetime,
    lifetime: timedelta,
) -> x509.Certificate:
    """A notary's own certificate: O is the office, CN the person; never outliving its root.

    Raises:
        PkiError: a name that cannot stand in a certificate.
    """
    root = issuer.certificate
    until = min(whole_seconds(now) + lifetime, root.not_valid_after_utc)
    usage = _key_usage(digital_signature=True, content_commitment=True)
    policy = x509.PolicyInformation(ObjectIdentifier(NOTARY_POLICY), None)
    return (
        _builder(_notary_name(subject, organisation), root.subject, public_key, now, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([_DOCUMENT_SIGNING]), critical=False)
        .add_extension(x509.CertificatePolicies([policy]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(_authority_key_identifier(root), critical=False)
        .add_extension(_crl_location(issuer.base_url), critical=False)
        .add_extension(_issuer_location(issuer.base_url), critical=False)
        .sign(issuer.key, signature_hash(issuer.key))
    )


def is_notary(certificate: x509.Certificate) -> bool:
    """Whether it was issued to a notary by such an authority: it bears the policy."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except x509.ExtensionNotFound:
        return False
    return any(each.policy_identifier.dotted_string == NOTARY_POLICY for each in found)


def names_a_seal(certificate: x509.Certificate) -> bool:
    """Whether its subject is a seal as :func:`leaf_certificate` names it."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return any(_SEAL_NAME.fullmatch(str(each.value)) for each in names)


def _notary_name(subject: NotarySubject, organisation: str) -> x509.Name:
    name, licence = subject.name.strip(), subject.licence.strip()
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise PkiError(f"a notary's name must have 1 to {_LONGEST_NAME} printing characters")
    parts = [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation.strip()),
        x509.NameAttribute(NameOID.COMMON_NAME, name),
    ]
    if licence:
        # A PrintableString (RFC 5280 appendix A.1, id-at-serialNumber).
        if len(licence) > _LONGEST_NAME or not (licence.isascii() and licence.isalnum()):
            raise PkiError(f"a licence has at most {_LONGEST_NAME} letters and digits")
        parts.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, licence))
    return x509.Name(parts)


def revocation_list(
    issuer: Issuer,
    number: int,
    revoked: Iterable[x509.RevokedCertificate],
    now: datetime,
    lifetime: timedelta,
) -> x509.CertificateRevocationList:
    """A complete CRL v2 (RFC 5280 §5); ``number`` must grow from one to the next."""
    this_update = whole_seconds(now)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(this_update)
        .next_update(this_update + lifetime)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(_authority_key_identifier(issuer.certificate), critical=False)
    )
    for entry in revoked:
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(issuer.key, signature_hash(issuer.key))


def revoked_entry(serial: int, now: datetime, reason: x509.ReasonFlags) -> x509.RevokedCertificate:
    """One line of a CRL; "unspecified" is said by saying nothing (RFC 5280 §5.3.1)."""
    builder = x509.RevokedCertificateBuilder().serial_number(serial)
    builder = builder.revocation_date(whole_seconds(now))
    if reason is not x509.ReasonFlags.unspecified:
        builder = builder.add_extension(x509.CRLReason(reason), critical=False)
    return builder.build()


def whole_seconds(moment: datetime) -> datetime:
    """``moment`` in UTC without its fraction, as certificates keep time (RFC 5280 §4.1.2.5)."""
    return moment.astimezone(UTC).replace(microsecond=0)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PublicKey, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(whole_seconds(now))
        .not_valid_after(until)
    )


def _key_usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_key_identifier(root: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _crl_location(base_url: str) -> x509.CRLDistributionPoints:
    location = x509.UniformResourceIdentifier(f"{base_url}/pki/root.crl")
    return x509.CRLDistributionPoints([x509.DistributionPoint([location], None, None, None)])


def _issuer_location(base_url: str) -> x509.AuthorityInformationAccess:
    location = x509.UniformResourceIdentifier(f"{base_url}/pki/root.crt")
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, location)]
    )
