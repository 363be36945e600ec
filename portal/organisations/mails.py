"""Mails of this feature, in both languages: whoever receives them may not have chosen one yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy.orm import Session

#: ``post(session, to, subject, text)``: in the caller's transaction, delivered later
Post = Callable[[Session, str, str, str], Any]

_ROLES: Final = {
    "manager": ("管理员", "manager"),
    "member": ("成员", "member"),
    "reader": ("只读成员", "reader"),
}
_INVITATION: Final = """\
{inviter} 邀请您以“{zh}”身份加入 {organisation}。请登录后打开以下链接，接受或谢绝邀请：

{link}

链接七日内有效，仅可使用一次，须以本邮件地址的账户登录。

----

{inviter} invites you to join {organisation} as a {en}. Sign in and open this link to accept or
decline:

{link}

It works once, within seven days, for the account with this e-mail address.
"""
_ACCESS: Final = """\
{giver} 授权您查看存证 {number}。请登录后打开：

{link}

----

{giver} gave you reading access to deposit {number}. Sign in and open:

{link}
"""


def invitation(organisation: str, inviter: str, role: str, link: str) -> tuple[str, str]:
    """Subject and text of an invitation."""
    zh, en = _ROLES[role]
    subject = f"邀请您加入 {organisation} · Invitation to {organisation}"
    values = {"organisation": organisation, "inviter": inviter, "link": link}
    return subject, _INVITATION.format(zh=zh, en=en, **values)


def access(giver: str, number: str, link: str) -> tuple[str, str]:
    """Subject and text for somebody who was given access to a deposit."""
    subject = f"您可以查看存证 {number} · You were given access to deposit {number}"
    return subject, _ACCESS.format(giver=giver, number=number, link=link)
