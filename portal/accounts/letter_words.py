"""A person as letters name them: masked, with how it was established who they are."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from portal.accounts.identities import DOCUMENT_CHECKED, ORGANISATION_VERIFIED, standing_of
from portal.accounts.models import User
from timestamping.letter import Depositor, Words, mask

_LEVELS: Final = {
    "self-declared": Words(
        "注册账户，姓名由本人填写，平台未核验", "registered account; name as given, not checked"
    ),
    "email-proven": Words(
        "电子邮箱已验证，姓名由本人填写，平台未核验",
        "e-mail address proven; name as given, not checked",
    ),
    DOCUMENT_CHECKED: Words(
        "公证机构已核对身份证件", "identity document checked by the notary's office"
    ),
    ORGANISATION_VERIFIED: Words(
        "公证机构已核验单位及经办人授权",
        "organisation and authority to act verified by the notary's office",
    ),
}
_UNKNOWN: Final = Words("注册账户，核验方式未说明", "registered account; check not stated")
DOCUMENT_WORDS: Final = {
    "id-card": Words("居民身份证", "identity card"),
    "passport": Words("护照", "passport"),
    "hk-macao-permit": Words("港澳居民来往内地通行证", "mainland travel permit"),
    "taiwan-permit": Words("台湾居民来往大陆通行证", "mainland travel permit"),
    "residence-permit": Words("外国人永久居留身份证", "permanent resident's identity card"),
    "military-id": Words("军人身份证件", "military identity card"),
    "business-licence": Words("营业执照", "business licence"),
    "other": Words("其他证件", "another document"),
}


def depositor_of(session: Session, user: User) -> Depositor:
    """The name and document as checked; the account's own name when nothing was."""
    found = standing_of(session, user)
    level = _LEVELS.get(found.level, _UNKNOWN)
    if not found.masked_number or found.decided_at is None:
        return Depositor(mask(user.name), level)
    document, day = DOCUMENT_WORDS[found.document], found.decided_at.date().isoformat()
    words = Words(
        f"{level.zh}（{document.zh} {found.masked_number}，{day} UTC）",
        f"{level.en} ({document.en} {found.masked_number}, {day} UTC)",
    )
    return Depositor(found.masked_name, words)
