"""Looking at one deposit: as somebody who may read it, and what anybody may see of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Select, select

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.audit.service import entries_for
from portal.deposits.access import readable
from portal.deposits.evidence import receipts_of
from portal.deposits.filters import MAX_PAGE, DepositFilter
from portal.deposits.folders import Folders
from portal.deposits.further import finals_of
from portal.deposits.models import Deposit, State
from portal.deposits.numbers import read_number
from portal.deposits.public import PublicDeposit, PublicEvidence
from portal.deposits.signed import depositor_key
from portal.deposits.tools import Tools
from portal.organisations.models import Organisation
from portal.problems import BadInput, NotFound

__all__ = ["MAX_PAGE", "DepositFilter", "PublicDeposit", "PublicEvidence", "Reading"]
_SHA256_DIGITS: Final = 64
#: How many deposits of one digest are told of.
_MOST_SHARED: Final = 20


class Reading:
    """Queries. Somebody else's deposit is not found, so that ids cannot be tried out."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._folders = Folders(tools)

    def get(self, actor: Actor, deposit_id: str) -> Deposit:
        """A deposit the actor may read.

        Raises:
            NotFound: no such deposit, or one they may not read.
        """
        query = select(Deposit).where(Deposit.id == deposit_id, readable(actor))
        with self._tools.database.reading() as session:
            deposit = session.scalar(query)
        if deposit is None:
            raise NotFound("deposit_not_found", "There is no such deposit.")
        return deposit

    def custody(self, deposit: Deposit) -> list[AuditEntry]:
        """The custody log of one deposit, oldest first."""
        with self._tools.database.reading() as session:
            return entries_for(session, deposit.subject)

    def custody_page(
        self, deposit: Deposit, size: int, before: int | None
    ) -> tuple[list[AuditEntry], bool]:
        """Up to ``size`` entries about one deposit, newest first, below the number ``before``; and
        whether there are more."""
        about = select(AuditEntry).where(AuditEntry.subject == deposit.subject)
        if before is not None:
            about = about.where(AuditEntry.seq < before)
        with self._tools.database.reading() as session:
            query = about.order_by(AuditEntry.seq.desc()).limit(size + 1)
            entries = list(session.scalars(query))
        return entries[:size], len(entries) > size

    def depositor_name(self, deposit: Deposit) -> str:
        """Whose deposit it is, for those who may read it."""
        with self._tools.database.reading() as session:
            person = session.get_one(User, deposit.owner_id).name
            if deposit.organisation_id is None:
                return person
            return f"{session.get_one(Organisation, deposit.organisation_id).name} ({person})"

    def find_public(self, text: str) -> PublicDeposit:
        """By letter number, short code or SHA-256: of what was deposited (then the earliest deposit
        of it), of a file in a folder, or of the letter itself.

        Raises:
            BadInput: ``text`` is none of these.
            NotFound: nothing is deposited under it.
        """
        return _shared(self._rows(text)[0])

    def find_evidence(self, text: str) -> PublicEvidence:
        """As :meth:`find_public`, with what a verification needs."""
        first, *later = self._rows(text)
        receipt = next(iter(receipts_of(first).values()), None)
        return PublicEvidence(
            _shared(first),
            first.token,
            first.entry,
            receipt.to_json() if receipt else None,
            first.proof.encode() if first.proof else None,
            tuple(_shared(each) for each in later),
            self._folders.listed(first),
            letter=first.letter_sha256 == text.strip().lower(),
            further=tuple((it.receipt.to_json(), it.proof.encode()) for it in finals_of(first)),
            signed_with=depositor_key(first),
        )

    def _rows(self, text: str) -> Sequence[Deposit]:
        """The deposits meant by ``text``, the earliest first, never none."""
        digits = text.strip().lower()
        query = _public(text).order_by(Deposit.received_at).limit(_MOST_SHARED)
        with self._tools.database.reading() as session:
            rows = session.scalars(query).all()
            if not rows and len(digits) == _SHA256_DIGITS:
                letters = select(Deposit).where(Deposit.letter_sha256 == digits)
                rows = session.scalars(letters.limit(1)).all()
        if not rows and (folders := self._folders.holding(digits, _MOST_SHARED)):
            return folders  # a file of theirs has this digest
        if not rows:
            raise NotFound("nothing_deposited", "Nothing is deposited under this here.")
        return rows


def _shared(deposit: Deposit) -> PublicDeposit:
    names = PublicDeposit.__dataclass_fields__
    values = {name: getattr(deposit, name) for name in names}
    return PublicDeposit(**values | {"state": State(deposit.state)})


def _public(text: str) -> Select[Deposit]:
    digits = text.strip().lower()
    if len(digits) == _SHA256_DIGITS and set(digits) <= set("0123456789abcdef"):
        return select(Deposit).where(Deposit.sha256 == digits)
    read = read_number(text[:64])
    if read is None:
        message = "This is neither a letter number, nor a short code, nor a SHA-256 digest."
        raise BadInput("number", message, field="number")
    number, code = read
    if number is not None:
        return select(Deposit).where(Deposit.number == number)
    return select(Deposit).where(Deposit.code == code)
