"""The composition root: from settings to everything that features work with."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from chain_adapter import EntryKey, Ledger
from chain_adapter.witness import WitnessLedger
from portal import opening
from portal.accounts.administration import Administration
from portal.accounts.security_service import AccountSecurity
from portal.announcements.service import AnnouncementService
from portal.audit.custody import Custody
from portal.captures.doors import SECRET
from portal.captures.opening import open_hosts
from portal.captures.service import CaptureService
from portal.cases.filing import Filing
from portal.cases.service import CaseService
from portal.certificates.service import CertificateService
from portal.checks.service import CheckService
from portal.consortium.membership import Membership
from portal.consortium.service import ConsortiumService
from portal.database import Database
from portal.deposits.service import DepositService
from portal.deposits.tools import Tools
from portal.desk.service import DeskService
from portal.draws.service import DrawService
from portal.imports.service import ImportService
from portal.jobs import Queue, Sideline, forget_old_beats
from portal.keyring import Keyring
from portal.mail import MailService, open_transport
from portal.matters.service import MatterService
from portal.nodes.service import NodeMap
from portal.operators.service import OperatorService
from portal.organisations.service import OrganisationService
from portal.packets.cutting import Cutting
from portal.packets.service import PacketService
from portal.packets.spec import open_spec
from portal.privacy.service import PrivacyService
from portal.settings import Settings
from portal.signing.cosigning import Cosigner
from portal.signing.service import SigningService
from portal.storage import Vault, open_vault
from portal.storage.sealing import Box
from portal.uploads.service import UploadService
from portal.vouching.service import VouchService
from portal.webhooks.service import WebhookService
from timestamping.authority.engine import Authority
from timestamping.authority.pki import Pki
from timestamping.pdf.sealer import Sealer
from timestamping.stamper import Stamper

_log = structlog.get_logger(__name__)
Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Services:
    """Everything there is one of. Holds no web objects; safe for threads.

    ``authority`` is the portal's own TSA, None when STAMPERS names outside ones alone;
    ``ledgers[0]`` is the primary ledger, which must accept before a letter is issued.
    """

    settings: Settings
    database: Database
    vault: Vault
    pki: Pki
    authority: Authority | None
    stamper: Stamper
    ledgers: tuple[Ledger, ...]
    entry_key: EntryKey
    sealer: Sealer
    queue: Queue
    clock: Clock
    deposits: DepositService
    uploads: UploadService
    custody: Custody
    mail: MailService
    accounts: AccountSecurity
    organisations: OrganisationService
    webhooks: WebhookService
    announcements: AnnouncementService
    operators: OperatorService
    cases: CaseService
    imports: ImportService
    privacy: PrivacyService
    captures: CaptureService
    draws: DrawService
    matters: MatterService
    desk: DeskService
    checks: CheckService
    certificates: CertificateService
    nodes: NodeMap
    consortium: ConsortiumService
    vouching: VouchService
    packets: PacketService
    signing: SigningService

    @property
    def ledger(self) -> Ledger:
        """The primary ledger."""
        return self.ledgers[0]

    def advance(self) -> int:
        """Move one batch of whatever waits, of all features that have something waiting; for
        workers. Quick work alone: what asks outside is a sideline."""
        return self.deposits.advance() + self.deposits.index() + self.custody.advance()

    def sidelines(self) -> tuple[Sideline, ...]:
        """The worker's work with slow outside calls, which must delay no deposit."""
        return (
            *([Sideline("ledgers", self.deposits.follow, 0.5)] if len(self.ledgers) > 1 else ()),
            Sideline("mail", self.mail.deliver, 1.0),
            Sideline("webhooks", self.webhooks.advance, 0.25),
            Sideline("checks", self.operators.advance, 60.0),
            Sideline("activity", self.privacy.follow, 1.0),
            Sideline("erasure", self.privacy.advance, 60.0),
            *self.captures.sidelines(),
            *self.draws.sidelines(),
            *self.checks.sidelines(),
            *self.certificates.sidelines(),
            *self.consortium.sidelines(),
            *self.vouching.sidelines(),
            *self.packets.sidelines(),
        )

    def housekeeping(self) -> None:
        """What crashes leave behind and what time wears out; called now and then by the worker.
        A step that fails is logged and tried again the next time; it keeps no other from running.
        """
        steps: dict[str, Callable[[], object]] = {
            "vault": self._sweep,
            "uploads": self._expire,
            "pki": self.pki.renew,
            "custody": self.custody.housekeeping,
            "mail": lambda: self.mail.forget_old(self.settings.retention_mail_days),
            "accounts": self.accounts.forget_old,
            "webhooks": self.webhooks.housekeeping,
            "operators": self.operators.housekeeping,
            "imports": self.imports.sweep,
            "draws": self.draws.sweep,
            "desk": self.desk.housekeeping,
            "vouching": self.vouching.housekeeping,
            "packets": self.packets.housekeeping,
            "nodes": self._spread,
            "beats": lambda: forget_old_beats(self.database, self.clock()),
        }
        for name, step in steps.items():
            try:
                step()
            except Exception:  # noqa: BLE001 - one part's trouble is no other's
                _log.exception("housekeeping_failed", step=name)

    def _spread(self) -> None:
        """Deposit nodes that were away get what the others have cosigned meanwhile."""
        for ledger in self.ledgers:
            if isinstance(ledger, WitnessLedger) and (missing := ledger.spread()):
                _log.info("nodes_behind", ledger=ledger.id, nodes=missing)

    def _sweep(self) -> None:
        if removed := self.vault.sweep():
            _log.info("broken_uploads_removed", count=removed)

    def _expire(self) -> None:
        if expired := self.uploads.expire():
            _log.info("drafts_expired", files=expired)

    def close(self) -> None:
        """Give everything back; the services are not used afterwards."""
        self.webhooks.close()
        self.queue.close()
        self.vault.close()
        self.stamper.close()
        for ledger in self.ledgers:
            ledger.close()
        self.database.close()


