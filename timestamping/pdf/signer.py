"""Our keys and our clock in the shape pyHanko wants them."""

from __future__ import annotations

from asn1crypto import algos, cms, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from chain_adapter.digest import Digest
from timestamping.authority.pki import SealKey
from timestamping.pdf.errors import SealError
from timestamping.stamper import Stamper

_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


class PreloadedSigner(Signer):
    """Signs with a key held open; pyHanko's own SimpleSigner parses its key at each signature,
    which costs 0.4 s with RSA."""

    def __init__(self, seal: SealKey) -> None:
        certificates = [x509.Certificate.load(der) for der in seal.chain]
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        store.register_multiple(certificates)
        self._key = seal.key
        self.certificate = seal.certificate
        mechanism = (
            "sha256_ecdsa" if isinstance(seal.key, ec.EllipticCurvePrivateKey) else ("sha256_rsa")
        )
        super().__init__(
            signing_cert=x509.Certificate.load(seal.certificate),
            cert_registry=store,
            signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": mechanism}),
            embed_roots=True,
        )

    async def async_sign_raw(
        self, data: bytes, digest_algorithm: str, dry_run: bool = False
    ) -> bytes:
        digest = _HASHES[digest_algorithm]()
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), digest)
        return self._key.sign(data, ec.ECDSA(digest))


class LocalTimeStamper(TimeStamper):
    """Hands pyHanko the tokens of one of our stampers, which has verified them already."""

    def __init__(self, stamper: Stamper) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._stamper = stamper

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        if md_algorithm not in _HASHES:
            raise SealError(f"no token is made over {md_algorithm}")
        token = self._stamper.stamp(Digest(md_algorithm, message_digest))
        return cms.ContentInfo.load(token.der)
