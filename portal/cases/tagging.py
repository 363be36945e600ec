"""The rows of tags, within a transaction that somebody else opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.service import Act
from portal.cases import access
from portal.cases.models import DepositTag, KnownTag
from portal.cases.tags import Tag
from portal.deposits.models import Deposit


def tags_of(session: Session, deposit_ids: Iterable[str]) -> dict[str, list[Tag]]:
    """Deposit id → its tags in alphabetical order; deposits without any are left out."""
    query = select(DepositTag).where(DepositTag.deposit_id.in_(list(deposit_ids)))
    found: dict[str, list[Tag]] = {}
    for row in session.scalars(query.order_by(DepositTag.folded)):
        found.setdefault(row.deposit_id, []).append(Tag(row.tag, row.folded))
    return found


def insert_tags(session: Session, tags: Mapping[str, Iterable[Tag]]) -> None:
    """Deposit id → tags that it does not have yet."""
    rows = [
        {"deposit_id": key, "folded": tag.folded, "tag": tag.shown}
        for key, each in tags.items()
        for tag in each
    ]
    if rows:
        session.execute(insert(DepositTag), rows)


def remember(
    session: Session, deposits: Iterable[Deposit], tags: Iterable[Tag], now: datetime
) -> None:
    """For suggestions: whom the deposits belong to has used these tags just now."""
    words = sorted(tags, key=lambda tag: tag.folded)
    rows = [
        {"holder": holder, "folded": tag.folded, "tag": tag.shown, "used_at": now}
        for holder in sorted({access.holder_of(each) for each in deposits})
        for tag in words
    ]
    if not rows:
        return
    # Two requests may use a new tag at the same moment; neither is to fail for it.
    dialect = postgresql if session.connection().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(KnownTag).values(rows)
    new = {"tag": statement.excluded.tag, "used_at": statement.excluded.used_at}
    session.execute(statement.on_conflict_do_update(index_elements=["holder", "folded"], set_=new))


def tagged(actor: Actor, deposit: Deposit, had: Sequence[Tag], has: Sequence[Tag]) -> Act:
    """What the custody log says of a change."""
    before, after = ({tag.shown for tag in tags} for tags in (had, has))
    words = {
        "added": ", ".join(sorted(after - before)),
        "removed": ", ".join(sorted(before - after)),
    }
    detail = {name: text for name, text in words.items() if text}
    return Act(actor, "deposit.tagged", deposit.subject, detail)
