"""The certification authority over one key folder: what is issued when, and in which order.

The caller holds the folder's lock around everything here that writes. Each method looks at the disk
first, so that calling it again after a crash, or after another process, continues from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from timestamping.authority.certificates import (
    SEAL,
    TSA,
    Issuer,
    NotarySubject,
    Profile,
    leaf_certificate,
    notary_certificate,
    revocation_list,
    revoked_entry,
    root_certificate,
)
from timestamping.authority.clock import Clock
from timestamping.authority.errors import PkiError
from timestamping.authority.keys import KeyType, PublicKey, key_type_of
from timestamping.authority.store import Certified, KeyStore

PROFILES = (TSA, SEAL)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long things are good for.

    A leaf is replaced ``renew_before`` its end and stays valid until then, so that every token and
    seal is made at least that long before its certificate expires.
    """

    root: timedelta = timedelta(days=30 * 365)
    leaf: timedelta = timedelta(days=10 * 365)
    renew_before: timedelta = timedelta(days=5 * 365)
    crl: timedelta = timedelta(days=7)
    renew_crl_after: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Settings:
    """What new certificates say; ``key_type`` is that of keys made from now on."""

    organisation: str
    base_url: str
    key_type: KeyType
    lifetimes: Lifetimes


class CertificateAuthority:
    """Issues into ``store``; every public method may raise :class:`PkiError`."""

    def __init__(self, store: KeyStore, settings: Settings, clock: Clock) -> None:
        self._store = store
        self._settings = settings
        self._lifetimes = settings.lifetimes
        self._now = clock.now

    def complete(self) -> dict[str, Certified]:
        """Make whatever is missing or due, each thing after those that it needs.

        Returns the leaf in use for each role.
        """
        if not self._store.has_root():
            self._require_no_leaves("root.crt")
            self._issue_root()
        if not self._store.has_crl():
            # An empty list in the place of a lost one would pardon what it had revoked.
            self._require_no_leaves("root.crl")
            self._issue_crl(None)
        return {
            profile.role: self._usable_leaf(profile) or self._issue_leaf(profile)
            for profile in PROFILES
        }

    def crl_is_due(self, crl: bytes) -> bool:
        """Whether it is time to replace this revocation list (DER)."""
        age = self._now() - _parse_crl(crl).last_update_utc
        return age >= self._lifetimes.renew_crl_after

    def renew_crl(self) -> bytes:
        """DER of the revocation list, issued anew if that is due."""
        current = self._store.crl()
        if self.crl_is_due(current):
            current = self._issue_crl(_parse_crl(current))
        return current

    def revoke(self, serial: int, reason: x509.ReasonFlags) -> None:
        """Put the certificate with this serial number on the list, once."""
        crl = _parse_crl(self._store.crl())
        if crl.get_revoked_certificate_by_serial_number(serial) is None:
            self._issue_crl(crl, revoked_entry(serial, self._now(), reason))

    def issue_notary(
        self, subject: NotarySubject, public_key: PublicKey, lifetime: timedelta
    ) -> bytes:
        """DER of a new certificate for a notary's key; kept beside the authority's own, so that it
        is known what was issued."""
        organisation = self._settings.organisation
        certificate = notary_certificate(
            subject, organisation, public_key, self._issuer(), self._now(), lifetime
        )
        self._store.add_certificate(f"notary-{certificate.serial_number:040x}", certificate)
        return certificate.public_bytes(Encoding.DER)

    def _require_no_leaves(self, missing: str) -> None:
        if any(self._store.generations(profile.role) for profile in PROFILES):
            raise PkiError(f"{missing} is missing from the key folder; restore it from a backup")

    def _issue_root(self) -> None:
        key = self._store.new_root_key(self._settings.key_type)
        root = root_certificate(key, self._settings.organisation, self._now(), self._lifetimes.root)
        self._store.add_certificate("root", root)

    def _usable_leaf(self, profile: Profile) -> Certified | None:
        """The newest leaf, unless it is revoked, due for renewal, or of another key type."""
        generations = self._store.generations(profile.role)
        if not generations:
            return None
        certificate = self._store.leaf_certificate(profile.role, generations[-1])
        crl = _parse_crl(self._store.crl())
        if crl.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None:
            return None
        if self._near_end(certificate):
            return None
        leaf = self._store.leaf(profile.role, generations[-1])
        return leaf if key_type_of(leaf.key) is self._settings.key_type else None

    def _near_end(self, leaf: x509.Certificate) -> bool:
        end, now = leaf.not_valid_after_utc, self._now()
        if end - now >= self._lifetimes.renew_before:
            return False
        # Near the root's own end a new leaf would live no longer than this one.
        root_end = self._store.root_certificate().not_valid_after_utc
        return end < min(root_end, now + self._lifetimes.leaf)

    def _issue_leaf(self, profile: Profile) -> Certified:
        issuer = self._issuer()
        generation, key = self._store.new_leaf_key(profile.role, self._settings.key_type)
        certificate = leaf_certificate(
            profile,
            generation,
            self._settings.organisation,
            key.public_key(),
            issuer,
            self._now(),
            self._lifetimes.leaf,
        )
        name = f"{profile.role}-{generation}"
        self._store.add_certificate(name, certificate)
        return Certified(name, certificate, key)

    def _issue_crl(
        self,
        previous: x509.CertificateRevocationList | None,
        *entries: x509.RevokedCertificate,
    ) -> bytes:
        """Sign and store the next list: all of ``previous``, and ``entries``."""
        kept = [] if previous is None else list(previous)
        number = 1 if previous is None else _crl_number(previous) + 1
        crl = revocation_list(
            self._issuer(), number, [*kept, *entries], self._now(), self._lifetimes.crl
        ).public_bytes(Encoding.DER)
        self._store.put_crl(crl)
        return crl

    def _issuer(self) -> Issuer:
        root = self._store.root()
        return Issuer(root.certificate, root.key, self._settings.base_url)


def _parse_crl(crl: bytes) -> x509.CertificateRevocationList:
    try:
        return x509.load_der_x509_crl(crl)
    except ValueError as fault:
        raise PkiError(f"root.crl is not a revocation list: {fault}") from None


def _crl_number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
