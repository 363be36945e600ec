"""Builds time-stamp tokens by hand and really signs them, so that one thing can be wrong at a time.

Independent of the code under test: its own DER writer, its own structures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from asn1crypto import algos, core
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from tests.timestamping.pki import NOW, Identity, TestPki

SIGNED_DATA = "1.2.840.113549.1.7.2"
DATA = "1.2.840.113549.1.7.1"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"
POLICY = "1.2.3.4.1"
DIGEST_OIDS = {
    "md5": "1.2.840.113549.2.5",
    "sha1": "1.3.14.3.2.26",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
_HASHES = {
    "sha1": hashes.SHA1(),  # noqa: S303
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_RSA_OIDS = {
    "sha1": "1.2.840.113549.1.1.5",
    "sha256": "1.2.840.113549.1.1.11",
    "sha384": "1.2.840.113549.1.1.12",
    "sha512": "1.2.840.113549.1.1.13",
}
_ECDSA_OIDS = {
    "sha1": "1.2.840.10045.4.1",
    "sha256": "1.2.840.10045.4.3.2",
    "sha384": "1.2.840.10045.4.3.3",
    "sha512": "1.2.840.10045.4.3.4",
}
RSA_ENCRYPTION = "1.2.840.113549.1.1.1"


def tlv(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    if len(body) < 128:
        return bytes((tag, len(body))) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def seq(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def set_of(*parts: bytes) -> bytes:
    return tlv(0x31, *sorted(parts))


def oid(dotted: str) -> bytes:
    return core.ObjectIdentifier(dotted).dump()


def integer(value: int) -> bytes:
    return core.Integer(value).dump()


def octets(value: bytes) -> bytes:
    return tlv(0x04, value)


def algorithm(dotted: str, parameters: bytes = b"") -> bytes:
    return seq(oid(dotted), parameters)


def attribute(dotted: str, *values: bytes) -> bytes:
    return seq(oid(dotted), set_of(*values))


def gen_time(moment: datetime) -> bytes:
    text = moment.astimezone(UTC).strftime("%Y%m%d%H%M%S")
    if moment.microsecond:
        text += f".{moment.microsecond:06d}".rstrip("0")
    return tlv(0x18, f"{text}Z".encode())


@dataclass(frozen=True)
class Tst:
    """A TSTInfo; raw fields are put in as they are."""

    hashed: bytes
    version: int = 1
    policy: str = POLICY
    imprint_digest: str = "sha256"
    imprint_parameters: bytes = b"\x05\x00"
    serial: int = 4711
    time: datetime = NOW
    raw_time: bytes = b""
    accuracy: bytes = b""
    ordering: bytes = b""
    nonce: int | None = None
    tsa: bytes = b""
    extensions: bytes = b""

    def der(self) -> bytes:
        imprint = seq(
            algorithm(DIGEST_OIDS[self.imprint_digest], self.imprint_parameters),
            octets(self.hashed),
        )
        return seq(
            integer(self.version),
            oid(self.policy),
            imprint,
            integer(self.serial),
            self.raw_time or gen_time(self.time),
            self.accuracy,
            self.ordering,
            b"" if self.nonce is None else integer(self.nonce),
            self.tsa,
            self.extensions,
        )


@dataclass(frozen=True)
class Forge:
    """A token with every part replaceable; ``of`` gives a good one."""

    signer: Identity
    content: bytes
    certificates: Sequence[bytes]
    crls: Sequence[bytes] = ()
    digest: str = "sha256"
    scheme: str = "default"  # "default", "rsaEncryption", "pss"
    pss_salt: int = 32
    pss_mask_digest: str = ""
    signature_algorithm: bytes = b""
    digest_algorithms: bytes = b""
    version: int = 3
    content_type: str = TST_INFO
    signed_content_type: str = TST_INFO
    outer_type: str = SIGNED_DATA
    attributes: Sequence[bytes] | None = None
    extra_attributes: Sequence[bytes] = ()
    dropped_attribute: str = ""
    sorted_attributes: bool = True
    message_digest: bytes = b""
    ess: Sequence[bytes] | None = None
    sid: bytes = b""
    signer_version: int = 1
    unsigned: bytes = b""
    signers: int = 1
    sign_with: Identity | None = None
    after: bytes = field(default=b"", repr=False)

    @classmethod
    def of(cls, pki: TestPki, tst: Tst | bytes, **wrong: object) -> Forge:
        content = tst if isinstance(tst, bytes) else tst.der()
        settings: dict[str, object] = {"certificates": pki.chain} | wrong
        return cls(pki.leaf, content, **settings)  # type: ignore[arg-type]

    def but(self, **wrong: object) -> Forge:
        return replace(self, **wrong)  # type: ignore[arg-type]

    def token(self) -> bytes:
        """The ContentInfo."""
        info = self._signer_info()
        signed = seq(
            integer(self.version),
            self.digest_algorithms or set_of(algorithm(DIGEST_OIDS[self.digest])),
            seq(oid(self.content_type), tlv(0xA0, octets(self.content))),
            tlv(0xA0, *self.certificates) if self.certificates else b"",
            tlv(0xA1, *self.crls) if self.crls else b"",
            tlv(0x31, *([info] * self.signers)),
        )
        return seq(oid(self.outer_type), tlv(0xA0, signed)) + self.after

    def response(self, status: int = 0, more: bytes = b"") -> bytes:
        """The TimeStampResp around it; ``more`` stands behind the status."""
        return seq(seq(integer(status), more), self.token())

    def signed_attributes(self) -> bytes:
        """Inside of the SET."""
        attributes = self.attributes
        if attributes is None:
            stated = self.message_digest or hashlib.new(self.digest, self.content).digest()
            attributes = [
                attribute(CONTENT_TYPE, oid(self.signed_content_type)),
                attribute(MESSAGE_DIGEST, octets(stated)),
                *([ess_v2(self.signer.der)] if self.ess is None else self.ess),
                *self.extra_attributes,
            ]
        dropped = oid(self.dropped_attribute) if self.dropped_attribute else None
        kept = [one for one in attributes if dropped is None or dropped not in one[:20]]
        ordered = sorted(kept)
        return b"".join(ordered if self.sorted_attributes else ordered[::-1])

    def _signer_info(self) -> bytes:
        certificate = self.signer.certificate
        sid = self.sid or seq(certificate.issuer.public_bytes(), integer(certificate.serial_number))
        attributes = self.signed_attributes()
        return seq(
            integer(self.signer_version),
            sid,
            algorithm(DIGEST_OIDS[self.digest]),
            tlv(0xA0, attributes) if attributes else b"",
            self.signature_algorithm or self._signature_algorithm(),
            octets(self._sign(tlv(0x31, attributes))),
            self.unsigned,
        )

    def _signature_algorithm(self) -> bytes:
        if self.scheme == "pss":
            digest_algorithm = {"algorithm": self.digest}
            mask = {"algorithm": self.pss_mask_digest or self.digest}
            parameters = algos.RSASSAPSSParams(
                {
                    "hash_algorithm": digest_algorithm,
                    "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": mask},
                    "salt_length": self.pss_salt,
                }
            )
            return algorithm("1.2.840.113549.1.1.10", parameters.dump())
        if isinstance(self._key, rsa.RSAPrivateKey):
            chosen = RSA_ENCRYPTION if self.scheme == "rsaEncryption" else _RSA_OIDS[self.digest]
            return algorithm(chosen, b"\x05\x00")
        return algorithm(_ECDSA_OIDS[self.digest])

    @property
    def _key(self) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
        return (self.sign_with or self.signer).key

    def _sign(self, message: bytes) -> bytes:
        chosen = _HASHES[self.digest]
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return self._key.sign(message, ec.ECDSA(chosen))
        if self.scheme == "pss":
            mask = padding.MGF1(_HASHES[self.pss_mask_digest or self.digest])
            return self._key.sign(message, padding.PSS(mask, self.pss_salt), chosen)
        return self._key.sign(message, padding.PKCS1v15(), chosen)


def ess_v1(certificate: bytes, issuer_serial: bytes = b"") -> bytes:
    hashed = octets(hashlib.sha1(certificate, usedforsecurity=False).digest())
    return attribute(SIGNING_CERTIFICATE, seq(seq(seq(hashed, issuer_serial))))


def ess_v2(certificate: bytes, issuer_serial: bytes = b"", digest: str = "") -> bytes:
    hashed = octets(hashlib.new(digest or "sha256", certificate).digest())
    named = algorithm(DIGEST_OIDS[digest]) if digest else b""
    return attribute(SIGNING_CERTIFICATE_V2, seq(seq(seq(named, hashed, issuer_serial))))


def issuer_serial(identity: Identity, serial: int | None = None) -> bytes:
    certificate = identity.certificate
    names = seq(tlv(0xA4, certificate.issuer.public_bytes()))
    return seq(names, integer(certificate.serial_number if serial is None else serial))
