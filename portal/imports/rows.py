"""Rows on their way from the file to the table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.deposits.access import listed
from portal.deposits.models import Deposit
from portal.imports.models import ImportRow, RowStatus
from portal.imports.parsing import Row
from portal.problems import PortalError

#: digests asked for in one query
_CHUNK: Final = 1000


def known_deposits(session: Session, actor: Actor, digests: Sequence[str]) -> dict[str, str]:
    """SHA-256 → id of the first deposit of it, of whom the actor acts for."""
    found: dict[str, str] = {}
    for start in range(0, len(digests), _CHUNK):
        query = (
            select(Deposit.sha256, Deposit.id)
            .where(Deposit.sha256.in_(digests[start : start + _CHUNK]), listed(actor))
            .order_by(Deposit.received_at, Deposit.id)
        )
        for digest, deposit_id in session.execute(query):
            found.setdefault(digest, deposit_id)
    return found


def row_values(
    import_id: str, rows: Iterable[Row], known: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """The rows of the table, each with what would come of it."""
    first_of: dict[str, int] = {}
    for row in rows:
        repeats = first_of.setdefault(row.sha256, row.line) if row.sha256 else row.line
        yield {
            "import_id": import_id,
            "line": row.line,
            "status": _status(row, repeats, known),
            "given": _kept(row.given),
            "sha256": row.sha256,
            "sm3": row.sm3,
            "title": row.title,
            "filename": row.filename,
            "note": row.note,
            "size": row.size,
            "tags": json.dumps(row.tags, ensure_ascii=False),
            "problem": problem_text(row.problem),
            "repeats": repeats if repeats != row.line else None,
            "deposit_id": known.get(row.sha256) if repeats == row.line else None,
        }


def problem_text(problem: PortalError | None) -> str:
    """A refusal as the table keeps it, to be said in whatever language is read."""
    if problem is None:
        return ""
    values = {
        "code": problem.code,
        "message": problem.message,
        "params": problem.params,
        "field": problem.field,
    }
    return json.dumps(values, ensure_ascii=False)


def tags_of(row: ImportRow) -> list[str]:
    """The tags a row asks for."""
    return [str(tag) for tag in json.loads(row.tags)]


def _status(row: Row, repeats: int, known: Mapping[str, str]) -> RowStatus:
    if row.problem is not None:
        return RowStatus.INVALID
    if repeats != row.line:
        return RowStatus.DUPLICATE
    return RowStatus.KNOWN if row.sha256 in known else RowStatus.READY


def _kept(text: str) -> str:
    """As much as the column takes, without half a character."""
    return text[:100].encode("utf-8", "replace").decode()
