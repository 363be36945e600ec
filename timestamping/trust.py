"""What a verifier believes in: roots, helpful intermediates, revocation lists."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from asn1crypto import crl as asn1_crl
from asn1crypto import pem as asn1_pem
from asn1crypto import x509 as asn1_x509


class InvalidTrust(ValueError):
    """The file holds something that is neither a certificate nor a revocation list."""


@dataclass(frozen=True)
class TrustStore:
    """DER certificates and CRLs; equal stores give equal verdicts.

    Attributes:
        roots: trust anchors. A chain must end at one of them.
        intermediates: CA certificates that help to build a chain and are believed for nothing.
        crls: certificate revocation lists, each checked against its issuer before use.
    """

    roots: tuple[bytes, ...] = ()
    intermediates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()

    @classmethod
    def from_pem(cls, source: Path | str | bytes, *, anchors: bool = False) -> TrustStore:
        """Read PEM (any number of blocks) or one DER object from a path or from bytes.

        Self-issued certificates become roots, other certificates intermediates, CRLs CRLs: a
        bundle with leaf and intermediates must not make the leaf its own anchor. With ``anchors``
        every certificate is taken as an anchor, for an operator who trusts a subordinate CA.

        Raises:
            InvalidTrust: nothing readable inside, or something else than certificates and CRLs.
            OSError: the path cannot be read.
        """
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
        roots: list[bytes] = []
        intermediates: list[bytes] = []
        crls: list[bytes] = []
        for der in _objects(data):
            certificate = _certificate(der)
            if certificate is None:
                crls.append(_crl(der))
            elif anchors or certificate.issuer.dump() == certificate.subject.dump():
                roots.append(der)
            else:
                intermediates.append(der)
        return cls(tuple(roots), tuple(intermediates), tuple(crls))

    def merge(self, other: TrustStore) -> TrustStore:
        """Both together, each object once, in order of appearance."""
        return TrustStore(
            _unique(self.roots, other.roots),
            _unique(self.intermediates, other.intermediates),
            _unique(self.crls, other.crls),
        )

    def roots_pem(self) -> str:
        """The roots as PEM text, for ``openssl ts -verify -CAfile``."""
        return _armoured("CERTIFICATE", self.roots)

    def intermediates_pem(self) -> str:
        """The intermediates as PEM text, for ``openssl ts -verify -untrusted``."""
        return _armoured("CERTIFICATE", self.intermediates)

    def crls_pem(self) -> str:
        return _armoured("X509 CRL", self.crls)

    def to_pem(self) -> str:
        """Everything; ``from_pem`` reads it back (except roots that are not self-issued)."""
        return self.roots_pem() + self.intermediates_pem() + self.crls_pem()

    @cached_property
    def fingerprint(self) -> bytes:
        """SHA-256 over all parts: the key under which verdicts of this store may be cached."""
        state = hashlib.sha256()
        for part in (self.roots, self.intermediates, self.crls):
            state.update(len(part).to_bytes(8, "big"))
            for der in part:
                state.update(hashlib.sha256(der).digest())
        return state.digest()


def _objects(data: bytes) -> Iterator[bytes]:
    if not asn1_pem.detect(data):
        yield data
        return
    try:
        yield from (der for _, _, der in asn1_pem.unarmor(data, multiple=True))
    except ValueError as error:
        raise InvalidTrust(f"this is not readable PEM: {error}") from error


def _certificate(der: bytes) -> asn1_x509.Certificate | None:
    try:
        certificate = asn1_x509.Certificate.load(der, strict=True)
        # asn1crypto parses on demand; touch what a CRL would not have.
        _ = certificate.public_key.algorithm, certificate.subject.native, certificate.serial_number
    except (ValueError, TypeError, KeyError):
        return None
    return certificate


def _crl(der: bytes) -> bytes:
    try:
        revocations = asn1_crl.CertificateList.load(der, strict=True)
        _ = revocations.issuer.native, revocations["tbs_cert_list"]["this_update"].native
    except (ValueError, TypeError, KeyError) as error:
        raise InvalidTrust("this is neither a certificate nor a revocation list") from error
    return der


def _unique(*groups: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(der for group in groups for der in group))


def _armoured(kind: str, ders: Iterable[bytes]) -> str:
    return "".join(asn1_pem.armor(kind, der).decode("ascii") for der in ders)
