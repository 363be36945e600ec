"""What wears out: certificates and disks."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from portal.settings import Settings
from timestamping.authority.pki import Pki
from timestamping.stamper import Stamper

#: From this share of its life, or this long before its end, a certificate is to be looked at.
_SHARE: Final = 0.1
_SOON: Final = timedelta(days=30)
#: A disk fuller than this is to be looked at.
_FULL: Final = 0.9


@dataclass(frozen=True, slots=True)
class Expiry:
    """A certificate or list. ``role`` is "root", "tsa", "seal", "crl" or "outside"; ``left`` the
    share of its life that is left, 0 to 1."""

    role: str
    name: str
    begins: datetime
    ends: datetime
    left: float
    days: int
    soon: bool


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes of the file system below ``place``."""

    place: str
    total: int
    used: int
    free: int

    @property
    def share(self) -> float:
        return self.used / self.total if self.total else 0.0

    @property
    def full(self) -> bool:
        return self.share >= _FULL


def expiries(pki: Pki, stamper: Stamper, now: datetime) -> list[Expiry]:
    """The certificates and the revocation list in use, and outside authorities' roots; what ends
    first comes first."""
    own = {"root": pki.root, "tsa": pki.tsa, "seal": pki.seal.certificate}
    found = [_certificate(role, der, now) for role, der in own.items()]
    revocations = x509.load_der_x509_crl(pki.crl())
    if revocations.next_update_utc is not None:
        begins, ends = revocations.last_update_utc, revocations.next_update_utc
        found.append(_expiry("crl", "", begins, ends, now))
    outside = [der for der in stamper.trust().roots if der != pki.root]
    found += [_certificate("outside", der, now) for der in outside]
    return sorted(found, key=lambda each: each.ends)


def disks(settings: Settings) -> list[Disk]:
    """The file systems below DATA_DIR and, when it lies on another one, below the vault."""
    places = [settings.path(".")]
    scheme, _, vault = settings.vault.partition(":")
    if scheme == "file":
        places.append(settings.path(vault))
    found: dict[int, Disk] = {}
    for place in places:
        if place.exists():
            found.setdefault(os.stat(place).st_dev, _disk(place))  # noqa: PTH116 (one call)
    return list(found.values())


def _disk(place: Path) -> Disk:
    usage = shutil.disk_usage(place)
    return Disk(str(place.resolve()), usage.total, usage.used, usage.free)


def _certificate(role: str, der: bytes, now: datetime) -> Expiry:
    certificate = x509.load_der_x509_certificate(der)
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    name = str(names[0].value) if names else certificate.subject.rfc4514_string()
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return _expiry(role, name, begins, ends, now)


def _expiry(role: str, name: str, begins: datetime, ends: datetime, now: datetime) -> Expiry:
    life, rest = ends - begins, ends - now
    left = max(0.0, min(1.0, rest / life)) if life else 0.0
    # What lives shortly by design (the list) is renewed in time by itself: only its share counts.
    soon = left < _SHARE or (life > 3 * _SOON and rest < _SOON)
    return Expiry(role, name, begins, ends, left, rest.days, soon)
