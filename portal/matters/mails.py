"""Mails about matters, in both languages and without any content: only that there is something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.models import User
from portal.matters.kit import Kit
from portal.matters.models import Matter, MatterAssignment
from portal.matters.shapes import APPLICANT, OFFICE
from portal.organisations.models import CHANGING_ROLES, Membership

#: what happened → subject, then the sentence, each in Chinese and English
_WORDS: Final = {
    "message": (
        ("公证申请 {number}：有新留言", "Application {number}: a new message"),
        ("公证申请 {number} 有一条新留言。", "There is a new message in application {number}."),
    ),
    "handed-in": (
        ("公证申请 {number}：已补充材料", "Application {number}: material handed in"),
        (
            "公证申请 {number} 的申请人补充了材料。",
            "The applicant of application {number} has handed in material.",
        ),
    ),
    "withdrawn": (
        ("公证申请 {number}：已撤回", "Application {number}: withdrawn"),
        (
            "公证申请 {number} 已由申请人撤回。",
            "Application {number} has been withdrawn by the applicant.",
        ),
    ),
    "accepted": (
        ("公证申请 {number}：已受理", "Application {number}: accepted"),
        (
            "公证申请 {number} 已受理，办理期限开始计算。",
            "Application {number} has been accepted; the office's period has begun.",
        ),
    ),
    "refused": (
        ("公证申请 {number}：不予办理", "Application {number}: refused"),
        (
            "公证申请 {number} 不予办理，理由见申请页面。",
            "Application {number} has been refused; its page says why.",
        ),
    ),
    "asked": (
        ("公证申请 {number}：需要补充材料", "Application {number}: material is needed"),
        (
            "办理公证申请 {number} 需要您补充材料。",
            "The notary asks for further material for application {number}.",
        ),
    ),
    "sent-back": (
        ("公证申请 {number}：材料被退回", "Application {number}: material sent back"),
        (
            "公证申请 {number} 的一项材料未被接受，请重新提交。",
            "Material of application {number} was not accepted; please hand it in again.",
        ),
    ),
    "paused": (
        ("公证申请 {number}：期限暂停计算", "Application {number}: the period stands still"),
        (
            "公证申请 {number} 的办理期限暂停计算，理由见申请页面。",
            "The period of application {number} stands still; its page says why.",
        ),
    ),
    "resumed": (
        ("公证申请 {number}：期限恢复计算", "Application {number}: the period goes on"),
        (
            "公证申请 {number} 的办理期限恢复计算。",
            "The period of application {number} goes on.",
        ),
    ),
    "moved": (
        ("公证申请 {number}：有新进展", "Application {number}: news"),
        ("公证申请 {number} 有新进展。", "There is news of application {number}."),
    ),
}
_TEXT: Final = """\
{zh}请登录后查看：

{link}

----

{en} Sign in to read it:

{link}
"""


def tell_office(kit: Kit, session: Session, matter: Matter, what: str) -> None:
    """A mail to the notaries it is assigned to now. Nobody is told of what is in nobody's hands:
    that stands in the queue."""
    query = (
        select(User.email)
        .join(MatterAssignment, MatterAssignment.notary_id == User.id)
        .where(MatterAssignment.matter_id == matter.id, MatterAssignment.ended_at.is_(None))
        .where(User.active)
        .distinct()
    )
    _post(kit, session, matter, OFFICE, what, session.scalars(query).all())


def tell_applicant(kit: Kit, session: Session, matter: Matter, what: str) -> None:
    """A mail to whoever applied or, when they have left the organisation, to its managers and
    members."""
    _post(kit, session, matter, APPLICANT, what, _applicants(session, matter))


def _applicants(session: Session, matter: Matter) -> list[str]:
    owner = session.get_one(User, matter.owner_id)
    if matter.organisation_id is None:
        return [owner.email] if owner.active else []
    if owner.active and session.get(Membership, (matter.organisation_id, owner.id)) is not None:
        return [owner.email]
    query = (
        select(User.email)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.organisation_id == matter.organisation_id, User.active)
        .where(Membership.role.in_(sorted(CHANGING_ROLES)))
    )
    return list(session.scalars(query.order_by(User.email)))


def _post(
    kit: Kit, session: Session, matter: Matter, side: str, what: str, to: Sequence[str]
) -> None:
    (subject_zh, subject_en), (zh, en) = _WORDS[what]
    number, link = matter.number, kit.link(matter, side)
    subject = f"{subject_zh} · {subject_en}".format(number=number)
    text = _TEXT.format(zh=zh.format(number=number), en=en.format(number=number), link=link)
    for address in to:
        kit.post(session, address, subject, text)
