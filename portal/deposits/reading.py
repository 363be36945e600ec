"""Looking at deposits: one's own, page by page, and what anybody may see of one."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, String, func, literal, or_, select, tuple_

from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.audit.service import entries_for
from portal.database import UtcDateTime
from portal.deposits.access import listed, readable
from portal.deposits.evidence import receipts_of
from portal.deposits.models import Deposit, State
from portal.deposits.numbers import read_number
from portal.deposits.tools import Tools
from portal.problems import BadInput, NotFound

MAX_PAGE: Final = 200
_SHA256_DIGITS: Final = 64
#: How many deposits of one digest are told of.
_MOST_SHARED: Final = 20


@dataclass(frozen=True, slots=True)
class DepositFilter:
    """``text`` is looked for in title, file name, number and digest; times are ``received_at``,
    from ``since`` to before ``until``."""

    state: State | None = None
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Newest first. ``cursor`` asks for the next page; None on the last one."""

    items: tuple[Deposit, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class PublicDeposit:
    """What a stranger who knows the number or the digest may learn: no names, no file names."""

    number: str
    code: str
    state: State
    kind: str
    sha256: str
    sm3: str | None
    size: int | None
    received_at: datetime
    gen_time: datetime | None
    anchored_at: datetime | None
    issued_at: datetime | None
    receipts: str | None
    letter_sha256: str | None


@dataclass(frozen=True, slots=True)
class PublicEvidence:
    """What anybody may verify: ``deposit`` and its proof, which holds no names either. DER token,
    encoded entry, the primary ledger's receipt as JSON, encoded proof; None while they are to come.
    ``later`` are further deposits of the same digest."""

    deposit: PublicDeposit
    token: bytes | None
    entry: bytes | None
    receipt: bytes | None
    proof: bytes | None
    later: tuple[PublicDeposit, ...] = ()


class Reading:
    """Queries. Somebody else's deposit is not found, so that ids cannot be tried out."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

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

    def page(self, actor: Actor, wanted: DepositFilter, cursor: str | None, size: int) -> Page:
        """One page of the deposits of whom the actor acts for.

        Raises:
            BadInput: a cursor that no page gave.
        """
        size = max(1, min(size, MAX_PAGE))
        query = _filtered(select(Deposit).where(listed(actor)), wanted)
        if cursor is not None:
            moment, last = _read_cursor(cursor)
            after = tuple_(literal(moment, UtcDateTime()), literal(last, String()))
            query = query.where(tuple_(Deposit.received_at, Deposit.id) < after)
        query = query.order_by(Deposit.received_at.desc(), Deposit.id.desc()).limit(size + 1)
        with self._tools.database.reading() as session:
            rows = tuple(session.scalars(query))
        more = len(rows) > size
        return Page(rows[:size], _cursor(rows[size - 1]) if more else None)

    def counts(self, actor: Actor) -> dict[State, int]:
        """How many of the actor's deposits are in each state."""
        query = select(Deposit.state, func.count()).where(listed(actor)).group_by(Deposit.state)
        with self._tools.database.reading() as session:
            found = {State(state): count for state, count in session.execute(query)}
        return {state: found.get(state, 0) for state in State}

    def custody(self, deposit: Deposit) -> list[AuditEntry]:
        """The custody log of one deposit, oldest first."""
        with self._tools.database.reading() as session:
            return entries_for(session, deposit.subject)

    def find_public(self, text: str) -> PublicDeposit:
        """By letter number, short code or SHA-256 (then the earliest deposit of it).

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
        )

    def _rows(self, text: str) -> Sequence[Deposit]:
        """The deposits meant by ``text``, the earliest first, never none."""
        query = _public(text).order_by(Deposit.received_at).limit(_MOST_SHARED)
        with self._tools.database.reading() as session:
            rows = session.scalars(query).all()
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


def _filtered(query: Select[Deposit], wanted: DepositFilter) -> Select[Deposit]:
    if wanted.state is not None:
        query = query.where(Deposit.state == wanted.state)
    if wanted.since is not None:
        query = query.where(Deposit.received_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(Deposit.received_at < wanted.until)
    text = wanted.text.strip().replace("\x00", "")
    if text:
        fields = (Deposit.title, Deposit.filename, Deposit.number, Deposit.sha256)
        query = query.where(or_(*(field.icontains(text, autoescape=True) for field in fields)))
    return query


def _cursor(last: Deposit) -> str:
    return base64.urlsafe_b64encode(f"{last.received_at.isoformat()} {last.id}".encode()).decode()


def _read_cursor(text: str) -> tuple[datetime, str]:
    try:
        moment, _, last = base64.urlsafe_b64decode(text.encode()).decode().rpartition(" ")
        received_at = datetime.fromisoformat(moment)
        if received_at.tzinfo is None or "\x00" in last:
            raise ValueError("not one of ours")
    except (ValueError, binascii.Error) as error:
        message = "This cursor is not one that a page gave."
        raise BadInput("cursor", message, field="cursor") from error
    return received_at, last
