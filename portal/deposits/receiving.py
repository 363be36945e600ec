"""Accepting a deposit: the bytes durably first, then one transaction with everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from chain_adapter import Digest
from portal.audit.actor import Actor
from portal.audit.service import Act
from portal.deposits.drafts import check_digests, check_key, new_draft, renumbered
from portal.deposits.inbox import Inbox, Uncertain
from portal.deposits.models import ENTRY_KIND, Deposit
from portal.deposits.records import Metadata
from portal.deposits.tools import Tools
from portal.problems import BadInput, Conflict, PortalError, Unavailable
from portal.signing.cosigning import Cosigning, Signed
from portal.storage import Content, Intake, VaultError
from portal.vault_problems import vault_problem

#: Forty random bits meet twice once in a great while.
_TRIES: Final = 3


@dataclass(frozen=True)
class Accepted:
    """``replayed``: the answer to a request that had been accepted before, under its key."""

    deposit: Deposit
    replayed: bool


class Receiving:
    """Use cases up to state ``received``. Every public method is idempotent under a key."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._inbox = Inbox(tools.database)

    def intake(self) -> Intake:
        """Begin to receive a file; hand it to :meth:`file`, or abort it.

        Raises:
            Unavailable: the vault cannot take anything now.
        """
        try:
            return self._tools.vault.intake(self._tools.settings.max_upload_bytes)
        except VaultError as error:
            raise vault_problem(error) from error

    def file(
        self,
        actor: Actor,
        intake: Intake,
        metadata: Metadata,
        idempotency_key: str | None,
        claimed: Sequence[Digest],
        signing: Cosigning | None = None,
    ) -> Accepted:
        """Accept the file that was written to ``intake``, which has ended afterwards either way.

        Args:
            claimed: digests the depositor computed; each must be the file's.
            signing: the depositor's signature; it must fit what arrived.
        """
        with intake:
            check_key(idempotency_key)
            received_at = self._tools.clock()
            try:
                content = intake.complete()
                _check_content(content, claimed)
                signed = self._signed(actor, content.digests, signing)
                draft = self._draft(
                    actor, content.digests, metadata, content.size, idempotency_key, signed=signed
                )
                draft.received_at = received_at
                known = self._known(draft)
                if known is not None:
                    return known
                self._check_unused(draft)
                # Never a place that a stranger chose: what fails later is deleted from it.
                place = draft.id if signed is None else str(uuid4())
                draft.vault_key = intake.keep(f"original/{place}").key
            except VaultError as error:
                raise vault_problem(error) from error
        return self._accept(actor, draft)

    def digest(
        self,
        actor: Actor,
        digests: Sequence[Digest],
        metadata: Metadata,
        idempotency_key: str | None,
        size: int | None,
        signing: Cosigning | None = None,
    ) -> Accepted:
        """Accept digests of content that stays with the depositor."""
        check_key(idempotency_key)
        check_digests(digests)
        signed = self._signed(actor, digests, signing)
        draft = self._draft(
            actor, tuple(digests), metadata, size, idempotency_key, kind="digest", signed=signed
        )
        known = self._known(draft)
        if known is not None:
            return known
        self._check_unused(draft)
        return self._accept(actor, draft)

    def _signed(
        self, actor: Actor, digests: Sequence[Digest], signing: Cosigning | None
    ) -> Signed | None:
        """The depositor's signature, verified; most deposits have none, and cost nothing here."""
        if signing is None:
            return None
        return self._tools.cosigner.signed(actor, ENTRY_KIND, digests, signing)

    def _check_unused(self, draft: Deposit) -> None:
        """Raises Conflict when there is a deposit of the id that its initiator chose."""
        if draft.signed_by is None:
            return
        with self._tools.database.reading() as session:
            used = session.scalar(select(Deposit.id).where(Deposit.id == draft.id))
        if used is not None:
            raise id_used()

    def _draft(
        self,
        actor: Actor,
        digests: tuple[Digest, ...],
        metadata: Metadata,
        size: int | None,
        idempotency_key: str | None,
        kind: str = "file",
        signed: Signed | None = None,
    ) -> Deposit:
        return new_draft(
            self._tools,
            actor,
            digests,
            metadata,
            kind=kind,
            size=size,
            idempotency_key=idempotency_key,
            signed=signed,
        )

    def _known(self, draft: Deposit) -> Accepted | None:
        """The deposit already made under the draft's idempotency key.

        Raises:
            Conflict: it was made from another request.
        """
        if draft.idempotency_key is None:
            return None
        query = select(Deposit).where(
            Deposit.owner_id == draft.owner_id, Deposit.idempotency_key == draft.idempotency_key
        )
        with self._tools.database.reading() as session:
            earlier = session.scalar(query)
        if earlier is None:
            return None
        if earlier.fingerprint != draft.fingerprint:
            message = "This Idempotency-Key was used for another request."
            raise Conflict("idempotency_key_reused", message, field="Idempotency-Key")
        return Accepted(earlier, replayed=True)

    def _accept(self, actor: Actor, draft: Deposit) -> Accepted:
        for _ in range(_TRIES):
            try:
                self._write(actor, draft)
            except IntegrityError:  # the same key a moment ago, or the same number by chance
                try:
                    known = self._known(draft)
                    if known is None:  # or the id its initiator chose
                        self._check_unused(draft)
                except PortalError:
                    self._drop_original(draft)
                    raise
                if known is not None:
                    self._drop_original(draft)
                    return known
                draft = renumbered(draft, self._tools)
                continue
            self._tools.nudge()
            return Accepted(draft, replayed=False)
        self._drop_original(draft)
        raise Unavailable("busy", "The deposit could not be recorded; send it again.")

    def _write(self, actor: Actor, draft: Deposit) -> None:
        """The one transaction. When it certainly did not happen, the bytes go as well; when that
        cannot be known, they stay: a nameless ciphertext harms nobody, lost evidence does."""
        detail: Mapping[str, str] = received_detail(draft)
        try:
            self._inbox.write(draft, Act(actor, "deposit.received", draft.subject, detail))
        except IntegrityError:
            raise  # the caller tries again with the same bytes
        except Uncertain as error:
            raise error.__cause__ or error from None
        except BaseException:
            self._drop_original(draft)
            raise

    def _drop_original(self, draft: Deposit) -> None:
        if draft.vault_key is not None:
            self._tools.vault.delete(draft.vault_key)


