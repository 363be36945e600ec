"""What the rest of the portal may ask about retention, erasure and one's own data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from portal.accounts.security_service import AccountSecurity
from portal.database import Database
from portal.privacy.activity import Activity
from portal.privacy.closing import Closing
from portal.privacy.eraser import Eraser
from portal.privacy.erasing import Erasing
from portal.privacy.following import Following
from portal.privacy.holds import Holds
from portal.privacy.retention import Kept, Retention, policy
from portal.privacy.takeout import Takeout
from portal.settings import Settings
from portal.storage import Vault


class PrivacyService:
    """The use cases of the feature, each where it belongs."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        vault: Vault,
        accounts: AccountSecurity,
        clock: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self.erasing = Erasing(database, clock, timedelta(days=settings.erasure_cooling_days))
        self.holds = Holds(database, clock)
        self.activity = Activity(database)
        self.takeout = Takeout(database, accounts.identities, clock)
        self.closing = Closing(database, accounts.sign_ins, clock)
        self._eraser = Eraser(database, vault, clock)
        self._retention = Retention(database, clock, settings.retention_originals_days)
        self._following = Following(database)

    def policy(self) -> list[Kept]:
        """How long each kind of content is kept."""
        return list(policy(self._settings))

    def advance(self) -> int:
        """Erase what is due, and have asked for what retention ends; for a worker's sideline."""
        return self._retention.advance() + self._eraser.advance()

    def follow(self) -> int:
        """Take up what is new in the custody log; for a worker's sideline."""
        return self._following.advance()
