"""What operators ask. No Flask in here; who may ask is the views' matter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from portal.accounts.administration import Administration
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.deposits.overseeing import Backlog, Overseeing
from portal.deposits.tools import Tools
from portal.jobs import Beat, beats
from portal.mail import MailService
from portal.operators.checks import Checks, Part
from portal.operators.inforce import InForce, in_force
from portal.operators.resources import Disk, Expiry, disks, expiries
from portal.organisations.overview import Listed, all_organisations
from portal.webhooks.service import WebhookService

#: A deposit that waits longer than this makes the page say that something is wrong.
_PATIENCE: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the first page shows. ``oldest`` is when the deposit that waits longest was
    received; ``webhooks`` as :meth:`WebhookService.overview`."""

    at: datetime
    backlog: list[Backlog]
    ages: list[int]
    following: int
    oldest: datetime | None
    parts: list[Part]
    beats: list[Beat]
    certificates: list[Expiry]
    disks: list[Disk]
    mail_waiting: int
    mail_failed: int
    webhooks: dict[str, int]

    @property
    def waiting(self) -> int:
        return sum(each.count for each in self.backlog)

    @property
    def late(self) -> bool:
        return self.oldest is not None and self.at - self.oldest > _PATIENCE

    @property
    def alive(self) -> bool:
        """Whether any worker is."""
        return any(beat.alive for beat in self.beats)


class OperatorService:
    """``deposits`` oversees what waits, ``people`` administers accounts."""

    def __init__(
        self, tools: Tools, mail: MailService, webhooks: WebhookService, people: Administration
    ) -> None:
        self._tools, self._mail, self._webhooks = tools, mail, webhooks
        self.deposits = Overseeing(tools)
        self.people = people
        self._checks = Checks(
            tools.database,
            tools.stamper,
            tools.ledgers,
            tools.clock,
            mail.post,
            tools.settings.base_url,
        )

    def overview(self) -> Overview:
        tools, now = self._tools, self._tools.clock()
        backlog, mails = self.deposits.backlog(), self._mail.waiting()
        failed = sum(mail.state == "failed" for mail in mails)
        return Overview(
            at=now,
            backlog=backlog,
            ages=self.deposits.ages(),
            following=self.deposits.following(),
            oldest=min((each.oldest for each in backlog), default=None),
            parts=self._checks.parts(),
            beats=beats(tools.database, now),
            certificates=expiries(tools.pki, tools.stamper, now),
            disks=disks(tools.settings),
            mail_waiting=len(mails) - failed,
            mail_failed=failed,
            webhooks=self._webhooks.overview(),
        )

    def settings(self) -> list[InForce]:
        return in_force(self._tools.settings)

    def organisations(self) -> list[Listed]:
        return all_organisations(self._tools.database)

    def check(self, actor: Actor) -> None:
        """Ask all parts now."""
        self._checks.run()
        with self._tools.database.transaction() as session:
            record(session, actor, "operator.checked", "portal:")

    def advance(self) -> int:
        """The worker's round: ask all parts; always 0, for there is no hurry to ask again."""
        self._checks.run()
        return 0

    def housekeeping(self) -> None:
        self._checks.forget_old()
