"""What the deposit use cases work with, handed over once by the composition root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from chain_adapter import EntryKey, Ledger, Trust
from portal.consortium.membership import Everybody, Members
from portal.database import Database
from portal.deposits.models import Deposit
from portal.settings import Settings
from portal.signing.cosigning import Cosigner
from portal.storage import Vault
from timestamping.authority.pki import Pki
from timestamping.package_trust import PackageTrust
from timestamping.pdf.sealer import Sealer
from timestamping.stamper import Stamper
from timestamping.trust import TrustStore


class DataTree(Protocol):
    """What commits to a deposit's content in parts."""

    def root(self, deposit: Deposit) -> bytes | None:
        """32 bytes for the entry, the same each time; None when there are no parts.

        Raises:
            NotFinal, VaultError: the deposit waits.
        """


@dataclass(frozen=True)
class Tools:
    """``ledgers[0]`` is the primary one. ``secret`` (32 bytes) makes depositors' pseudonyms.
    ``cosigner`` verifies depositors' own signatures; ``members`` says who may deposit at all.
    ``nudge`` asks a worker to look now and never fails. ``clock`` gives aware times."""

    settings: Settings
    database: Database
    vault: Vault
    pki: Pki
    stamper: Stamper
    ledgers: tuple[Ledger, ...]
    entry_key: EntryKey
    sealer: Sealer
    secret: bytes
    nudge: Callable[[], None]
    clock: Callable[[], datetime]
    cosigner: Cosigner
    data_tree: DataTree | None = None
    members: Members = field(default_factory=Everybody)

    @property
    def ledger(self) -> Ledger:
        return self.ledgers[0]

    def data_root(self, deposit: Deposit) -> bytes | None:
        """As :meth:`DataTree.root`; None when nothing is cut."""
        return self.data_tree.root(deposit) if self.data_tree is not None else None

    def ledger_trust(self) -> Trust:
        """What entries, receipts and proofs are verified under."""
        trust = Trust(platforms={self.entry_key.key_id: self.entry_key.public})
        for ledger in self.ledgers:
            trust |= ledger.trust()
        return trust

    def trust(self) -> PackageTrust:
        """What letters and packages carry for their verification."""
        store = self.pki.trust().merge(self.stamper.trust())
        certificates = type(store)(store.roots, (*store.intermediates, self.pki.tsa), store.crls)
        return PackageTrust(
            certificates,
            self.ledger_trust(),
            (self.pki.seal.certificate,),
            notaries=self.notary_trust(),
        )

    def notary_trust(self) -> TrustStore:
        """Outside roots for notaries' certificates and their revocation lists. The file is read
        each time: an operator renews its lists while the portal runs.

        Raises:
            OSError, InvalidTrust: NOTARY_TRUST names something that cannot be read.
        """
        path = self.settings.notary_trust
        if path is None:
            return TrustStore()
        return TrustStore.from_pem(self.settings.path(path), anchors=True)
