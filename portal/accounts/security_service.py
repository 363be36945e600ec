"""What signing in safely is made of, in one place for the composition root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.accounts.ceremony import Party
from portal.accounts.factors import Factors
from portal.accounts.identities import Identities
from portal.accounts.passkeys import Passkeys
from portal.accounts.sign_ins import SignIns
from portal.database import Database
from portal.settings import Settings
from portal.storage.sealing import Box


@dataclass(frozen=True)
class AccountSecurity:
    """Sessions, second factors, passkeys and identities over one database."""

    sign_ins: SignIns
    factors: Factors
    passkeys: Passkeys
    identities: Identities

    @classmethod
    def of(
        cls, settings: Settings, database: Database, box: Box, clock: Callable[[], datetime]
    ) -> AccountSecurity:
        sign_ins = SignIns(database, timedelta(hours=settings.session_hours), clock)
        return cls(
            sign_ins,
            Factors(database, box, sign_ins, clock),
            Passkeys(database, Party.of(settings), clock),
            Identities(database, box, clock),
        )

    def forget_old(self) -> None:
        """What time wears out; called now and then by the worker."""
        self.sign_ins.forget_old()
        self.passkeys.forget_old()
