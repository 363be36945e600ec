"""Write the custody log, read it, and prove that nobody rewrote it.

Each entry's hash is SHA-256 over ``notary/audit/v1\\n`` and the RFC 8785 form of its other columns,
the previous entry's hash among them. Writers serialise on the row of ``audit_head``: the first
statement of :func:`record_many` updates it, which locks it on PostgreSQL and takes the write lock
on SQLite, so two writers can never extend the same head.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session, scoped_session

from chain_adapter.canonical import canonical_json
from portal.audit.actor import Actor
from portal.audit.models import GENESIS, AuditEntry, AuditHead
from portal.prepared import Prepared

AnySession = Session | scoped_session[Session]
Detail = Mapping[str, str | int]
_Stored = dict[str, Any]  # one row by column name

_COLUMNS = tuple(AuditEntry.__table__.columns)
_DOMAIN = b"notary/audit/v1\n"
# Built once and on tables, not classes: every request that changes anything pays for these three.
_ENTRIES, _HEAD = cast(Table, AuditEntry.__table__), cast(Table, AuditHead.__table__)
_EXTEND = Prepared(
    update(_HEAD)
    .where(_HEAD.c.id == 1)
    .values(size=_HEAD.c.size + bindparam("count"))
    .returning(_HEAD.c.size, _HEAD.c.hash)
)
_APPEND = Prepared(insert(_ENTRIES), _ENTRIES.c.keys())
_LINK = Prepared(update(_HEAD).where(_HEAD.c.id == 1).values(hash=bindparam("newest")))
_CHUNK = 1000
_MAX_VALUE = 500  # characters of one detail value; the log is no place for content


@dataclass(frozen=True)
class Act:
    """One act about to be recorded: ``action`` such as ``"deposit.received"``, ``subject`` such
    as ``"deposit:<id>"``. No secrets, and no file names beyond need."""

    actor: Actor
    action: str
    subject: str
    detail: Detail | None = None


@dataclass(frozen=True)
class Head:
    """Where the chain ends: what is anchored on the ledger to fix everything before it."""

    size: int
    hash: str


@dataclass(frozen=True)
class ChainReport:
    """The outcome of walking the chain.

    Attributes:
        size: entries the head claims.
        head: the hash the head claims.
        broken_at: number of the first entry that does not fit, or None.
        code: ``""`` when sound, else ``missing``, ``changed``, ``relinked``, ``truncated`` or
            ``surplus``.
        sentence: what was found, in words.
        marks: size → the chain's hash there, of the sizes asked for, as far as it is intact.
    """

    size: int
    head: str
    broken_at: int | None
    code: str
    sentence: str
    marks: Mapping[int, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.broken_at is None


def record(
    session: AnySession, actor: Actor, action: str, subject: str, detail: Detail | None = None
) -> None:
    """Append one entry in the caller's transaction: it exists if and only if the act does."""
    record_many(session, [Act(actor, action, subject, detail)])


def record_many(session: AnySession | Connection, acts: Sequence[Act]) -> None:
    """Append ``acts`` in order, in the caller's transaction.

    Other writers wait from here until the caller commits, so call it late in a transaction.
    """
    if not acts:
        return
    connection = session if isinstance(session, Connection) else session.connection()
    [(size, previous)] = _EXTEND.run(connection, {"count": len(acts)})
    first, now = size - len(acts) + 1, datetime.now(UTC)
    rows = []
    for seq, act in enumerate(acts, start=first):
        row = _row(seq, now, act, previous)
        previous = row["hash"]
        rows.append(row)
    _APPEND.run(connection, *rows)
    _LINK.run(connection, {"newest": previous})


def head(session: AnySession) -> Head:
    """The chain's present end."""
    row = session.execute(select(AuditHead.size, AuditHead.hash)).one()
    return Head(row.size, row.hash)


def entries_for(session: AnySession, subject: str, limit: int = 500) -> list[AuditEntry]:
    """The latest ``limit`` entries about ``subject``, oldest of them first."""
    query = (
        select(AuditEntry)
        .where(AuditEntry.subject == subject)
        .order_by(AuditEntry.seq.desc())
        .limit(limit)
    )
    return list(session.scalars(query))[::-1]


def latest(session: AnySession, size: int = 50, before: int | None = None) -> list[AuditEntry]:
    """One page of the whole log, newest first; ``before`` is the last number already seen."""
    query = select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(size)
    if before is not None:
        query = query.where(AuditEntry.seq < before)
    return list(session.scalars(query))


