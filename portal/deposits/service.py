"""What the rest of the portal may ask of deposits. No Flask in here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from chain_adapter import Digest
from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.audit.service import record
from portal.deposits.advancing import Pipeline
from portal.deposits.batching import Batching, NewDigest
from portal.deposits.batching import Outcome as BatchOutcome
from portal.deposits.downloads import Downloads
from portal.deposits.filters import WAITS, DepositFilter, Owner, Sort
from portal.deposits.folders import Folders
from portal.deposits.indexing import BATCH, Indexing
from portal.deposits.letters import Letters
from portal.deposits.models import Deposit, DepositFile, State
from portal.deposits.public import Proven, PublicDeposit, PublicEvidence
from portal.deposits.rail import Step, steps
from portal.deposits.reading import Reading
from portal.deposits.receiving import Accepted, Receiving
from portal.deposits.records import MAX_NOTE, MAX_TITLE, Metadata
from portal.deposits.searching import Amount, Page, Searching
from portal.deposits.tools import Tools
from portal.downloads import Download
from portal.signing.cosigning import Cosigning
from portal.storage import Intake
from timestamping.letter import StrengthFacts
from timestamping.package_trust import PackageTrust

__all__ = [
    "Accepted",
    "Amount",
    "BatchOutcome",
    "DepositFilter",
    "DepositService",
    "Download",
    "Limits",
    "Metadata",
    "NewDigest",
    "Owner",
    "Page",
    "PublicDeposit",
    "PublicEvidence",
    "Sort",
    "State",
    "Step",
]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a page says before somebody tries."""

    max_bytes: int
    max_title: int
    max_note: int
    algorithms: tuple[str, ...]


