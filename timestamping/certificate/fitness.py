"""Whether a certificate may sign as a notary: the same rules when signing and when judging.

Asked of the certificate, each with a sentence and an error of its own:

1. RSA of at least 2048 bits or P-256/384/521; no signature of its chain over SHA-1 or weaker
2. within its validity
3. for signing: no authority, keyUsage digitalSignature or nonRepudiation, and of the extended key
   usages one that signs documents (RFC 9336, e-mail, any; never time-stamping; not TLS alone)
4. no key of the office: neither seal nor time-stamping authority
5. a chain to a root of notaries, or to the office's root when it bears the policy of notaries
6. not revoked
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from timestamping.authority.certificates import is_notary, names_a_seal
from timestamping.certificate.errors import (
    Expired,
    NotForSigning,
    NotYetValid,
    Revoked,
    Untrusted,
    WeakKey,
)
from timestamping.package_trust import PackageTrust
from timestamping.trust import TrustStore
from timestamping.verification.chain import Chain, find_chain
from timestamping.verification.report import Refusal, Undecided
from timestamping.verification.revocation import check_revocation, watch

_CURVES: Final = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_DIGESTS: Final = frozenset({"sha256", "sha384", "sha512"})
#: Purposes that sign documents: RFC 9336, e-mail, any, Adobe's and Microsoft's.
_PURPOSES: Final = {
    "1.3.6.1.5.5.7.3.36": "1.3.6.1.5.5.7.3.36",
    "1.3.6.1.5.5.7.3.4": "email_protection",
    "2.5.29.37.0": "any_extended_key_usage",
    "1.2.840.113583.1.1.5": "adobe_authentic_documents_trust",
    "1.3.6.1.4.1.311.10.3.12": "microsoft_document_signing",
}
_AUTHORITY_PURPOSES: Final = frozenset((*_PURPOSES, *_PURPOSES.values()))
_TIME_STAMPING: Final = "1.3.6.1.5.5.7.3.8"


def check_signing_certificate(
    certificate: bytes,
    chain: Sequence[bytes],
    trust: PackageTrust,
    now: datetime,
    crls: Iterable[bytes] = (),
) -> Chain:
    """All of the rules at ``now``; ``chain`` and ``crls`` help and are believed for nothing. A
    certificate whose state no list tells passes: only a list that names it refuses it.

    Raises:
        SigningKeyError: the first rule it breaks.
    """
    found = notary_chain(certificate, chain, trust, now)
    with contextlib.suppress(Undecided):
        revocation(found, trust, now, crls)
    return found


def notary_chain(
    certificate: bytes, chain: Sequence[bytes], trust: PackageTrust, moment: datetime
) -> Chain:
    """Rules 1 to 5.

    Raises:
        SigningKeyError: the first rule it breaks.
    """
    try:
        leaf = x509.load_der_x509_certificate(certificate)
        _strong(leaf)
        _current(leaf, moment)
        _for_signing(leaf)
    except (ValueError, TypeError, x509.DuplicateExtension) as error:
        raise NotForSigning("the certificate cannot be read") from error
    if is_of_the_office(leaf, trust):
        raise NotForSigning(f"{holder(leaf)} is a key of the office itself, not a notary's")
    return _trusted(leaf, certificate, tuple(chain), trust, moment)


def seal_chain(
    certificate: bytes, chain: Sequence[bytes], trust: PackageTrust, moment: datetime
) -> Chain:
    """The same of the office's seal: for signing, a seal, and under the office's root.

    Raises:
        SigningKeyError: the first rule it breaks.
    """
    leaf = x509.load_der_x509_certificate(certificate)
    _strong(leaf)
    _current(leaf, moment)
    _for_signing(leaf)
    if is_notary(leaf) or not names_a_seal(leaf):
        raise NotForSigning(f"{holder(leaf)} is not the office's seal")
    return _chain(leaf, certificate, tuple(chain), trust.certificates, moment)


def revocation(
    chain: Chain, trust: PackageTrust, moment: datetime, crls: Iterable[bytes] = ()
) -> str:
    """Rule 6, of a signature whose moment is proved by a time-stamp.

    Raises:
        Revoked: a certificate of the chain was revoked by then.
        Undecided: no list at hand tells.
    """
    known = (*trust.notaries.crls, *trust.certificates.crls, *crls)
    try:
        return check_revocation(watch(chain, known), moment, stamped=True)
    except Refusal as refusal:
        raise Revoked(str(refusal).removesuffix(", before")) from refusal


def is_of_the_office(leaf: x509.Certificate, trust: PackageTrust) -> bool:
    """Whether it is the seal's or a time-stamping authority's."""
    der = leaf.public_bytes(Encoding.DER)
    if der in trust.seal or _TIME_STAMPING in _purposes(leaf):
        return True
    return names_a_seal(leaf) and not is_notary(leaf)


def holder(certificate: x509.Certificate) -> str:
    """Whom it names: the common name, else all of the subject."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def _strong(certificate: x509.Certificate) -> None:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < 2048:
            raise WeakKey(f"the RSA key has {key.key_size} bits; at least 2048 are needed")
    elif not (isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES)):
        raise WeakKey("the key is neither RSA nor on one of the curves P-256, P-384 and P-521")
    _strong_digest(certificate)


