"""Ledgers, clocks and keys as the settings name them; what needs nothing else of the portal."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta

from chain_adapter import Ledger, open_ledger
from portal.settings import Settings
from timestamping.authority.clock import SystemClock
from timestamping.authority.engine import Authority
from timestamping.authority.pki import Pki
from timestamping.pdf.sealer import Sealer
from timestamping.registry import open_stampers
from timestamping.stamper import Stamper


def ledgers_of(settings: Settings, undo: ExitStack) -> tuple[Ledger, ...]:
    """Several are separated by spaces; the first is the primary one. ``undo`` closes them.

    Raises:
        ValueError, Fatal: there is none, or one that cannot be opened.
    """
    urls = settings.ledgers.split()
    if not urls:
        raise ValueError("LEDGERS names no ledger")
    if settings.ledger_origin and urls[0].startswith("tlog:") and "#" not in urls[0]:
        urls[0] += f"#origin={settings.ledger_origin}"
    ledgers = []
    for url in urls:
        ledger = open_ledger(url, base=settings.path("."), passphrase=settings.passphrase)
        undo.callback(ledger.close)
        ledgers.append(ledger)
    return tuple(ledgers)


def pki_of(settings: Settings) -> Pki:
    """The portal's own certificates, made at the first start.

    Raises:
        PkiError: what lies there does not hold together.
    """
    return Pki.open(
        settings.path("keys/pki"),
        passphrase=settings.passphrase,
        base_url=settings.base_url,
        organisation=settings.platform_name_zh or settings.platform_name_en,
        key_type=settings.tsa_key_type,
    )


def authority_of(settings: Settings, pki: Pki) -> Authority | None:
    """The portal's own TSA; None where STAMPERS names outside ones alone."""
    if "embedded:" not in settings.stampers.split():
        return None
    accuracy = settings.tsa_accuracy_ms
    return pki.authority(
        policies=(settings.tsa_policy,),
        accuracy=timedelta(milliseconds=accuracy) if accuracy else None,
        clock=SystemClock(require_synchronised=settings.tsa_require_clock_sync),
    )


def stamper_of(settings: Settings, authority: Authority | None) -> Stamper:
    """All that STAMPERS names, behind one another or together as STAMP_MODE says.

    Raises:
        InvalidSpec: a name or address that is none.
    """
    return open_stampers(
        settings.stampers,
        authority=authority,
        mode="costamp" if settings.stamp_mode == "costamp" else "fallback",
        base=settings.path("."),
        default_trust=settings.stamper_trust and settings.path(settings.stamper_trust),
    )


def sealer_of(settings: Settings, pki: Pki, stamper: Stamper) -> Sealer:
    """What seals letters in the office's name."""
    return Sealer(
        pki.seal,
        stamper,
        lambda: pki.trust().merge(stamper.trust()),
        name=settings.office_name_zh or settings.office_name_en,
    )
