"""What a notary signs with, whatever holds the key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime

from asn1crypto import algos
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko_certvalidator.registry import SimpleCertificateStore

from timestamping.certificate.fitness import check_signing_certificate, holder
from timestamping.certificate.pkcs11 import TokenKey
from timestamping.certificate.pkcs12 import Key, open_pkcs12
from timestamping.package_trust import PackageTrust
from timestamping.trust import TrustStore

#: ``data, digest name → signature`` as CMS wants it.
Sign = Callable[[bytes, str], bytes]


class NotarySigner:
    """A notary's key with its certificate, found fit to sign when this was made.

    Attributes:
        certificate: DER.
        chain: DER of the certificates above it, up to and including the root.
        store: what is needed to judge it later: root, authorities, revocation lists.
    """

    def __init__(
        self,
        certificate: bytes,
        others: tuple[bytes, ...],
        sign: Sign,
        *,
        trust: PackageTrust,
        now: datetime,
    ) -> None:
        """Raises:
        SigningKeyError: the certificate may not sign (:mod:`timestamping.certificate.fitness`).
        """
        chain = check_signing_certificate(certificate, others, trust, now).certificates
        self._read = x509.load_der_x509_certificate(certificate)
        self.certificate = certificate
        self.chain = chain[1:]
        self.store = TrustStore(
            (chain[-1],), chain[1:-1], (*trust.notaries.crls, *trust.certificates.crls)
        )
        self.sign = sign

    @classmethod
    def from_pkcs12(
        cls, data: bytes, password: str, *, trust: PackageTrust, now: datetime
    ) -> NotarySigner:
        """From a key file.

        Raises:
            SigningKeyError: the file does not open, or its certificate may not sign.
        """
        opened = open_pkcs12(data, password)
        return cls(opened.certificate, opened.others, _signing(opened.key), trust=trust, now=now)

    @classmethod
    def from_pkcs11(
        cls,
        module: str,
        token: str,
        label: str,
        pin: str,
        *,
        trust: PackageTrust,
        now: datetime,
        certificate: bytes | None = None,
        chain: tuple[bytes, ...] = (),
    ) -> NotarySigner:
        """From a token: the path of its PKCS#11 module, its label, the label of its key.
        ``certificate`` (DER) is read from the token unless given.

        Raises:
            SigningKeyError: no such token or key, a wrong PIN, or its certificate may not sign.
        """
        key = TokenKey(module, token, label, pin)
        der = key.certificate() if certificate is None else certificate
        signer = cls(der, chain, key.sign, trust=trust, now=now)
        key.require_fit(signer._read)
        return signer

    @property
    def holder(self) -> str:
        """Whom the certificate names."""
        return holder(self._read)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, hexadecimal."""
        return hashlib.sha256(self.certificate).hexdigest()

    @property
    def not_before(self) -> datetime:
        return self._read.not_valid_before_utc

    @property
    def not_after(self) -> datetime:
        return self._read.not_valid_after_utc

    @property
    def mechanism(self) -> str:
        """asn1crypto's name of the signature algorithm; the digest is SHA-256 throughout."""
        is_rsa = isinstance(self._read.public_key(), rsa.RSAPublicKey)
        return "sha256_rsa" if is_rsa else "sha256_ecdsa"


class NotaryCms(Signer):
    """A :class:`NotarySigner` in the shape pyHanko wants it."""

    def __init__(self, signer: NotarySigner) -> None:
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        store.register_multiple([asn1_x509.Certificate.load(der) for der in signer.chain])
        self._sign = signer.sign
        self._length = 512
        super().__init__(
            signing_cert=asn1_x509.Certificate.load(signer.certificate),
            cert_registry=store,
            signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": signer.mechanism}),
            embed_roots=True,
        )

    async def async_sign_raw(
        self, data: bytes, digest_algorithm: str, dry_run: bool = False
    ) -> bytes:
        # A rehearsal only asks how long a signature is: no second PIN for that.
        return bytes(self._length) if dry_run else self._sign(data, digest_algorithm)


def _signing(key: Key) -> Sign:
    names: dict[str, hashes.HashAlgorithm] = {
        "sha256": hashes.SHA256(),
        "sha384": hashes.SHA384(),
        "sha512": hashes.SHA512(),
    }
    if isinstance(key, rsa.RSAPrivateKey):
        private = key
        return lambda data, digest: private.sign(data, padding.PKCS1v15(), names[digest])
    curve = key
    return lambda data, digest: curve.sign(data, ec.ECDSA(names[digest]))
