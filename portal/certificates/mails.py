"""Mails of this feature, in both languages: whoever receives them may not have chosen one yet."""

from __future__ import annotations

from typing import Final

from portal.certificates.numbers import Number

_SUBJECTS: Final = {
    "certificate": ("公证书已出具", "Notarial certificate issued"),
    "correction": ("补正公证书已出具", "Corrective certificate issued"),
    "revocation": ("公证书已撤销", "Notarial certificate revoked"),
}
_TEXT: Final = """\
您的公证申请 {matter}：{zh}，编号 {number_zh}。请登录后在以下页面查看并下载：

{link}

----

Your application {matter}: {en}, {number_en}. Sign in to see and download it:

{link}
"""


def issued_mail(kind: str, number: Number, matter: str, link: str) -> tuple[str, str]:
    """Subject and text for the applicant. Nothing of what is certified stands in it."""
    zh, en = _SUBJECTS[kind]
    values = {"matter": matter, "link": link, "number_zh": number.zh, "number_en": number.en}
    return f"{zh} {number} · {en}", _TEXT.format(zh=zh, en=en[0].lower() + en[1:], **values)