def id_used() -> Conflict:
    """What is said of a signed deposit that is sent again, or takes another's id."""
    message = (
        "There is a deposit with this id already: a signed deposit is taken once. Sign a new one, "
        "under a new id."
    )
    return Conflict("deposit_id_used", message, field="id")


def received_detail(draft: Deposit) -> dict[str, str]:
    """What the custody log says of a deposit that is received."""
    detail = {"kind": draft.kind, "sha256": draft.sha256}
    return detail if draft.signed_by is None else detail | {"signed_by": draft.signed_by}


def _check_content(content: Content, claimed: Sequence[Digest]) -> None:
    if content.size == 0:
        raise BadInput("file_empty", "An empty file has nothing to prove.", field="file")
    found = {digest.algorithm: digest for digest in content.digests}
    for digest in claimed:
        if digest.algorithm not in found:
            message = (
                "This portal computes no %(algorithm)s of files, and claims nothing it has not "
                "computed; leave it out."
            )
            raise BadInput(
                "digest_not_computed", message, field=digest.algorithm, algorithm=digest.algorithm
            )
        if found[digest.algorithm] != digest:
            message = "The file that arrived does not have the %(algorithm)s given; send it again."
            raise BadInput(
                "digest_mismatch", message, field=digest.algorithm, algorithm=digest.algorithm
            )
