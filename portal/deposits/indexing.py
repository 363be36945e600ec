"""Keeps the search index current, outside of requests: it follows the custody log.

Whatever changes a deposit leaves a custody entry about it in the same transaction, so the log says
which deposits to look at again. What has not been followed yet is found by other means
(:mod:`portal.deposits.searching`), so that waiting a little, to look once where much happens, costs
nobody anything. A new index, or one that was cleared, follows from the log's beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session, load_only

from portal.audit.models import AuditEntry
from portal.cases.models import DepositTag
from portal.deposits.filters import WAITS, facet, scope, tag_facet
from portal.deposits.models import Deposit, DepositFile, State
from portal.deposits.tools import Tools
from portal.search import Document, Keys, SearchIndex, place, title_key, words
from portal.search.models import SearchProgress

#: So many entries are followed at once, for on SQLite nobody else writes meanwhile; a deposit has
#: about four.
BATCH: Final = 2000
#: When fewer wait than this, the oldest is left to ripen: its deposit is still on its way.
_MANY: Final = 500
_RIPE: Final = timedelta(seconds=2)
_PREFIX: Final = "deposit:"
#: Of a folder, so many files are found by name and digest.
_MOST_FILES: Final = 2000
COLUMNS: Final = load_only(
    Deposit.id,
    Deposit.number,
    Deposit.code,
    Deposit.owner_id,
    Deposit.organisation_id,
    Deposit.case_id,
    Deposit.kind,
    Deposit.title,
    Deposit.note,
    Deposit.filename,
    Deposit.size,
    Deposit.sha256,
    Deposit.sm3,
    Deposit.received_at,
    Deposit.state,
    Deposit.wait_reason,
)


class Indexing:
    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._index = SearchIndex(tools.database)

    def advance(self, batch: int = BATCH) -> int:
        """Follow the log by up to ``batch`` entries; how many deposits were written to the index.

        Idempotent; of several callers at once one writes and the others give up.
        """
        with self._tools.database.reading() as session:
            seq = progress(session)
            entries = session.execute(
                select(AuditEntry.seq, AuditEntry.at, AuditEntry.subject)
                .where(AuditEntry.seq > seq)
                .order_by(AuditEntry.seq)
                .limit(batch)
            ).all()
            unripe = len(entries) < _MANY
            if not entries or (unripe and entries[0].at > self._tools.clock() - _RIPE):
                return 0
            ids = deposits_named([it.subject for it in entries])
            rows = session.scalars(select(Deposit).where(Deposit.id.in_(ids)).options(COLUMNS))
            documents = documents_of(session, rows.all())
        return len(documents) if self._write(seq, entries[-1].seq, documents) else 0

    def rebuild(self) -> None:
        """Forget the index; :meth:`advance` makes it anew from the log's beginning."""
        with self._tools.database.transaction() as session:
            self._index.clear(session)

    def _write(self, seq: int, reached: int, documents: Sequence[Document]) -> bool:
        with self._tools.database.transaction() as session:
            mine = session.execute(
                update(SearchProgress)
                .where(SearchProgress.id == 1, SearchProgress.seq == seq)
                .values(seq=reached)
            )
            if not mine.rowcount:  # type: ignore[attr-defined]
                return False
            self._index.put(session, documents)
        return True


def progress(session: Session) -> int:
    """The last custody entry that the index has followed."""
    return session.scalar(select(SearchProgress.seq)) or 0


def deposits_named(subjects: Sequence[str]) -> list[str]:
    """The deposits' ids among the subjects of custody entries, each once."""
    named = (it.removeprefix(_PREFIX) for it in subjects if it.startswith(_PREFIX))
    return list(dict.fromkeys(named))


def documents_of(session: Session, rows: Sequence[Deposit]) -> list[Document]:
    """Deposits as the index knows them."""
    tags = _tags(session, [row.id for row in rows])
    files = _files(session, [row.id for row in rows if row.kind == "folder"])
    return [_document(row, tags.get(row.id, ()), files.get(row.id, ())) for row in rows]


def counted(row: Deposit) -> tuple[str, ...]:
    """Under which names a deposit is counted."""
    waits = row.wait_reason is not None and row.state != State.ISSUED
    return (str(row.state), WAITS) if waits else (str(row.state),)


def _document(
    row: Deposit, tags: Sequence[DepositTag], files: Sequence[tuple[str, str]]
) -> Document:
    digests = (row.sha256, row.sm3, *(sha256 for _, sha256 in files))
    facets = [
        facet("s", row.state),
        facet("k", row.kind),
        facet("o", row.owner_id),
        facet("n", row.code.lower()),
        *(tag_facet(tag.folded) for tag in tags),
        *dict.fromkeys(f"h_{digest}" for digest in digests if digest),
    ]
    if row.case_id:
        facets.append(facet("c", row.case_id))
    if WAITS in counted(row):
        facets.append(facet("w", WAITS))
    texts = (row.title, row.filename, row.note, row.number, *(tag.tag for tag in tags))
    return Document(
        row.id,
        scope(row.owner_id, row.organisation_id),
        order_of(row),
        (*facets, *words(*texts, *(path for path, _ in files))),
        counted(row),
    )


def _tags(session: Session, ids: Sequence[str]) -> dict[str, list[DepositTag]]:
    found: dict[str, list[DepositTag]] = {}
    query = select(DepositTag).where(DepositTag.deposit_id.in_(ids)).order_by(DepositTag.folded)
    for tag in session.scalars(query):
        found.setdefault(tag.deposit_id, []).append(tag)
    return found


def _files(session: Session, ids: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    columns = select(DepositFile.deposit_id, DepositFile.path, DepositFile.sha256)
    query = columns.where(DepositFile.deposit_id.in_(ids), DepositFile.position < _MOST_FILES)
    for key, path, sha256 in session.execute(query.order_by(DepositFile.position)):
        found.setdefault(key, []).append((path, sha256))
    return found


def order_of(row: Deposit) -> Keys:
    size = -1 if row.size is None else row.size
    return Keys(
        place(row.received_at, row.id), title_key(row.title or row.filename or row.number), size
    )
