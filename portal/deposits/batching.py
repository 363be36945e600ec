"""Accepting many digests at once: one transaction for each thousand, one answer for each item.

A bad item is told so in its place and holds up none of its neighbours. Each item may have an
idempotency key of its own, as a single deposit may: sending the whole batch again then deposits
nothing twice, also when the first answer was lost between two thousands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from chain_adapter import Digest
from portal.audit.actor import Actor
from portal.audit.service import Act, record_many
from portal.deposits.drafts import (
    INSERT,
    check_digests,
    check_key,
    check_size,
    columns_of,
    new_draft,
    renumbered,
)
from portal.deposits.models import ENTRY_KIND, Deposit
from portal.deposits.receiving import Accepted, id_used, received_detail
from portal.deposits.records import Metadata
from portal.deposits.tools import Tools
from portal.problems import Conflict, PortalError, TooLarge, Unavailable
from portal.signing.cosigning import Cosigning, Signed

#: The most items of one call.
MAX_ITEMS: Final = 10_000
#: Rows of one transaction: enough that one sync to disk counts for little, few enough that single
#: deposits get their turn in between.
_CHUNK: Final = 1000
#: Forty random bits meet twice once in a great while.
_TRIES: Final = 3

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NewDigest:
    """One item: the digests of a file that stays with its owner, and what is said of it; and the
    depositor's signature, if they sign."""

    digests: tuple[Digest, ...]
    metadata: Metadata
    size: int | None = None
    idempotency_key: str | None = None
    signing: Cosigning | None = None


Outcome = Accepted | PortalError


class Batching:
    """The use case. Thread-safe."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def receive_many(self, actor: Actor, items: Sequence[NewDigest]) -> list[Outcome]:
        """Accept every good item; what came of each, in the order given.

        Items whose thousand could not be written are answered Unavailable: sent again with the
        same idempotency keys, they are deposited once.

        Raises:
            TooLarge: more than :data:`MAX_ITEMS`.
        """
        if len(items) > MAX_ITEMS:
            message = "A batch takes at most %(most)s items."
            raise TooLarge("batch_too_large", message, field="items", most=MAX_ITEMS)
        outcomes: list[Outcome] = []
        for start in range(0, len(items), _CHUNK):
            outcomes += self._chunk(actor, items[start : start + _CHUNK])
        if any(isinstance(each, Accepted) and not each.replayed for each in outcomes):
            self._tools.nudge()
        return outcomes

    def _chunk(self, actor: Actor, items: Sequence[NewDigest]) -> list[Outcome]:
        drafted = self._taken_once([self._draft(actor, item) for item in items])
        drafts = [each for each in drafted if isinstance(each, Deposit)]
        outcomes = dict(zip(map(id, drafts), self._accepted(actor, drafts), strict=True))
        return [each if isinstance(each, PortalError) else outcomes[id(each)] for each in drafted]

    def _draft(self, actor: Actor, item: NewDigest) -> Deposit | PortalError:
        try:
            check_key(item.idempotency_key)
            check_digests(item.digests)
            check_size(item.size)
            signed = self._signed(actor, item)
        except PortalError as error:
            return error
        return new_draft(
            self._tools,
            actor,
            item.digests,
            item.metadata,
            kind="digest",
            size=item.size,
            idempotency_key=item.idempotency_key,
            letter_on_demand=True,
            signed=signed,
        )

    def _signed(self, actor: Actor, item: NewDigest) -> Signed | None:
        if item.signing is None:
            return None
        return self._tools.cosigner.signed(actor, ENTRY_KIND, item.digests, item.signing)

    def _taken_once(self, drafted: list[Deposit | PortalError]) -> list[Deposit | PortalError]:
        """Signed ones whose id there is already are refused; but not those sent again under the
        idempotency key of the deposit that has it."""
        signed = [each for each in drafted if isinstance(each, Deposit) and each.signed_by]
        if not signed:
            return drafted
        query = select(Deposit.id, Deposit.owner_id, Deposit.idempotency_key)
        query = query.where(Deposit.id.in_([each.id for each in signed]))
        with self._tools.database.reading() as session:
            used = {row.id: (row.owner_id, row.idempotency_key) for row in session.execute(query)}
        refused = set()
        for each in signed:
            mine = (each.owner_id, each.idempotency_key)
            if each.id in used and (each.idempotency_key is None or used[each.id] != mine):
                refused.add(id(each))
            used.setdefault(each.id, mine)
        return [id_used() if id(each) in refused else each for each in drafted]

    def _accepted(self, actor: Actor, drafts: list[Deposit]) -> list[Outcome]:
        """What came of each draft, once everything new among them is durable."""
        try:
            for _ in range(_TRIES):
                known = self._known(actor, drafts)
                fresh = _first_of_each_key(drafts, known)
                try:
                    self._write(actor, fresh)
                except IntegrityError:  # a key or number that somebody took at this moment
                    drafts = [renumbered(each, self._tools) for each in drafts]
                    continue
                known |= {each.idempotency_key: each for each in fresh if each.idempotency_key}
                new = {id(each) for each in fresh}  # two may have one deposit's id
                return [_outcome(each, known, new) for each in drafts]
        except SQLAlchemyError as error:
            _log.error("batch_not_recorded", fault=type(error).__name__, exc_info=True)
        message = "The deposit could not be recorded; send it again."
        return [Unavailable("busy", message) for _ in drafts]

    def _known(self, actor: Actor, drafts: Iterable[Deposit]) -> dict[str, Deposit]:
        """Idempotency key → the deposit made under it before."""
        keys = {each.idempotency_key for each in drafts if each.idempotency_key is not None}
        if not keys:
            return {}
        query = select(Deposit).where(
            Deposit.owner_id == actor.id, Deposit.idempotency_key.in_(keys)
        )
        with self._tools.database.reading() as session:
            return {str(each.idempotency_key): each for each in session.scalars(query)}

    def _write(self, actor: Actor, drafts: Sequence[Deposit]) -> None:
        if not drafts:
            return
        acts = [
            Act(actor, "deposit.received", each.subject, received_detail(each)) for each in drafts
        ]
        with self._tools.database.writing() as connection:
            INSERT.run(connection, *[columns_of(each) for each in drafts])
            record_many(connection, acts)


def _first_of_each_key(drafts: Iterable[Deposit], known: dict[str, Deposit]) -> list[Deposit]:
    """What is to be written: a key that stands twice in one batch makes one deposit."""
    seen = set(known)
    fresh = []
    for each in drafts:
        if each.idempotency_key not in seen:
            fresh.append(each)
        if each.idempotency_key is not None:
            seen.add(each.idempotency_key)
    return fresh


def _outcome(draft: Deposit, known: dict[str, Deposit], new: set[int]) -> Outcome:
    if id(draft) in new:
        return Accepted(draft, replayed=False)
    earlier = known[str(draft.idempotency_key)]
    if earlier.fingerprint != draft.fingerprint:
        message = "This Idempotency-Key was used for another request."
        return Conflict("idempotency_key_reused", message, field="Idempotency-Key")
    return Accepted(earlier, replayed=True)
