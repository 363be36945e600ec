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
from portal.deposits.filters import facet, scope
from portal.deposits.models import Deposit, State
from portal.deposits.tools import Tools
from portal.search import Document, Keys, SearchIndex, place, title_key, words
from portal.search.models import SearchProgress

#: So many entries are followed at once; a deposit has about four.
_BATCH: Final = 2000
#: When fewer wait than this, the oldest is left to ripen: its deposit is still on its way.
_MANY: Final = 500
_RIPE: Final = timedelta(seconds=2)
_PREFIX: Final = "deposit:"
COLUMNS: Final = load_only(
    Deposit.id,
    Deposit.number,
    Deposit.code,
    Deposit.owner_id,
    Deposit.organisation_id,
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

    def advance(self) -> int:
        """Follow the log by one batch; how many deposits were written to the index.

        Idempotent; of several callers at once one writes and the others give up.
        """
        with self._tools.database.reading() as session:
            seq = progress(session)
            entries = session.execute(
                select(AuditEntry.seq, AuditEntry.at, AuditEntry.subject)
                .where(AuditEntry.seq > seq)
                .order_by(AuditEntry.seq)
                .limit(_BATCH)
            ).all()
            unripe = len(entries) < _MANY
            if not entries or (unripe and entries[0].at > self._tools.clock() - _RIPE):
                return 0
            documents = documents_of(session, deposits_named([it.subject for it in entries]))
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


def documents_of(session: Session, ids: Sequence[str]) -> list[Document]:
    rows = session.scalars(select(Deposit).where(Deposit.id.in_(ids)).options(COLUMNS))
    return [document_of(row) for row in rows]


def document_of(row: Deposit) -> Document:
    """A deposit as the index knows it."""
    facets = [
        facet("s", row.state),
        facet("k", row.kind),
        facet("o", row.owner_id),
        facet("n", row.code.lower()),
        *(f"h_{digest}" for digest in (row.sha256, row.sm3) if digest),
    ]
    waits = row.wait_reason is not None and row.state != State.ISSUED
    if waits:
        facets.append(facet("w", "waits"))
    return Document(
        row.id,
        scope(row.owner_id, row.organisation_id),
        order_of(row),
        (*facets, *words(row.title, row.filename, row.note, row.number)),
        (str(row.state), "waits") if waits else (str(row.state),),
    )


def order_of(row: Deposit) -> Keys:
    size = -1 if row.size is None else row.size
    return Keys(
        place(row.received_at, row.id), title_key(row.title or row.filename or row.number), size
    )
