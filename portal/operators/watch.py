"""The nodes of a ledger as parts to look after, and the alarm when too few of them are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from chain_adapter import Ledger
from chain_adapter.witness import NodeView, WitnessLedger
from portal.accounts.models import Role, User
from portal.operators.models import HealthCheck

#: ``post(session, to, subject, text)``: in the caller's transaction, delivered later.
Post = Callable[[Session, str, str, str], object]
#: Name of a part, whether it is well, and a sentence.
Seen = tuple[str, bool, str]
#: So many checks in a row must find too few nodes: a node that restarts alarms nobody.
_ENOUGH: Final = 2
_ROLES: Final = ("operator", "administrator")
_SUBJECT: Final = "警报：账本节点不足，存证正在等待 · Alarm: too few nodes, deposits wait"
_TEXT: Final = """\
账本 {ledger} 的节点不足：{detail}

新的存证会等待，节点恢复后自动完成；已出具的存证函不受影响。
{link}

The ledger {ledger} has too few nodes: {detail}

New deposits wait, and complete by themselves when the nodes are back; letters that were issued are
not touched.
{link}
"""


def node_parts(ledgers: tuple[Ledger, ...]) -> list[str]:
    """The names of all parts that :func:`look` tells of."""
    return [
        name
        for ledger in ledgers
        if isinstance(ledger, WitnessLedger)
        for name in (part_of(ledger), *(f"node:{each.name}" for each in ledger.policy.nodes))
    ]


def part_of(ledger: WitnessLedger) -> str:
    """The part that stands for all nodes of a ledger together."""
    return f"quorum:nodes of {ledger.id}"


def look(ledger: WitnessLedger) -> Iterator[Seen]:
    """Enough of them, and each by itself; asked now."""
    size, views, need = ledger.size(), ledger.nodes(), ledger.policy.quorum.need
    there = [each.name for each in views if _well(each, size)]
    awaited = [each.name for each in views if each.name not in there]
    detail = f"{len(there)} of {len(views)} nodes are there, {need} are needed"
    yield part_of(ledger), len(there) >= need, _with(detail, awaited)
    for each in views:
        behind = f"has cosigned {each.size} of {size} entries"
        yield f"node:{each.name}", _well(each, size), each.trouble or behind


def tell(session: Session, post: Post, ledger: WitnessLedger, base_url: str) -> int:
    """Mail operators and administrators when the last checks found too few nodes and the one before
    them did not: once for each time it happens. How many were told."""
    part = part_of(ledger)[:200]
    query = select(HealthCheck).where(HealthCheck.part == part).order_by(HealthCheck.at.desc())
    last = list(session.scalars(query.limit(_ENOUGH + 1)))
    begins = len(last) >= _ENOUGH and not any(each.ok for each in last[:_ENOUGH])
    if not begins or (len(last) > _ENOUGH and not last[_ENOUGH].ok):
        return 0
    people = (
        select(User.email)
        .where(User.active, User.confirmed_at.is_not(None))
        .where(User.roles.any(Role.name.in_(_ROLES)))
        .order_by(User.email)
    )
    link = f"{base_url.rstrip('/')}/operators"
    text = _TEXT.format(ledger=ledger.id, detail=last[0].detail, link=link)
    addresses = list(session.scalars(people))
    for address in addresses:
        post(session, address, _SUBJECT, text)
    return len(addresses)


def _well(view: NodeView, size: int) -> bool:
    """It answers, and nothing says that it would not cosign: a plain witness that has answered
    without trouble counts, however old its last word is, when nothing has been recorded since."""
    return view.reachable and (view.size >= size or not view.trouble)


def _with(detail: str, awaited: list[str]) -> str:
    return f"{detail}; awaited: {', '.join(awaited)}" if awaited else detail
