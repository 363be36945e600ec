"""The use cases of imports: look at a file, confirm it or forget it. No Flask in here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.service import record
from portal.cases import access
from portal.cases.filing import Filing
from portal.deposits.access import check_depositing
from portal.deposits.filenames import MAX_NAME, download_name
from portal.deposits.models import Deposit
from portal.deposits.service import DepositService
from portal.downloads import Download
from portal.imports.confirming import Confirming
from portal.imports.models import Import, ImportRow, ImportState, RowStatus
from portal.imports.parsing import parse
from portal.imports.rows import known_deposits, row_values
from portal.problems import Conflict, NotFound

#: previews that one person may leave lying about, and for how long
MOST_PREVIEWS: Final = 10
PREVIEW_DAYS: Final = 7
_MAX_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class RowPage:
    """Rows in the file's order. ``after`` asks for the next page; None on the last one."""

    items: tuple[ImportRow, ...]
    numbers: dict[str, str]
    after: int | None


class ImportService:
    """Every method raises the errors of :mod:`portal.problems`. An import is its uploader's alone;
    anybody else's is not found."""

    def __init__(self, deposits: DepositService, filing: Filing) -> None:
        self._tools = deposits.tools
        self._confirming = Confirming(deposits, filing)

    def look(self, actor: Actor, filename: str, data: bytes) -> Import:
        """Read a file and say of each row what would come of it. Nothing is deposited.

        Raises:
            BadInput, TooLarge: the file cannot be read.
            Forbidden: the actor only reads in the organisation they act for.
        """
        check_depositing(actor)
        parsed = parse(data)
        made = Import(
            owner_id=actor.id,
            organisation_id=actor.organisation or None,
            filename=filename.replace("\x00", "")[:MAX_NAME],
            sha256=hashlib.sha256(data).hexdigest(),
            encoding=parsed.encoding,
            separator=parsed.separator,
            state=ImportState.PREVIEW,
            created_at=self._tools.clock(),
        )
        with self._tools.database.transaction() as session:
            self._make_room(session, actor, made)
            session.add(made)
            session.flush()
            digests = [row.sha256 for row in parsed.rows if row.sha256]
            known = known_deposits(session, actor, digests)
            session.execute(insert(ImportRow), list(row_values(made.id, parsed.rows, known)))
        return made

    def get(self, actor: Actor, import_id: str) -> Import:
        """Raises NotFound for what is not the actor's, also after leaving the organisation."""
        with self._tools.database.reading() as session:
            return own(session, actor, import_id)

    def recent(self, actor: Actor, size: int = 20) -> list[Import]:
        """The actor's imports for whom they act, the newest first."""
        query = (
            select(Import).where(_of(actor)).order_by(Import.created_at.desc(), Import.id.desc())
        )
        with self._tools.database.reading() as session:
            return list(session.scalars(query.limit(max(1, min(size, _MAX_PAGE)))))

    def counts(self, actor: Actor, import_id: str) -> dict[RowStatus, int]:
        """How many rows there are of each status; those of which there are none are left out."""
        with self._tools.database.reading() as session:
            own(session, actor, import_id)
            query = (
                select(ImportRow.status, func.count())
                .where(ImportRow.import_id == import_id)
                .group_by(ImportRow.status)
            )
            found = {status: count for status, count in session.execute(query)}  # noqa: C416
        return {status: found[status] for status in RowStatus if status in found}

    def rows(
        self,
        actor: Actor,
        import_id: str,
        status: RowStatus | None = None,
        after: int = 0,
        size: int = 100,
    ) -> RowPage:
        """Rows after the line ``after``, with the letter numbers of their deposits."""
        size = max(1, min(size, _MAX_PAGE))
        with self._tools.database.reading() as session:
            own(session, actor, import_id)
            query = select(ImportRow).where(
                ImportRow.import_id == import_id, ImportRow.line > after
            )
            if status is not None:
                query = query.where(ImportRow.status == status)
            found = session.scalars(query.order_by(ImportRow.line).limit(size + 1)).all()
            rows = tuple(found[:size])
            numbers = _numbers(session, rows)
        return RowPage(rows, numbers, rows[-1].line if len(found) > size else None)

    def confirm(
        self, actor: Actor, import_id: str, again: bool = False, case_id: str | None = None
    ) -> Import:
        """Deposit the rows that are ready; with ``again`` also those deposited before. Confirming
        twice deposits nothing twice, and one that broke off goes on where it ended.

        Raises:
            NotFound: no such import, or no such case.
            Conflict: the case is closed or another holder's, or the actor acts for somebody else
                than when it was looked at.
        """
        check_depositing(actor)
        return self._confirming.confirm(actor, import_id, again, case_id)

    def discard(self, actor: Actor, import_id: str) -> None:
        """Forget a file that was only looked at. Raises Conflict once it was confirmed."""
        with self._tools.database.transaction() as session:
            made = own(session, actor, import_id)
            if made.state != ImportState.PREVIEW:
                message = "This import was confirmed; what is deposited stays."
                raise Conflict("import_confirmed", message)
            _forget(session, [made.id])

    def result(
        self,
        actor: Actor,
        import_id: str,
        write: Callable[[Iterator[tuple[ImportRow, str]]], bytes],
    ) -> Download:
        """What came of each row, as ``write`` makes a file of (row, letter number) pairs; a
        custody entry once it was taken."""
        made = self.get(actor, import_id)

        def begin() -> Iterator[bytes]:
            data = write(self._all_rows(actor, import_id))
            with self._tools.database.transaction() as session:
                record(session, actor, "import.exported", made.subject)
            return iter((data,))

        stem = made.filename.rpartition(".")[0] or made.filename
        name = download_name(f"{stem}-result.csv", "import-result.csv")
        return Download(name, "text/csv", begin)

    def sweep(self) -> int:
        """Forget previews that nobody confirmed; called now and then by the worker."""
        oldest = self._tools.clock() - timedelta(days=PREVIEW_DAYS)
        query = select(Import.id).where(
            Import.state == ImportState.PREVIEW, Import.created_at < oldest
        )
        with self._tools.database.transaction() as session:
            ids = list(session.scalars(query))
            _forget(session, ids)
        return len(ids)

    def _all_rows(self, actor: Actor, import_id: str) -> Iterator[tuple[ImportRow, str]]:
        after: int | None = 0
        while after is not None:
            page = self.rows(actor, import_id, None, after, _MAX_PAGE)
            yield from ((row, page.numbers.get(row.deposit_id or "", "")) for row in page.items)
            after = page.after

    def _make_room(self, session: Session, actor: Actor, made: Import) -> None:
        """The same file looked at again takes its earlier preview's place; the oldest previews go
        when there are many."""
        query = select(Import.id, Import.sha256).where(
            Import.owner_id == actor.id, Import.state == ImportState.PREVIEW
        )
        found = session.execute(query.order_by(Import.created_at.desc())).all()
        same = [row.id for row in found if row.sha256 == made.sha256]
        others = [row.id for row in found if row.sha256 != made.sha256]
        _forget(session, same + others[MOST_PREVIEWS - 1 :])


def own(session: Session, actor: Actor, import_id: str) -> Import:
    """The actor's own import. Raises NotFound."""
    made = session.scalar(select(Import).where(Import.id == import_id, Import.owner_id == actor.id))
    if made is None or access.role_in(session, actor, made) is None:
        raise NotFound("import_not_found", "There is no such import.")
    return made


def _forget(session: Session, ids: list[str]) -> None:
    session.execute(delete(ImportRow).where(ImportRow.import_id.in_(ids)))
    session.execute(delete(Import).where(Import.id.in_(ids)))


def _numbers(session: Session, rows: tuple[ImportRow, ...]) -> dict[str, str]:
    """Deposit id → letter number."""
    ids = {row.deposit_id for row in rows if row.deposit_id is not None}
    query = select(Deposit.id, Deposit.number).where(Deposit.id.in_(ids))
    return {key: number for key, number in session.execute(query)}  # noqa: C416


def _of(actor: Actor):  # type: ignore[no-untyped-def]
    if actor.organisation:
        return (Import.owner_id == actor.id) & (Import.organisation_id == actor.organisation)
    return (Import.owner_id == actor.id) & Import.organisation_id.is_(None)
