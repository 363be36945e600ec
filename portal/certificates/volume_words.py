"""Words of a volume, which are Chinese and English at once, whoever reads it.

Pages say theirs in one language; here the sentence in the code is the English one, and its
translation is looked up in the same catalogues that pages use.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from babel.support import NullTranslations, Translations

from timestamping.letter import Words

_PORTAL: Final = Path(__file__).resolve().parents[1]

SECTIONS: Final = {
    "application": Words("申请", "Application"),
    "parties": Words("当事人", "Parties"),
    "notice": Words("告知", "Information given"),
    "materials": Words("证明材料", "Material"),
    "handling": Words("承办与期限", "Handling and time"),
    "messages": Words("往来信息", "Messages"),
    "deposit": Words("所涉存证", "Deposit concerned"),
    "checks": Words("核验", "Checks"),
    "certificates": Words("公证文书", "Certificates"),
    "copies": Words("副本", "Copies"),
    "custody": Words("保管记录", "Chain of custody"),
    "files": Words("卷内文件", "Files of this volume"),
}
IDENTITY: Final = Words(
    "身份证件等材料仅列明摘要，原件影像不入本卷。",
    "Documents of identity are listed by their digests; the documents are not part of this volume.",
)
EXTRACT: Final = Words(
    "以下为保管日志中关于本事项的各条记录；完整摘录连同每条记录的校验值见 custody.json。",
    "The entries of the custody log about this matter; custody.json holds them whole, each with "
    "the hash it can be checked by.",
)
NONE: Final = Words("无。", "None.")
MATERIALS: Final = {
    "identity": Words("身份证件", "Identity document"),
    "authority": Words("授权文件", "Authority to act"),
    "ownership": Words("权属证明", "Proof of ownership"),
    "approval": Words("批准文件", "Approval"),
    "rules": Words("抽签规则与公告", "Rules and notices"),
    "other": Words("其他材料", "Further material"),
}
MATERIAL_STATES: Final = {
    "missing": Words("未提交", "missing"),
    "handed-in": Words("已提交", "handed in"),
    "accepted": Words("已采纳", "accepted"),
    "waived": Words("免予提交", "waived"),
}
SIDES: Final = {"applicant": Words("申请人", "applicant"), "office": Words("公证机构", "office")}
PARTS: Final = {
    "first": Words("承办公证员", "notary"),
    "second": Words("第二公证员", "second notary"),
}
PAUSES: Final = {
    "force-majeure": Words("不可抗力", "Force majeure"),
    "supplement": Words("补充证明材料", "Further material"),
    "verification": Words("核实有关情况", "Verification of facts"),
}
HOW: Final = {
    "download": Words("下载", "download"),
    "paper": Words("当面交付", "on paper"),
    "post": Words("邮寄", "by post"),
}
OUTCOMES: Final = {
    "pass": Words("成立", "holds"),
    "fail": Words("不成立", "does not hold"),
    "unknown": Words("无法判定", "not decided"),
    "none": Words("无可判定", "nothing to decide"),
}


def joined(words: Words, gap: str = " ") -> str:
    """Both languages on one line, or the one there is."""
    return gap.join(filter(None, (words.zh, words.en)))


def of(table: dict[str, Words], code: str | None) -> str:
    """The words of a code in both languages; the code itself when there are none."""
    return joined(table[code]) if code in table else (code or "")


def both(lazy: Any) -> str:
    """A sentence of the pages in both languages."""
    english = str(lazy._args[0]) if hasattr(lazy, "_args") else str(lazy)
    chinese = _chinese(english)
    return english if chinese == english else f"{chinese} {english}"


def _chinese(english: str) -> str:
    return next(
        (said for each in _catalogues() if (said := each.ugettext(english)) != english), english
    )


@cache
def _catalogues() -> tuple[NullTranslations, ...]:
    folders = sorted(_PORTAL.glob("*/translations"))
    return tuple(Translations.load(str(folder), ["zh"]) for folder in folders)