def build_services(settings: Settings, clock: Clock | None = None) -> Services:
    """Open everything the settings name; keys and folders are made at the first start.

    Raises:
        Fatal, PkiError, InvalidSpec, ValueError: a setting or a key that does not hold, in one
            clear sentence.
    """
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys = Keyring(settings.path("keys"), settings.passphrase)
    with ExitStack() as undo:  # closes what was opened when a later part fails
        database = Database(settings.database)
        undo.callback(database.close)
        identity = keys.vault_identity()
        vault = open_vault(
            settings.vault,
            base=settings.path("."),
            identity=identity,
            algorithms=settings.digest_algorithms,
        )
        undo.callback(vault.close)
        ledgers = opening.ledgers_of(settings, undo)
        pki = opening.pki_of(settings)
        authority = opening.authority_of(settings, pki)
        stamper = opening.stamper_of(settings, authority)
        undo.callback(stamper.close)
        queue = Queue(settings)
        sealer = opening.sealer_of(settings, pki, stamper)
        entry_key = keys.entry_key()
        cutting = Cutting(
            open_spec(settings.packets, ledgers),
            settings.path("packets"),
            database,
            vault,
            Box.of(identity),
            clock or _now,
        )
        tools = Tools(
            settings=settings,
            database=database,
            vault=vault,
            pki=pki,
            stamper=stamper,
            ledgers=ledgers,
            entry_key=entry_key,
            sealer=sealer,
            secret=keys.secret("pseudonyms"),
            nudge=queue.nudge,
            clock=clock or _now,
            data_tree=cutting,
            cosigner=Cosigner(database, Box.of(identity), entry_key.key_id, clock or _now),
            members=Membership(
                database,
                ledgers[0].id,
                entry_key.key_id,
                active=settings.consortium_rule is not None,
            ),
        )
        hosts, secret = open_hosts(settings), keys.secret(SECRET)
        captures = CaptureService(tools, Filing(tools), hosts, secret)
        built = services_of(tools, authority, queue, Box.of(identity), captures, cutting)
        undo.pop_all()
    return built


def services_of(
    tools: Tools,
    authority: Authority | None,
    queue: Queue,
    box: Box,
    captures: CaptureService,
    cutting: Cutting,
) -> Services:
    """The services around ``tools``; tests hand in tools of their own."""
    settings = tools.settings
    transport = open_transport(settings.mail.get_secret_value(), settings.path("."))
    mail = MailService(tools.database, transport, box, settings.mail_from, tools.clock)
    deposits, cases = DepositService(tools), CaseService(tools)
    accounts = AccountSecurity.of(settings, tools.database, box, tools.clock)
    webhooks = WebhookService(settings, tools.database, box, tools.clock, mail.post)
    uploads = UploadService(tools)
    people = Administration(tools.database, accounts.sign_ins)
    membership = tools.members
    if not isinstance(membership, Membership):  # tests' tools have no consortium
        membership = Membership(
            tools.database, tools.ledger.id, tools.entry_key.key_id, active=False
        )
    matters, checks = MatterService(tools, box, mail.post), CheckService(tools)
    vouching = VouchService(tools, mail.post)
    return Services(
        settings=tools.settings,
        database=tools.database,
        vault=tools.vault,
        pki=tools.pki,
        authority=authority,
        stamper=tools.stamper,
        ledgers=tools.ledgers,
        entry_key=tools.entry_key,
        sealer=tools.sealer,
        queue=queue,
        clock=tools.clock,
        deposits=deposits,
        uploads=uploads,
        custody=Custody(tools, tools.settings.custody_anchor_hours),
        mail=mail,
        accounts=accounts,
        organisations=OrganisationService(
            tools.database, tools.clock, mail.post, settings.base_url
        ),
        webhooks=webhooks,
        announcements=AnnouncementService(tools.database, tools.clock),
        operators=OperatorService(tools, mail, webhooks, people),
        cases=cases,
        imports=ImportService(deposits, cases.filing),
        privacy=PrivacyService(settings, tools.database, tools.vault, accounts, tools.clock),
        captures=captures,
        draws=DrawService(tools, box, mail.post, uploads.take),
        matters=matters,
        desk=DeskService(tools, mail.post, matters.tell_applicant),
        checks=checks,
        nodes=NodeMap(tools.ledgers),
        consortium=ConsortiumService(tools, membership),
        certificates=CertificateService(tools, box, matters, checks, mail.post),
        vouching=vouching,
        packets=PacketService(tools, cutting, settings.path("packets"), vouching.ask),
        signing=SigningService(tools, box),
    )


def _now() -> datetime:
    return datetime.now(UTC)
