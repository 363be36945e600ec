"""The alarm: operators learn by mail, once for each deposit that no longer holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.models import Role, User
from portal.deposits.models import Deposit
from portal.vouching.judging import Fault

#: ``post(session, to, subject, text)``: in the caller's transaction, delivered later.
Post = Callable[[Session, str, str, str], object]
_ROLES: Final = ("operator", "administrator")
_SUBJECT: Final = (
    "警报：存证 {number} 与账本不符 · Alarm: deposit {number} no longer matches the ledger"
)
_TEXT: Final = """\
例行复核发现，存证 {number} 的保管内容或记录与账本不符：

{faults}

请立即查看，不要改动现场：
{link}

Re-reading what is kept, the portal found that deposit {number} no longer matches the ledger:

{faults}

Look at it now, and leave everything as it is:
{link}
"""
#: So many faults a mail tells.
_TOLD: Final = 10


def tell_operators(
    post: Post, session: Session, deposit: Deposit, faults: tuple[Fault, ...], base_url: str
) -> int:
    """Mail all operators and administrators, in the caller's transaction; how many they are."""
    people = (
        select(User.email)
        .where(User.active, User.confirmed_at.is_not(None))
        .where(User.roles.any(Role.name.in_(_ROLES)))
        .order_by(User.email)
    )
    told = "\n".join(
        f"  {each.number} {each.code}{f' ({each.about})' if each.about else ''}: {each.detail}"
        for each in faults[:_TOLD]
    )
    link = f"{base_url.rstrip('/')}/operators/vouching"
    text = _TEXT.format(number=deposit.number, faults=told, link=link)
    addresses = list(session.scalars(people))
    for address in addresses:
        post(session, address, _SUBJECT.format(number=deposit.number), text)
    return len(addresses)
