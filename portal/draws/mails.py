"""Mails of this feature, in both languages: whoever receives them may not have chosen one yet."""

from __future__ import annotations

from typing import Final

_ROLES: Final = {
    "notary": ("公证员", "notary"),
    "public": ("公众代表", "representative of the public"),
}
_INVITATION: Final = """\
{organiser} 邀请您以“{zh}”身份参加抽签“{title}”。请登录后打开以下链接：

{link}

链接 {days} 日内有效，仅可使用一次。请勿转发：谁先打开，谁就成为该参与方。

----

{organiser} invites you to take part in the draw “{title}” as its {en}. Sign in and open this link:

{link}

It works once, within {days} days. Do not forward it: whoever opens it first becomes that party.
"""


def invitation(organiser: str, title: str, role: str, link: str, days: int) -> tuple[str, str]:
    """Subject and text for somebody who is asked to be a party of a draw."""
    zh, en = _ROLES[role]
    subject = f"邀请您参加抽签 {title} · Invitation to take part in a draw"
    values = {"organiser": organiser, "title": title, "link": link, "days": days}
    return subject, _INVITATION.format(zh=zh, en=en, **values)
