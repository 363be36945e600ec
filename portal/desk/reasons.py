"""The law's own lists, in both languages: why an application is refused, and why a clock stands.

They are no sentences of the page's, which a visitor reads in one language: letters carry both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_NUMERALS: Final = "一二三四五六七八九"


@dataclass(frozen=True, slots=True)
class Reason:
    """``item`` is its place in the article that names it."""

    code: str
    item: str
    zh: str
    en: str

    @property
    def item_en(self) -> str:
        """``（三）`` → ``(3)``."""
        return f"({_NUMERALS.index(self.item[1]) + 1})" if self.item else ""

    def said(self, language: str) -> str:
        """In ``"zh"`` or ``"en"``."""
        return self.zh if language == "zh" else self.en


#: 公证法 31, items 1 to 9
REFUSALS: Final = tuple(
    Reason(*each)
    for each in (
        (
            "no-guardian",
            "（一）",
            "无民事行为能力人或者限制民事行为能力人没有监护人代理申请办理公证",
            "A person without full capacity applied without being represented by a guardian",
        ),
        (
            "no-interest",
            "（二）",
            "当事人与申请公证的事项没有利害关系",
            "The party has no interest in the matter",
        ),
        (
            "expert-matter",
            "（三）",
            "申请公证的事项属专业技术鉴定、评估事项",
            "The matter is one for expert technical examination or valuation",
        ),
        (
            "disputed",
            "（四）",
            "当事人之间对申请公证的事项有争议",
            "The parties dispute the matter between them",
        ),
        (
            "untrue-statements",
            "（五）",
            "当事人虚构、隐瞒事实，或者提供虚假证明材料",
            "The party invented or concealed facts, or handed in false material",
        ),
        (
            "insufficient-material",
            "（六）",
            "当事人提供的证明材料不充分或者拒绝补充证明材料",
            "The material is not sufficient, or the party refuses to add to it",
        ),
        (
            "unlawful",
            "（七）",
            "申请公证的事项不真实、不合法",
            "The matter is not true or not lawful",
        ),
        ("immoral", "（八）", "申请公证的事项违背社会公德", "The matter offends public morals"),
        (
            "fee-refused",
            "（九）",
            "当事人拒绝按照规定支付公证费",
            "The party refuses to pay the fee that the rules provide for",
        ),
    )
)
#: 公证法 30: what takes time that does not count
PAUSES: Final = tuple(
    Reason(*each)
    for each in (
        ("force-majeure", "", "不可抗力", "Force majeure"),
        ("supplement", "", "补充证明材料", "Further material from the applicant"),
        ("verification", "", "需要核实有关情况", "Facts have to be verified"),
    )
)


def refusal(code: str) -> Reason | None:
    """The reason of this code; None when the law knows no such reason."""
    return next((each for each in REFUSALS if each.code == code), None)


def pause(code: str) -> Reason | None:
    return next((each for each in PAUSES if each.code == code), None)
