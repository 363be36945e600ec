"""What the consortium works with."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from chain_adapter import EntryKey, Ledger, Trust
from portal.database import Database
from portal.settings import Settings
from timestamping.stamper import Stamper


class Tools(Protocol):
    """Handed over by the composition root."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def stamper(self) -> Stamper: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def entry_key(self) -> EntryKey: ...
    def ledger_trust(self) -> Trust: ...
    def nudge(self) -> None: ...
    def clock(self) -> datetime: ...
