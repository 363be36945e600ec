"""Certificates and revocation lists that a token carries unsigned.

The token's signature does not cover them, so each must prove itself: whatever could be altered
without notice would make two tokens out of one. What is left is a certificate that the chain does
not need and whose issuer is not at hand, such as a cross certificate to a root nobody here asked
for: real authorities send those, and nothing hangs on them.
"""

from __future__ import annotations

from cryptography import x509

from timestamping.trust import TrustStore
from timestamping.verification import certificates
from timestamping.verification.report import Refusal


def check_carried(
    carried: tuple[bytes, ...], crls: tuple[bytes, ...], trust: TrustStore, signer: bytes
) -> str:
    """Every carried object is genuine as far as can be known; ``signer`` is vouched for by the
    ESSCertID check and its chain.

    Raises:
        Refusal: ``carried-material``.
    """
    if len(carried) + len(crls) > certificates.MOST_CARRIED:
        raise _refused(f"the token carries more than {certificates.MOST_CARRIED} objects")
    known = (*trust.roots, *trust.intermediates)
    loaded = [_load(der) for der in carried]
    trusted = certificates.load_all(known)
    pool = [*loaded, *trusted]
    foreign = 0
    for der, certificate in zip(carried, loaded, strict=True):
        if der != signer and der not in known:
            foreign += _check_certificate(certificate, pool, trusted)
    for crl in crls:
        _check_crl(crl, pool)
    if foreign:
        return f"{foreign} certificate(s) that no check needs have an issuer that is not at hand"
    return "every certificate and list carried bears its issuer's signature"


def _check_certificate(
    certificate: x509.Certificate,
    pool: list[x509.Certificate],
    trusted: list[x509.Certificate],
) -> int:
    """0 when it bears its issuer's signature, 1 when the issuer is not at hand."""
    issuers = [other for other in pool if other.subject == certificate.issuer]
    if issuers:
        if not any(certificates.issued(certificate, issuer) for issuer in issuers):
            raise _refused("a carried certificate does not bear the signature of its issuer")
        return 0
    if any(other.signature == certificate.signature for other in trusted):
        raise _refused("a carried certificate is an altered copy of a known one")
    return 1


def _check_crl(der: bytes, pool: list[x509.Certificate]) -> None:
    try:
        crl = certificates.load_crl(der)
        issuers = [other for other in pool if other.subject == crl.issuer]
        genuine = any(crl.is_signature_valid(issuer.public_key()) for issuer in issuers)  # type: ignore[arg-type]
    except (ValueError, *certificates.BROKEN) as error:
        raise _refused(f"carried revocation information cannot be read: {error}") from error
    if not genuine:
        raise _refused("a carried revocation list does not bear the signature of a known issuer")


def _load(der: bytes) -> x509.Certificate:
    try:
        return certificates.load(der)
    except ValueError as error:
        raise _refused(f"a carried certificate cannot be read: {error}") from error


def _refused(sentence: str) -> Refusal:
    return Refusal("carried-material", sentence)
