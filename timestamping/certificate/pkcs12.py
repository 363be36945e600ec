"""PKCS#12 files that strangers bring (RFC 7292): opened within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from asn1crypto import pkcs12 as asn1
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from timestamping.certificate.errors import BadContainer, KeyMismatch, WeakKey, WrongPassword

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

#: The largest file taken, bytes, and the most rounds of a key derivation: more is an attack.
MAX_FILE: Final = 1 << 20
MAX_ROUNDS: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Opened:
    """``certificate`` and ``others`` are DER."""

    key: Key
    certificate: bytes
    others: tuple[bytes, ...]


def open_pkcs12(data: bytes, password: str) -> Opened:
    """The one key of the file with its certificate.

    Raises:
        BadContainer, WrongPassword, KeyMismatch, WeakKey: each in one sentence.
    """
    _require_bounded(data)
    try:
        found = pkcs12.load_pkcs12(data, password.encode())
    except (ValueError, TypeError) as error:
        raise WrongPassword("the file does not open with this password") from error
    except Exception as error:  # an algorithm this machine does not know, among others
        raise BadContainer("the file uses something that cannot be read here") from error
    if found.key is None:
        raise BadContainer("the file holds no private key")
    certificates = [each.certificate for each in found.additional_certs]
    if found.cert is not None:
        certificates.insert(0, found.cert.certificate)
    if not certificates:
        raise BadContainer("the file holds no certificate")
    if not isinstance(found.key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise WeakKey("the key is neither RSA nor on an elliptic curve")
    public = found.key.public_key()
    own = next((each for each in certificates if each.public_key() == public), None)
    if own is None:
        raise KeyMismatch("the key in the file is not the one that its certificate certifies")
    others = tuple(each.public_bytes(Encoding.DER) for each in certificates if each != own)
    return Opened(found.key, own.public_bytes(Encoding.DER), others)


def _require_bounded(data: bytes) -> None:
    if len(data) > MAX_FILE:
        raise BadContainer(f"a key file has at most {MAX_FILE} bytes")
    try:
        rounds = list(_rounds(asn1.Pfx.load(data, strict=True)))
    except Exception as error:  # whatever the reader stumbles over: it is no such file
        raise BadContainer("this is no PKCS#12 file (.p12, .pfx)") from error
    if max(rounds, default=0) > MAX_ROUNDS:
        raise BadContainer("the file asks for more work than any honest key file")


def _rounds(pfx: Any) -> Iterator[int]:
    """Every number of rounds that can be seen before the password is used."""
    if pfx["mac_data"].native is not None:
        yield int(pfx["mac_data"]["iterations"].native)
    for content in pfx.authenticated_safe:
        if content["content_type"].native == "encrypted_data":
            info = content["content"]["encrypted_content_info"]
            yield int(info["content_encryption_algorithm"].kdf_iterations)
        elif content["content_type"].native == "data":
            yield from _bags(content["content"].native)


def _bags(data: bytes) -> Iterator[int]:
    for bag in asn1.SafeContents.load(data):
        if bag["bag_id"].native == "pkcs8_shrouded_key_bag":
            yield int(bag["bag_value"]["encryption_algorithm"].kdf_iterations)
