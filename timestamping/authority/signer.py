"""The CMS half of a token: SignedData around a TSTInfo (RFC 5652, RFC 3161 §2.4.2, RFC 5816).

Everything that is the same in every token is encoded when the signer is built; signing one token
joins byte strings and makes one signature.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from timestamping.authority import der
from timestamping.authority.errors import BadSigner
from timestamping.authority.keys import PrivateKey, public_bytes, scheme_of

_SIGNED_DATA = der.oid("1.2.840.113549.1.7.2")
_TST_INFO = der.oid("1.2.840.113549.1.9.16.1.4")
_CONTENT_TYPE = der.oid("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = der.oid("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE_V2 = der.oid("1.2.840.113549.1.9.16.2.47")


class TokenSigner:
    """Signs TSTInfo values with one certified key; immutable, safe for threads.

    Args:
        key: the private key.
        certificate: DER of its time-stamping certificate.
        chain: DER of further certificates to send along when certificates are asked for.

    Attributes:
        certificate: the DER given.
        subject: DER of its subject Name, as the certificate has it.
        not_before, not_after: its validity, aware.

    Raises:
        BadSigner: the certificate is a CA's, lacks the one critical extended key usage, does not
            allow signatures, or belongs to another key.
    """

    def __init__(self, key: PrivateKey, certificate: bytes, chain: Sequence[bytes] = ()) -> None:
        try:
            parsed = x509.load_der_x509_certificate(certificate)
            extensions = parsed.extensions
        except ValueError as fault:
            raise BadSigner(f"the certificate cannot be read: {fault}") from None
        _check_purpose(extensions)
        _check_key(parsed, key)
        self.certificate = certificate
        self.not_before = parsed.not_valid_before_utc
        self.not_after = parsed.not_valid_after_utc
        serial, issuer, self.subject = _identity(certificate)

        scheme = scheme_of(key)
        self._sign = scheme.sign
        self._hash: Callable[[bytes], hashlib._Hash] = getattr(hashlib, scheme.digest)
        self._set_header, self._before, self._after = _attributes_around_digest(
            self._hash().digest_size, _signing_certificate(certificate, serial, issuer)
        )
        # SignedData v3 because eContentType is not id-data (RFC 5652 §5.1).
        self._head = der.integer(3) + der.tlv(der.SET, scheme.digest_algorithm)
        self._certificates = der.set_of({certificate, *chain}, tag=0xA0)
        self._signer_head = (
            der.integer(1) + der.tlv(der.SEQUENCE, issuer, serial) + scheme.digest_algorithm
        )
        self._signature_algorithm = scheme.signature_algorithm

    def sign(self, tst_info: bytes, *, with_certificates: bool) -> bytes:
        """DER of the ContentInfo that is the token over DER ``tst_info``."""
        attributes = self._before + self._hash(tst_info).digest() + self._after
        # What is signed is the SET OF itself; what is sent carries [0] instead (RFC 5652 §5.4).
        signature = self._sign(self._set_header + attributes)
        signer_info = der.tlv(
            der.SEQUENCE,
            self._signer_head,
            der.tlv(0xA0, attributes),
            self._signature_algorithm,
            der.tlv(der.OCTET_STRING, signature),
        )
        signed_data = der.tlv(
            der.SEQUENCE,
            self._head,
            der.tlv(der.SEQUENCE, _TST_INFO, der.tlv(0xA0, der.tlv(der.OCTET_STRING, tst_info))),
            self._certificates if with_certificates else b"",
            der.tlv(der.SET, signer_info),
        )
        return der.tlv(der.SEQUENCE, _SIGNED_DATA, der.tlv(0xA0, signed_data))


def _attributes_around_digest(
    digest_size: int, signing_certificate: bytes
) -> tuple[bytes, bytes, bytes]:
    """The signed attributes with a hole for the message digest.

    Returns the header of the SET OF, and its content before and after the digest's octets. The
    order within a SET OF (X.690 §11.6) is settled here once: the three attributes differ in
    length, so their length octets decide it and no digest can change it.
    """
    hole = bytes(digest_size)
    digest = _attribute(_MESSAGE_DIGEST, der.tlv(der.OCTET_STRING, hole))
    attributes = (
        _attribute(_CONTENT_TYPE, _TST_INFO),
        digest,
        _attribute(_SIGNING_CERTIFICATE_V2, signing_certificate),
    )
    encoded = der.set_of(attributes)
    hole_at = encoded.index(digest) + len(digest) - digest_size
    content_at = len(encoded) - sum(map(len, attributes))
    return encoded[:content_at], encoded[content_at:hole_at], encoded[hole_at + digest_size :]


def _attribute(kind: bytes, value: bytes) -> bytes:
    return der.tlv(der.SEQUENCE, kind, der.tlv(der.SET, value))


def _signing_certificate(certificate: bytes, serial: bytes, issuer: bytes) -> bytes:
    """SigningCertificateV2 with one ESSCertIDv2; SHA-256 is the default and so left out (RFC 5035
    §4)."""
    digest = der.tlv(der.OCTET_STRING, hashlib.sha256(certificate).digest())
    names = der.tlv(der.SEQUENCE, der.context(4, issuer))
    ess_cert_id = der.tlv(der.SEQUENCE, digest, der.tlv(der.SEQUENCE, names, serial))
    return der.tlv(der.SEQUENCE, der.tlv(der.SEQUENCE, ess_cert_id))


def _identity(certificate: bytes) -> tuple[bytes, bytes, bytes]:
    """The serialNumber, issuer and subject elements exactly as the certificate has them.

    Re-encoding a parsed Name may change its string types, and then it no longer matches.
    """
    tbs = der.Reader(certificate).inside(der.SEQUENCE, "Certificate")
    fields = tbs.inside(der.SEQUENCE, "tbsCertificate")
    fields.content(0xA0, "version")
    serial = fields.integer("serialNumber")
    fields.content(der.SEQUENCE, "signature")
    issuer = fields.whole(der.SEQUENCE, "issuer")
    fields.content(der.SEQUENCE, "validity")
    return serial, issuer, fields.whole(der.SEQUENCE, "subject")


def _check_purpose(extensions: x509.Extensions) -> None:
    """RFC 3161 §2.3: one extended key usage, critical, id-kp-timeStamping; and no CA."""
    try:
        usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        raise BadSigner("the certificate has no extended key usage") from None
    if list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise BadSigner("the certificate's extended key usage must be timeStamping alone")
    if not usage.critical:
        raise BadSigner("the certificate's extended key usage must be critical")
    for extension in extensions:
        value = extension.value
        if isinstance(value, x509.BasicConstraints) and value.ca:
            raise BadSigner("the certificate is a certification authority's")
        if isinstance(value, x509.KeyUsage) and not (
            value.digital_signature or value.content_commitment
        ):
            raise BadSigner("the certificate's key usage does not allow signatures")


def _check_key(certificate: x509.Certificate, key: PrivateKey) -> None:
    certified = certificate.public_key()
    if not isinstance(certified, ec.EllipticCurvePublicKey | rsa.RSAPublicKey) or (
        public_bytes(certified) != public_bytes(key.public_key())
    ):
        raise BadSigner("the private key does not belong to the certificate")
