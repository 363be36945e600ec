"""Revocation by CRL, judged at the time the token states (RFC 5280 §5, RFC 3161 §4)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509

from timestamping.verification import certificates
from timestamping.verification.chain import Chain
from timestamping.verification.report import Refusal, Undecided

#: RFC 3161 §4.1: revoked for one of these reasons, tokens made before stay good. Any other
#: reason, or none stated, means that the key may be in other hands, at whatever time.
_HARMLESS: Final = frozenset(
    {
        x509.ReasonFlags.unspecified,
        x509.ReasonFlags.affiliation_changed,
        x509.ReasonFlags.superseded,
        x509.ReasonFlags.cessation_of_operation,
    }
)


@dataclass(frozen=True, slots=True)
class Watched:
    """A certificate of the chain and the genuine lists of its issuer."""

    certificate: x509.Certificate
    lists: tuple[x509.CertificateRevocationList, ...]


def watch(chain: Chain, crls: Iterable[bytes]) -> tuple[Watched, ...]:
    """Pair each certificate below the anchor with the lists that its issuer signed."""
    loaded = [certificates.load(der) for der in chain.certificates]
    lists = [crl for crl in map(_load, crls) if crl is not None]
    watched = []
    for place, certificate in enumerate(loaded[:-1]):
        issuer = loaded[place + 1]
        is_ca = place > 0
        genuine = (crl for crl in lists if _usable(crl, issuer, is_ca))
        watched.append(Watched(certificate, tuple(genuine)))
    return tuple(watched)


def check_revocation(
    watched: tuple[Watched, ...], moment: datetime, *, stamped: bool = False
) -> str:
    """No certificate was revoked in a way that touches a token made at ``moment``. Where another
    authority's time-stamp proves that moment (``stamped``), a later revocation touches nothing,
    unless it says that the key was lost before (invalidityDate, RFC 5280 §5.3.2).

    Raises:
        Refusal: ``revocation``.
        Undecided: a certificate whose state at ``moment`` no list tells.
    """
    silent = [one for one in watched if not _is_told(one, moment, stamped)]
    if silent:
        names = ", ".join(one.certificate.subject.rfc4514_string() for one in silent)
        raise Undecided(f"no revocation list at hand tells the state of {names} at that time")
    if not watched:
        return "the signer is itself trusted, so nobody could revoke it"
    return "every certificate of the chain is on none of its issuer's lists at that time"


def _is_told(one: Watched, moment: datetime, stamped: bool) -> bool:
    told = False
    for crl in one.lists:
        entry = crl.get_revoked_certificate_by_serial_number(one.certificate.serial_number)
        if entry is not None:
            _check_entry(one.certificate, entry, moment, stamped)
            told = True
        else:
            told |= _covers(crl, one.certificate, moment)
    return told


def _check_entry(
    certificate: x509.Certificate,
    entry: x509.RevokedCertificate,
    moment: datetime,
    stamped: bool,
) -> None:
    since = entry.revocation_date_utc
    if stamped:
        with contextlib.suppress(x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
            lost = entry.extensions.get_extension_for_class(x509.InvalidityDate).value
            since = min(since, lost.invalidity_date_utc)
    reason = None
    # A reason that cannot be read is none, and none is the grave case.
    with contextlib.suppress(x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    name = certificate.subject.rfc4514_string()
    if moment >= since:
        raise Refusal("revocation", f"{name} was revoked on {since:%Y-%m-%d %H:%M:%S} UTC, before")
    if not stamped and reason not in _HARMLESS:
        why = "without a reason" if reason is None else f"for {reason.value}"
        raise Refusal(
            "revocation", f"{name} was revoked later, {why}, which puts earlier tokens in doubt"
        )


def _covers(
    crl: x509.CertificateRevocationList, certificate: x509.Certificate, moment: datetime
) -> bool:
    """Silence of a list says something when the list was in force at ``moment`` or is younger,
    and was made before the certificate expired: expired ones drop off (RFC 5280 §3.3)."""
    if crl.last_update_utc > certificate.not_valid_after_utc:
        return False
    last = crl.next_update_utc or crl.last_update_utc
    return moment <= last


def _usable(crl: x509.CertificateRevocationList, issuer: x509.Certificate, is_ca: bool) -> bool:
    if crl.issuer != issuer.subject or not _may_sign(issuer):
        return False
    try:
        if not crl.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type]
            return False
        return all(_understood(extension, is_ca) for extension in crl.extensions)
    except (ValueError, *certificates.BROKEN):
        return False


def _may_sign(issuer: x509.Certificate) -> bool:
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _understood(extension: x509.Extension[x509.ExtensionType], is_ca: bool) -> bool:
    """Partial lists are passed over: they are silent about certificates they do not speak of."""
    value = extension.value
    if isinstance(value, x509.IssuingDistributionPoint):
        if value.indirect_crl or value.only_some_reasons or value.only_contains_attribute_certs:
            return False
        return not (value.only_contains_user_certs if is_ca else value.only_contains_ca_certs)
    if isinstance(value, x509.DeltaCRLIndicator):
        return False
    known = isinstance(value, x509.AuthorityKeyIdentifier | x509.CRLNumber)
    return known or not extension.critical


def _load(der: bytes) -> x509.CertificateRevocationList | None:
    try:
        return certificates.load_crl(der)
    except ValueError:
        return None
