"""Depositing the rows of a confirmed import, a thousand at a time.

Each row goes under an idempotency key that its content decides, so that pressing twice, going on
after a crash, or confirming the same file from two windows deposits nothing twice. Only when the
same is wanted *again* does the key belong to this import alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import rfc8785
from sqlalchemy import bindparam, func, select, update

from chain_adapter import Digest
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.cases import access
from portal.cases.filing import Filing
from portal.deposits.batching import NewDigest
from portal.deposits.models import Deposit
from portal.deposits.receiving import Accepted
from portal.deposits.records import Metadata
from portal.deposits.service import DepositService
from portal.imports.models import Import, ImportRow, ImportState, RowStatus
from portal.imports.rows import known_deposits, problem_text, tags_of
from portal.problems import Conflict, NotFound, PortalError, Unavailable

_CHUNK: Final = 1000


@dataclass(frozen=True, slots=True)
class _Order:
    """What was confirmed."""

    made: Import
    case_id: str | None
    again: bool


class Confirming:
    """The use case. Thread-safe; one import may be confirmed by several requests at once."""

    def __init__(self, deposits: DepositService, filing: Filing) -> None:
        self._deposits = deposits
        self._tools = deposits.tools
        self._filing = filing

    def confirm(self, actor: Actor, import_id: str, again: bool, case_id: str | None) -> Import:
        """See :meth:`portal.imports.service.ImportService.confirm`."""
        order = self._begin(actor, import_id, again, case_id)
        if order.made.state == ImportState.DONE:
            return order.made
        after: int | None = 0
        while after is not None:
            after = self._chunk(actor, order, after)
        return self._end(actor, order.made.id)

    def _begin(self, actor: Actor, import_id: str, again: bool, case_id: str | None) -> _Order:
        """Fix what is asked for; a second confirmation goes by what the first one asked."""
        with self._tools.database.transaction() as session:
            query = select(Import).where(Import.id == import_id, Import.owner_id == actor.id)
            made = session.scalar(query.with_for_update())
            if made is None or access.role_in(session, actor, made) is None:
                raise NotFound("import_not_found", "There is no such import.")
            if access.holder_of(made) != access.holder(actor):
                message = "Act again for whom this file was looked at, then confirm it."
                raise Conflict("other_holder", message)
            if made.state == ImportState.PREVIEW:
                if case_id is not None:
                    case = access.changeable(session, actor, case_id)
                    if access.holder_of(case) != access.holder_of(made):
                        message = (
                            "A deposit and its case belong to the same person or organisation; "
                            "these do not."
                        )
                        raise Conflict("other_holder", message, field="case")
                made.state, made.again, made.case_id = ImportState.RUNNING, again, case_id
                made.confirmed_at = self._tools.clock()
        return _Order(made, made.case_id, made.again)

    def _chunk(self, actor: Actor, order: _Order, after: int) -> int | None:
        """Deposit the next thousand rows; the line they end with, or None after the last."""
        rows = self._next_rows(actor, order, after)
        if not rows:
            return None
        fresh = [row for row in rows if row.status != RowStatus.KNOWN or order.again]
        outcomes = self._deposits.receive_many(actor, [_item(order, row) for row in fresh])
        results = [_result(order, *each) for each in zip(fresh, outcomes, strict=True)]
        self._file(actor, order, fresh, results)
        known = [
            {**_unchanged(row), "new_status": RowStatus.KNOWN}
            for row in rows
            if row.status == RowStatus.KNOWN and not order.again
        ]
        self._store(order.made.id, results + known)
        return rows[-1].line

    def _next_rows(self, actor: Actor, order: _Order, after: int) -> Sequence[ImportRow]:
        """Rows still to be deposited, each with what is known by now."""
        wanted = [RowStatus.READY, RowStatus.KNOWN] if order.again else [RowStatus.READY]
        query = (
            select(ImportRow)
            .where(
                ImportRow.import_id == order.made.id,
                ImportRow.line > after,
                ImportRow.status.in_(wanted),
            )
            .order_by(ImportRow.line)
            .limit(_CHUNK)
        )
        with self._tools.database.reading() as session:
            rows = session.scalars(query).all()
            if order.again:
                return rows
            # Somebody may have deposited the same since the file was looked at; but what this
            # import itself deposited before it broke off is not "known", it is to be finished.
            known = known_deposits(session, actor, [row.sha256 for row in rows])
            earlier = _not_after(session, set(known.values()), order.made)
        for row in rows:
            if known.get(row.sha256) in earlier:
                row.status, row.deposit_id = RowStatus.KNOWN, known[row.sha256]
        return rows

    def _file(
        self, actor: Actor, order: _Order, rows: list[ImportRow], results: list[dict[str, Any]]
    ) -> None:
        """Case and tags of what was deposited; before the rows say so, so that nothing is left out
        when it breaks off in between."""
        made = [
            (row, result["new_deposit"])
            for row, result in zip(rows, results, strict=True)
            if result["new_status"] == RowStatus.DEPOSITED
        ]
        if not made:
            return
        tags = {deposit_id: words for row, deposit_id in made if (words := tags_of(row))}
        if tags:
            self._filing.add_each(actor, tags)
        if order.case_id is not None:
            self._filing.move(actor, [deposit_id for _, deposit_id in made], order.case_id)

    def _store(self, import_id: str, results: list[dict[str, Any]]) -> None:
        table = ImportRow.__table__
        statement = (
            update(ImportRow)
            .where(table.c.import_id == import_id, table.c.line == bindparam("at"))
            .values(
                status=bindparam("new_status"),
                deposit_id=bindparam("new_deposit"),
                problem=bindparam("new_problem"),
            )
        )
        with self._tools.database.transaction() as session:
            session.connection().execute(statement, results)

    def _end(self, actor: Actor, import_id: str) -> Import:
        """Done, unless rows could not be recorded and are to be tried again."""
        with self._tools.database.transaction() as session:
            made = session.scalars(
                select(Import).where(Import.id == import_id).with_for_update()
            ).one()
            query = (
                select(ImportRow.status, func.count())
                .where(ImportRow.import_id == import_id)
                .group_by(ImportRow.status)
            )
            counts = {status: count for status, count in session.execute(query)}  # noqa: C416
            if made.state == ImportState.RUNNING and not counts.get(RowStatus.READY):
                made.state = ImportState.DONE
                detail = {
                    "rows": sum(counts.values()),
                    "deposited": counts.get(RowStatus.DEPOSITED, 0),
                }
                record(session, actor, "import.confirmed", made.subject, detail)
        return made


def _item(order: _Order, row: ImportRow) -> NewDigest:
    digests = [Digest.parse("sha256", row.sha256)]
    if row.sm3:
        digests.append(Digest.parse("sm3", row.sm3))
    metadata = Metadata(title=row.title, note=row.note, filename=row.filename)
    return NewDigest(tuple(digests), metadata, row.size, _key(order, row))


def _key(order: _Order, row: ImportRow) -> str:
    if order.again:
        return f"csv:{order.made.id}:{row.line}"
    said = [access.holder_of(order.made), row.sha256, row.sm3, row.title, row.filename, row.note]
    return f"csv:{hashlib.sha256(rfc8785.dumps([*said, row.size])).hexdigest()}"


def _result(order: _Order, row: ImportRow, outcome: Accepted | PortalError) -> dict[str, Any]:
    if isinstance(outcome, Unavailable):
        return _unchanged(row)
    if isinstance(outcome, PortalError):
        failed = {"new_status": RowStatus.FAILED, "new_problem": problem_text(outcome)}
        return _unchanged(row) | failed
    # Under a content's key the answer may be an old deposit, which only then counts as known.
    confirmed = order.made.confirmed_at
    old = confirmed is not None and outcome.deposit.received_at < confirmed
    status = RowStatus.KNOWN if old else RowStatus.DEPOSITED
    return _unchanged(row) | {"new_status": status, "new_deposit": outcome.deposit.id}


def _unchanged(row: ImportRow) -> dict[str, Any]:
    return {
        "at": row.line,
        "new_status": row.status,
        "new_deposit": row.deposit_id,
        "new_problem": row.problem,
    }


def _not_after(session: Any, ids: set[str], made: Import) -> set[str]:
    """Of these deposits, those received before the import was confirmed."""
    query = select(Deposit.id).where(Deposit.id.in_(ids), Deposit.received_at < made.confirmed_at)
    return set(session.scalars(query))