def _strong_digest(certificate: x509.Certificate) -> None:
    try:
        digest = certificate.signature_hash_algorithm
    except ValueError:
        digest = None
    if digest is None or digest.name not in _DIGESTS:
        name = "an unknown digest" if digest is None else digest.name.upper()
        raise WeakKey(f"the certificate of {holder(certificate)} is signed over {name}")


def _current(certificate: x509.Certificate, moment: datetime) -> None:
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if moment < first:
        raise NotYetValid(f"the certificate of {holder(certificate)} is valid from {first:%F} on")
    if moment > last:
        raise Expired(f"the certificate of {holder(certificate)} expired on {last:%F}")


def _for_signing(leaf: x509.Certificate) -> None:
    if _is_authority(leaf):
        raise NotForSigning("the certificate is one of an authority, not of a person")
    try:
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        raise NotForSigning("the certificate does not say that its key is for signing") from None
    if not (usage.digital_signature or usage.content_commitment):
        raise NotForSigning("the key is not for signing (keyUsage)")
    purposes = _purposes(leaf)
    if purposes and not purposes & _PURPOSES.keys():
        raise NotForSigning("the key is not for signing documents (extendedKeyUsage)")


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _purposes(certificate: x509.Certificate) -> frozenset[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(each.dotted_string for each in found)


def _trusted(
    leaf: x509.Certificate,
    der: bytes,
    carried: tuple[bytes, ...],
    trust: PackageTrust,
    moment: datetime,
) -> Chain:
    """A chain to a root of notaries. The office's roots, which vouch for seal and time-stamps too,
    vouch for a notary only by the policy."""
    roots = trust.notaries.roots
    if is_notary(leaf):
        roots = (*roots, *trust.certificates.roots)
    if not roots:
        raise Untrusted("no root of notaries' certificates is known")
    helpful = (*trust.notaries.intermediates, *trust.certificates.intermediates)
    return _chain(leaf, der, carried, TrustStore(roots, helpful), moment)


def _chain(
    leaf: x509.Certificate,
    der: bytes,
    carried: tuple[bytes, ...],
    store: TrustStore,
    moment: datetime,
) -> Chain:
    try:
        chain = find_chain(der, carried, store, moment, _AUTHORITY_PURPOSES)
    except Refusal as refusal:
        sentence = f"no chain leads from the certificate of {holder(leaf)} to a trusted root"
        raise Untrusted(sentence) from refusal
    for below in chain.certificates[:-1]:
        _strong_digest(x509.load_der_x509_certificate(below))
    return chain
