"""The portal's own small PKI: one root, a time-stamping leaf, a sealing leaf, a revocation list.

It is made on first use and lives in one folder. Several processes may open the same folder, at the
same moment too: whoever writes holds the folder's lock, every file appears whole or not at all, and
opening continues whatever a crash left half done. Nothing here deletes a key or a certificate.

It gives no independent trust: whoever owns the folder can issue any certificate. Its use is that
tokens and seals of one installation can be checked, and a lost key revoked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from timestamping.authority import files
from timestamping.authority.ca import CertificateAuthority, Lifetimes, Settings
from timestamping.authority.certificates import SEAL, TSA, NotarySubject
from timestamping.authority.clock import Clock, SystemClock
from timestamping.authority.engine import DEFAULT_POLICY, Authority
from timestamping.authority.errors import PkiError
from timestamping.authority.keys import KeyType, PrivateKey, PublicKey
from timestamping.authority.store import KeyStore

if TYPE_CHECKING:
    from timestamping.trust import TrustStore


@dataclass(frozen=True, slots=True)
class SealKey:
    """What seals a letter.

    Attributes:
        certificate: DER of the sealing certificate.
        chain: DER of the certificates above it, up to and including the root.
        key: its private key.
    """

    certificate: bytes
    chain: tuple[bytes, ...]
    key: PrivateKey


class Pki:
    """The opened folder; safe for threads. Made by :meth:`open`."""

    def __init__(self, folder: Path, passphrase: str | None, settings: Settings, clock: Clock):
        files.private_folder(folder)
        self._folder = folder
        self._clock = clock
        self._store = KeyStore(folder, passphrase)
        self._ca = CertificateAuthority(self._store, settings, clock)
        with files.locked(folder):
            self._leaves = self._ca.complete()
        self._root = self._store.root_certificate()

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        passphrase: str | None,
        base_url: str,
        organisation: str,
        key_type: str = KeyType.P256,
        clock: Clock | None = None,
        lifetimes: Lifetimes | None = None,
    ) -> Pki:
        """Open the PKI in ``folder``, making or completing it first.

        Args:
            passphrase: protects the private keys; None leaves them to the file mode alone.
            base_url: where ``/pki/root.crl`` and ``/pki/root.crt`` are served; ASCII, so an
                international host name in its xn-- form.
            organisation: name in all certificates, any script, at most 64 characters.
            key_type: of keys made from now on; a leaf of another type is replaced.

        Raises:
            WrongPassphrase: the keys do not open.
            PkiError: the folder cannot be used; the text says what to do.
        """
        try:
            kind = KeyType(key_type)
        except ValueError:
            known = ", ".join(KeyType)
            raise PkiError(f"unknown key type {key_type!r}; known are {known}") from None
        if not base_url.isascii():
            raise PkiError(f"write the host name of {base_url} in its xn-- form")
        settings = Settings(organisation, base_url.rstrip("/"), kind, lifetimes or Lifetimes())
        return cls(folder, passphrase, settings, clock or SystemClock())

    @property
    def root(self) -> bytes:
        """DER of the root certificate."""
        return self._root.public_bytes(Encoding.DER)

    @property
    def tsa(self) -> bytes:
        """DER of the time-stamping certificate in use."""
        return self._leaves[TSA.role].der

    @property
    def seal(self) -> SealKey:
        """The sealing key in use."""
        leaf = self._leaves[SEAL.role]
        return SealKey(leaf.der, (self.root,), leaf.key)

    def authority(
        self,
        *,
        policies: Sequence[str] = (DEFAULT_POLICY,),
        accuracy: timedelta | None = None,
        clock: Clock | None = None,
    ) -> Authority:
        """A time-stamping authority with the leaf in use, which it keeps as long as it lives.

        Raises:
            AuthorityError: as :class:`Authority`.
        """
        leaf = self._leaves[TSA.role]
        return Authority(
            leaf.key,
            leaf.der,
            policies=policies,
            accuracy=accuracy,
            clock=clock or self._clock,
            trust=self.trust,
        )

    def trust(self) -> TrustStore:
        """The root and its revocation list, for verifiers."""
        # Imported late: the authority itself needs no verifier.
        from timestamping.trust import TrustStore

        return TrustStore(roots=(self.root,), crls=(self.crl(),))

    def crl(self) -> bytes:
        """DER of the revocation list, renewed long before its nextUpdate.

        Raises:
            PkiError: it cannot be read or renewed.
        """
        current = self._store.crl()
        if not self._ca.crl_is_due(current):
            return current
        with files.locked(self._folder):
            return self._ca.renew_crl()

    def revoke(
        self, certificate: bytes, reason: x509.ReasonFlags = x509.ReasonFlags.unspecified
    ) -> None:
        """Put a leaf's DER certificate on the list, and replace the leaf if it was in use.

        Revoking twice changes nothing. Authorities built before, here or in other processes, go on
        with the revoked leaf until they are built anew.

        Raises:
            PkiError: the certificate is not a leaf of this PKI.
        """
        try:
            leaf = x509.load_der_x509_certificate(certificate)
            leaf.verify_directly_issued_by(self._root)
        except (ValueError, TypeError, InvalidSignature):
            raise PkiError("the certificate was not issued by this PKI") from None
        if leaf == self._root:
            raise PkiError("the root cannot revoke itself")
        with files.locked(self._folder):
            self._ca.revoke(leaf.serial_number, reason)
            self._leaves = self._ca.complete()

    def issue_notary(
        self, subject: NotarySubject, public_key: PublicKey, lifetime: timedelta
    ) -> bytes:
        """DER of a certificate for a notary's key; :meth:`revoke` takes it back.

        Raises:
            PkiError: a name that cannot stand in a certificate, or the folder cannot be written.
        """
        with files.locked(self._folder):
            return self._ca.issue_notary(subject, public_key, lifetime)

    def renew(self) -> None:
        """Issue what is due, leaves and revocation list, and take up what other processes issued.

        To be called daily, and whenever another process may have revoked a leaf.

        Raises:
            PkiError: something cannot be read or written.
        """
        with files.locked(self._folder):
            self._leaves = self._ca.complete()
            self._ca.renew_crl()

    def expiring(self, days: int) -> list[tuple[str, datetime]]:
        """Name and end of the certificates in use that expire within ``days``, soonest first."""
        limit = self._clock.now() + timedelta(days=days)
        ends = [(leaf.name, leaf.certificate.not_valid_after_utc) for leaf in self._leaves.values()]
        ends.append(("root", self._root.not_valid_after_utc))
        return sorted((end for end in ends if end[1] <= limit), key=lambda end: end[1])
