"""Looking at packets: of one deposit, and of all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from portal.database import Database
from portal.deposits.models import Deposit
from portal.packets.cutting import plan_of
from portal.packets.fetching import Report
from portal.packets.models import PacketRow, PacketSet, PacketState
from portal.packets.shapes import NodeLine, Overview, PacketView, SetView
from portal.packets.spec import Spec

_SHOWN: Final = 50


class Overseeing:
    def __init__(self, spec: Spec | None, text: str, database: Database) -> None:
        self._spec, self._text, self._database = spec, text, database

    def view(self, deposit_id: str) -> SetView | None:
        """The packets of one deposit; None when it has none."""
        with self._database.reading() as session:
            found = _views(session, _sets().where(PacketSet.deposit_id == deposit_id))
        return found[0] if found else None

    def overview(self) -> Overview:
        kept = case((PacketRow.state == PacketState.KEPT, 1), else_=0)
        counted = (
            select(PacketRow.deposit_id, func.sum(kept).label("kept"))
            .group_by(PacketRow.deposit_id)
            .subquery()
        )
        joined = (
            select(func.count())
            .select_from(PacketSet)
            .join(counted, counted.c.deposit_id == PacketSet.deposit_id)
        )
        living = PacketSet.keys.is_not(None)
        waiting = _sets().where(living, PacketSet.deposit_id.in_(_waiting()))
        tried = _sets().where(PacketSet.tried_at.is_not(None) | PacketSet.asked_at.is_not(None))
        with self._database.reading() as session:
            return Overview(
                spec=self._text if self._spec is not None else "",
                contents=session.scalar(joined) or 0,
                complete=session.scalar(joined.where(counted.c.kept == PacketSet.count)) or 0,
                unsafe=session.scalar(joined.where(living, counted.c.kept < PacketSet.need)) or 0,
                nodes=self._nodes(session),
                incomplete=tuple(
                    _views(session, waiting.order_by(PacketSet.made_at).limit(_SHOWN))
                ),
                tried=tuple(_views(session, tried.order_by(_latest()).limit(_SHOWN))),
            )

    def _nodes(self, session: Session) -> tuple[NodeLine, ...]:
        count = func.count()
        query = select(PacketRow.node, PacketRow.state, count, func.max(PacketRow.detail))
        by: dict[str, dict[str, tuple[int, str]]] = {}
        for node, state, number, detail in session.execute(
            query.group_by(PacketRow.node, PacketRow.state)
        ):
            by.setdefault(node, {})[state] = (number, detail or "")
        known = {each.name: each.url for each in self._spec.nodes} if self._spec else {}
        return tuple(
            NodeLine(
                name,
                known.get(name, ""),
                by.get(name, {}).get(PacketState.KEPT, (0, ""))[0],
                *by.get(name, {}).get(PacketState.WAITING, (0, "")),
            )
            for name in [*known, *(each for each in by if each not in known)]
        )


def _sets() -> Select[PacketSet, str]:
    return select(PacketSet, Deposit.number).join(Deposit, Deposit.id == PacketSet.deposit_id)


def _waiting() -> Select[str]:
    return select(PacketRow.deposit_id).where(PacketRow.state == PacketState.WAITING).distinct()


def _latest() -> ColumnElement[datetime]:
    return func.coalesce(PacketSet.asked_at, PacketSet.tried_at).desc()


def _views(session: Session, query: Select[PacketSet, str]) -> list[SetView]:
    found = session.execute(query).all()
    rows: dict[str, list[PacketRow]] = {}
    ids = [row.deposit_id for row, _ in found]
    packets = select(PacketRow).where(PacketRow.deposit_id.in_(ids))
    for packet in session.scalars(packets.order_by(PacketRow.number)):
        rows.setdefault(packet.deposit_id, []).append(packet)
    return [_view(row, number, rows.get(row.deposit_id, [])) for row, number in found]


def _view(row: PacketSet, number: str, packets: Sequence[PacketRow]) -> SetView:
    return SetView(
        deposit_id=row.deposit_id,
        number=number,
        root=row.root,
        need=row.need,
        packets=tuple(
            PacketView(each.number, each.node, each.kept_at, each.detail or "") for each in packets
        ),
        sealed=bool(plan_of(row).sealed),
        forgotten=row.keys is None,
        asked=row.asked_at is not None,
        tried_at=row.tried_at,
        outcome=row.tried_outcome or "",
        report=Report.from_json(row.tried_report) if row.tried_report else None,
    )