class DepositService:
    """The use cases. Every method raises the errors of :mod:`portal.problems`.

    Methods that take an id serve the actor's own deposits alone: anybody else's are not found.
    """

    def __init__(self, tools: Tools, pipeline: Pipeline | None = None) -> None:
        #: What the use cases work with; for the composition of a service over other parts.
        self.tools = tools
        self._receiving = Receiving(tools)
        self._batching = Batching(tools)
        self._reading = Reading(tools)
        self._searching = Searching(tools)
        self._indexing = Indexing(tools)
        self._letters = Letters(tools)
        self._downloads = Downloads(tools, self._letters)
        self._folders = Folders(tools)
        self._pipeline = pipeline or Pipeline(tools)

    def limits(self) -> Limits:
        settings = self.tools.settings
        return Limits(settings.max_upload_bytes, MAX_TITLE, MAX_NOTE, settings.digest_algorithms)

    def intake(self) -> Intake:
        """Begin to receive a file: write to it, then hand it to :meth:`receive_file`."""
        return self._receiving.intake()

    def receive_file(
        self,
        actor: Actor,
        upload: Intake,
        meta: Metadata,
        idempotency_key: str | None = None,
        claimed: Sequence[Digest] = (),
        signing: Cosigning | None = None,
    ) -> Accepted:
        """Accept a file. ``upload`` has ended afterwards, kept or forgotten.

        Args:
            claimed: digests the depositor computed; the file must have them.
            signing: the depositor's signature of the transaction, over the digests of
                :attr:`Limits.algorithms`.

        Raises:
            BadInput: empty, or not the digests claimed, or metadata out of bounds, or a signature
                that does not fit.
            Conflict: the key was used for another request, or the signature's id for a deposit.
            Unavailable: nothing was recorded; try again.
        """
        return self._receiving.file(actor, upload, meta, idempotency_key, claimed, signing)

    def receive_digest(
        self,
        actor: Actor,
        digests: Sequence[Digest],
        meta: Metadata,
        idempotency_key: str | None = None,
        size: int | None = None,
        signing: Cosigning | None = None,
    ) -> Accepted:
        """Accept the digests of a file that stays with its owner; errors as ``receive_file``."""
        return self._receiving.digest(actor, digests, meta, idempotency_key, size, signing)

    def receive_many(self, actor: Actor, items: Sequence[NewDigest]) -> list[BatchOutcome]:
        """Accept up to 10,000 digests, each by itself: what came of each, in order.

        Raises:
            TooLarge: more than that.
        """
        return self._batching.receive_many(actor, items)

    def get(self, actor: Actor, deposit_id: str) -> Deposit:
        return self._reading.get(actor, deposit_id)

    def page(
        self,
        actor: Actor,
        wanted: DepositFilter | None = None,
        cursor: str | None = None,
        size: int = 50,
    ) -> Page:
        """One page of the lists of whom the actor acts for.

        Raises:
            BadInput: a cursor that no page of this order gave.
        """
        return self._searching.page(actor, wanted or DepositFilter(), cursor, size)

    def export(self, actor: Actor, wanted: DepositFilter, sentence: str) -> Iterator[Deposit]:
        """All of a list, the newest first; that it was taken away is a custody entry.

        Args:
            sentence: what was asked for, as the custody log shall keep it.
        """
        with self.tools.database.transaction() as session:
            record(session, actor, "deposit.list_exported", "deposits:list", {"filter": sentence})
        orders = (Sort.NEWEST, Sort.OLDEST)
        sort = wanted.sort if wanted.sort in orders else Sort.NEWEST
        return self._searching.every(actor, replace(wanted, sort=sort))

    def count(self, actor: Actor, wanted: DepositFilter | None = None) -> Amount:
        """How many such a list has, counted as far as a thousand."""
        return self._searching.count(actor, wanted or DepositFilter())

    def counts(self, actor: Actor) -> dict[State, int]:
        """How many are in each state."""
        found = self._searching.counts(actor)
        return {state: found[state] for state in State}

    def waiting(self, actor: Actor) -> int:
        """How many wait for their next step to be tried again."""
        return self._searching.counts(actor)[WAITS]

    def custody(self, actor: Actor, deposit_id: str) -> list[AuditEntry]:
        return self._reading.custody(self.get(actor, deposit_id))

    def custody_page(
        self, actor: Actor, deposit_id: str, size: int, before: int | None = None
    ) -> tuple[list[AuditEntry], bool]:
        """A page of that log, newest first, below entry ``before``; and whether there is more."""
        return self._reading.custody_page(self.get(actor, deposit_id), size, before)

    def depositor_name(self, deposit: Deposit) -> str:
        """Whose deposit it is, for those who may read it."""
        return self._reading.depositor_name(deposit)

    def steps(self, deposit: Deposit) -> list[Step]:
        return steps(deposit)

    def strength(self, deposit: Proven) -> StrengthFacts:
        """What the evidence of an anchored deposit rests on."""
        return self._letters.strength(deposit)

    def find_public(self, text: str) -> PublicDeposit:
        """By letter number, short code or SHA-256, for anybody."""
        return self._reading.find_public(text)

    def find_evidence(self, text: str) -> PublicEvidence:
        """As :meth:`find_public`, with the proof that anybody may verify."""
        return self._reading.find_evidence(text)

    def trust(self) -> PackageTrust:
        """The anchors our letters and packages are judged by."""
        return self.tools.trust()

    def letter(self, actor: Actor, deposit_id: str) -> Download:
        return self._downloads.letter(actor, self.get(actor, deposit_id))

    def token(self, actor: Actor, deposit_id: str) -> Download:
        return self._downloads.token(actor, self.get(actor, deposit_id))

    def receipt(self, actor: Actor, deposit_id: str) -> Download:
        return self._downloads.receipt(actor, self.get(actor, deposit_id))

    def proof(self, actor: Actor, deposit_id: str) -> Download:
        return self._downloads.proof(actor, self.get(actor, deposit_id))

    def package(self, actor: Actor, deposit_id: str, with_original: bool = False) -> Download:
        return self._downloads.package(actor, self.get(actor, deposit_id), with_original)

    def original(self, actor: Actor, deposit_id: str) -> Download:
        return self._downloads.original(actor, self.get(actor, deposit_id))

    def files(
        self, actor: Actor, deposit_id: str, start: int = 0, limit: int | None = None
    ) -> list[DepositFile]:
        """The files of a folder, in the order of its list."""
        return self._folders.files(self.get(actor, deposit_id), start, limit)

    def file_list(self, actor: Actor, deposit_id: str) -> Download:
        """The canonical list of a folder."""
        return self._downloads.folders.listed(actor, self.get(actor, deposit_id))

    def file_of(self, actor: Actor, deposit_id: str, position: int) -> Download:
        """One file of a folder, counted from 0."""
        return self._downloads.folders.file(actor, self.get(actor, deposit_id), position)

    def advance(self) -> int:
        """Move one batch of whatever is due; for workers. The number of moves."""
        return self._pipeline.advance()

    def follow(self) -> int:
        """Ask further ledgers about a batch; how many deposits they all hold for good now."""
        return self._pipeline.follow()

    def index(self, batch: int = BATCH) -> int:
        """Take up what changed, by up to ``batch`` custody entries, into the search index; for
        workers. How many deposits it was."""
        return self._indexing.advance(batch)

    def rebuild_index(self) -> None:
        """Forget the search index; workers make it anew."""
        self._indexing.rebuild()
