"""Between notaries' keys as rows and the domain's signers: opening, judging, making, revoking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from asn1crypto import pem

from portal.certificates.models import NotaryKey
from portal.deposits.tools import Tools
from portal.problems import BadInput, PortalError, Unavailable
from timestamping.authority.errors import PkiError
from timestamping.authority.notaries import make_notary_key
from timestamping.certificate import (
    BadContainer,
    Expired,
    HsmMissing,
    KeyMismatch,
    NotaryPerson,
    NotarySigner,
    NotForSigning,
    NotYetValid,
    Revoked,
    SigningKeyError,
    TokenMissing,
    Untrusted,
    WeakKey,
    WrongPassword,
    check_signing_certificate,
)

__all__ = ["NotaryPerson", "NotarySigner"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a key's row holds of its certificate; ``chain`` is PEM."""

    certificate: bytes
    chain: str
    fingerprint: str
    holder: str
    not_before: datetime
    not_after: datetime


def facts(signer: NotarySigner) -> Facts:
    chain = b"".join(pem.armor("CERTIFICATE", der) for der in signer.chain)
    return Facts(
        signer.certificate,
        chain.decode(),
        signer.fingerprint,
        signer.holder,
        signer.not_before,
        signer.not_after,
    )


def from_pkcs12(
    tools: Tools, data: bytes, password: str, now: datetime, field: str = "password"
) -> NotarySigner:
    """Raises BadInput, naming ``field`` when it is the password that is wrong."""
    try:
        return NotarySigner.from_pkcs12(data, password, trust=tools.trust(), now=now)
    except SigningKeyError as error:
        raise problem_of(error, field) from error


def from_token(
    tools: Tools, token: str, label: str, pin: str, now: datetime, field: str = "pin"
) -> NotarySigner:
    """Raises BadInput, or Unavailable when no module is configured or the token is not there."""
    module = tools.settings.pkcs11_module
    if module is None:
        message = "This portal is not set up for signing tokens; an operator is needed."
        raise Unavailable("no_token_module", message)
    try:
        return NotarySigner.from_pkcs11(
            str(module), token, label, pin, trust=tools.trust(), now=now
        )
    except SigningKeyError as error:
        raise problem_of(error, field) from error


def trouble(tools: Tools, row: NotaryKey, now: datetime) -> str | None:
    """None, or the sentence why this key must not sign at ``now``."""
    chain = [der for _, _, der in pem.unarmor(row.chain.encode(), multiple=True)]
    try:
        check_signing_certificate(row.certificate, chain, tools.trust(), now)
    except SigningKeyError as error:
        return problem_of(error, "key").message
    return None


def make_pkcs12(tools: Tools, name: str, password: str) -> bytes:
    """A key made and certified by the office's authority. Raises Unavailable when it cannot be."""
    try:
        return make_notary_key(tools.pki, " ".join(name.split()), password).pkcs12
    except PkiError as error:
        message = "The office's authority cannot make a key just now: %(why)s"
        raise Unavailable("key_not_made", message, why=str(error)) from error


def revoke(tools: Tools, certificate: bytes) -> None:
    """Put a certificate of the office's own on its revocation list."""
    try:
        tools.pki.revoke(certificate)
    except PkiError as error:
        message = "The revocation list cannot be written just now, so the key was not removed."
        raise Unavailable("key_not_revoked", message) from error


def problem_of(error: SigningKeyError, field: str) -> PortalError:
    """The domain's refusal as an answer in words that are translated."""
    match error:
        case WrongPassword():
            message = "The password or PIN is wrong; the key did not open."
            return BadInput(error.code, message, field=field)
        case BadContainer():
            message = "This is no key file that can be read here (PKCS#12: .p12, .pfx)."
            return BadInput(error.code, message, field="file")
        case KeyMismatch():
            message = "The key is not the one that its certificate certifies."
            return BadInput(error.code, message, field="file")
        case Expired():
            message = "The certificate of this key has expired."
            return BadInput(error.code, message, field="file")
        case NotYetValid():
            message = "The certificate of this key is not valid yet."
            return BadInput(error.code, message, field="file")
        case NotForSigning():
            message = "This key is not for signing documents, or it is a key of the office itself."
            return BadInput(error.code, message, field="file")
        case Untrusted():
            message = (
                "No chain leads from this certificate to an authority that this office trusts for "
                "notaries."
            )
            return BadInput(error.code, message, field="file")
        case Revoked():
            message = "The certificate of this key was revoked."
            return BadInput(error.code, message, field="file")
        case WeakKey():
            message = "This key, or a signature in its chain, is too weak to sign with."
            return BadInput(error.code, message, field="file")
        case TokenMissing():
            message = "The token, or the key on it, is not there: plug it in and check both names."
            return BadInput(error.code, message, field="token")
        case HsmMissing():
            message = "This portal is not set up for signing tokens; an operator is needed."
            return Unavailable(error.code, message)
    message = "This key does not sign certificates."
    return BadInput(error.code, message, field=field)