def verify_chain(session: AnySession, sizes: Collection[int] = ()) -> ChainReport:
    """Walk the chain from the first entry to the head and name the first entry that does not fit.
    On the way, note the chain's hash at each of ``sizes``.

    1. Numbers run from 1 without a gap: a deleted or renumbered entry is ``missing``.
    2. Each entry names its predecessor's hash: a reordered entry is ``relinked``.
    3. Each entry hashes to its own hash: an edited entry is ``changed``.
    4. The last entry is the head's: a chain that ends early is ``truncated``.
    5. Nothing stands behind the head: otherwise ``surplus``.
    """
    end = head(session)
    previous, seen, wanted = GENESIS, 0, frozenset(sizes)
    marks: dict[int, str] = {}
    for entry in walk(session, end.size):
        seen += 1
        code, sentence = _fault(entry, seen, previous)
        if code:
            return ChainReport(end.size, end.hash, seen, code, sentence, marks)
        previous = entry["hash"]
        if seen in wanted:
            marks[seen] = previous
    if seen < end.size or previous != end.hash:  # 4
        sentence = f"the log ends after entry {seen}, but its head names {end.size} entries"
        if seen == end.size:
            sentence = f"entry {seen} is not the one the head names"
        return ChainReport(end.size, end.hash, max(seen, 1), "truncated", sentence, marks)
    surplus = _surplus(session)
    if surplus is not None:  # 5
        sentence = f"entry {surplus} stands behind the head and was never recorded properly"
        return ChainReport(end.size, end.hash, surplus, "surplus", sentence, marks)
    sentence = f"all {end.size} entries are intact"
    return ChainReport(end.size, end.hash, None, "", sentence, marks)


def _fault(entry: _Stored, seq: int, previous: str) -> tuple[str, str]:
    if entry["seq"] != seq:  # 1
        return "missing", f"entry {seq} is missing"
    if entry["previous"] != previous:  # 2
        return "relinked", f"entry {seq} does not follow the entry before it"
    if _hash(entry) != entry["hash"]:  # 3
        return "changed", f"entry {seq} was changed after it was recorded"
    return "", ""


def walk(session: AnySession, size: int) -> Iterator[_Stored]:
    """The entries up to number ``size`` in order, by column name, a thousand in memory."""
    # Columns, not objects: a session may still hold objects older than what the table says.
    after = -1
    while True:
        query = select(*_COLUMNS).where(AuditEntry.seq > after, AuditEntry.seq <= size)
        page = session.execute(query.order_by(AuditEntry.seq).limit(_CHUNK)).mappings().all()
        yield from (dict(row) for row in page)
        if len(page) < _CHUNK:
            return
        after = page[-1]["seq"]


def _surplus(session: AnySession) -> int | None:
    # One statement, so that entries appended meanwhile move the head with them.
    limit = select(AuditHead.size).scalar_subquery()
    return session.scalar(
        select(AuditEntry.seq).where(AuditEntry.seq > limit).order_by(AuditEntry.seq).limit(1)
    )


def _row(seq: int, at: datetime, act: Act, previous: str) -> _Stored:
    detail = {key: _clean(value) for key, value in {**(act.detail or {}), **_behalf(act)}.items()}
    row: _Stored = {
        "seq": seq,
        "at": at,
        "actor_id": _clean(act.actor.id, 64),
        "actor_name": _clean(act.actor.name, 200),
        "roles": " ".join(sorted(act.actor.roles)),
        "address": _clean(act.actor.address, 64),
        "via": act.actor.via,
        "action": act.action,
        "subject": act.subject,
        "detail": canonical_json(detail).decode(),
        "previous": previous,
    }
    return row | {"hash": _hash(row)}


def _behalf(act: Act) -> Detail:
    """For whom somebody else acted, so that the log tells it for ever."""
    actor = act.actor
    if not actor.organisation:
        return {}
    return {"for": actor.organisation, "for_name": actor.organisation_name}


def canonical(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the entry's hash covers: all other columns, the time as text in UTC."""
    at = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    return {key: value for key, value in row.items() if key != "hash"} | {"at": at}


def _hash(row: _Stored) -> str:
    return hashlib.sha256(_DOMAIN + canonical_json(canonical(row))).hexdigest()


def _clean(value: str | int, limit: int = _MAX_VALUE) -> str | int:
    """What every database keeps as it is: no NUL, no lone surrogates, bounded."""
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)  # RFC 8785 §3.2.2.3: exact numbers only
    text = value.replace("\x00", "�").encode("utf-8", "replace").decode("utf-8")
    return text[:limit]
