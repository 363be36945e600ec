"""Mails to the office, in both languages: whoever receives them may not have chosen one yet.

Mails to applicants are those of matters, which say that there is news and never which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_TEXT: Final = """\
{zh}

{link}

----

{en}
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is said in Chinese and in English; ``{number}`` and further places are filled."""

    subject_zh: str
    subject_en: str
    zh: str
    en: str

    def fill(self, link: str, **values: str) -> tuple[str, str]:
        """Subject and text of the mail."""
        subject = f"{self.subject_zh} · {self.subject_en}".format(**values)
        zh, en = self.zh.format(**values), self.en.format(**values)
        return subject, _TEXT.format(zh=zh, en=en, link=link)


ASSIGNED: Final = Letter(
    "公证申请 {number} 已交由您办理",
    "Application {number} is assigned to you",
    "{by} 已将公证申请 {number} 交由您办理（{part_zh}）。",
    "{by} assigned application {number} to you ({part_en}).",
)
SOON: Final = Letter(
    "公证申请 {number} 将于 {due} 到期",
    "Application {number} is due on {due}",
    "公证申请 {number} 的办理期限还剩 {days} 个工作日，最后一日为 {due}。",
    "Working days left for application {number}: {days}. The last one is {due}.",
)
OVERDUE: Final = Letter(
    "公证申请 {number} 已逾期",
    "Application {number} is overdue",
    "公证申请 {number} 的办理期限已于 {due} 届满。",
    "The period of application {number} ended on {due}.",
)
PARTS: Final = {"first": ("承办公证员", "first notary"), "second": ("第二公证员", "second notary")}
