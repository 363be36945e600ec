"""The testimony (公证证词) as a draft begins: legal prose of what is known, to be edited.

It says what was found and by whom, in the order in which a court asks: what was deposited, when and
where; what the notary did; what was found; what is certified, and what is not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from portal.certificates.models import Certificate
from portal.certificates.numbers import Number
from portal.certificates.shapes import PartyLine, SubjectLine
from portal.checks.shapes import Standing

#: A line whose first letter is a Chinese character.
_HAN: Final = re.compile(r"[\W\d_]*[\u3400-\u9fff]")
_GROUPS: Final = {
    "content": ("内容", "content"),
    "time": ("时间", "time"),
    "ledger": ("账本", "ledger"),
    "origin": ("来源", "origin"),
}


@dataclass(frozen=True, slots=True)
class Words:
    """What the templates need. ``asked_at`` is when the application was accepted."""

    template: str
    office: tuple[str, str]
    platform: tuple[str, str]
    parties: Sequence[PartyLine]
    subject: SubjectLine
    standing: Standing | None
    facts: str
    asked_at: datetime
    zone: ZoneInfo


def prefill(words: Words) -> tuple[str, str]:
    """The testimony in Chinese and in English."""
    return _chinese(words), _english(words)


def revocation(before: Certificate, words: tuple[tuple[str, str], ZoneInfo]) -> tuple[str, str]:
    """What a revocation says of the certificate it revokes; ``words``: office and time zone."""
    (zh, en), zone = words
    number = Number.read(before.number or "")
    issued = before.issued_at or before.drafted_at
    return (
        (
            f"{zh}于{_day_zh(issued, zone)}出具的{number.zh if number else ''}公证书，"
            "经复查，应予撤销。\n\n"
            "依照《中华人民共和国公证法》第三十九条的规定，现决定撤销上述公证书。"
            "该公证书自始无效。"
        ),
        (
            f"On review, the notarial certificate {number.en if number else ''} issued by {en} on "
            f"{_day_en(issued, zone)} must be revoked.\n\n"
            "Under Article 39 of the Notarization Law of the People’s Republic of China the said "
            "certificate is hereby revoked. It is void from the beginning."
        ),
    )


def _in(facts: str, *, chinese: bool) -> str:
    """The lines written in this language, where facts are stated in both; else all of them."""
    lines = [line for line in facts.splitlines() if line.strip()]
    wanted = [line for line in lines if bool(_HAN.match(line)) is chinese]
    return "\n".join(wanted) if wanted else facts


def _chinese(words: Words) -> str:
    subject = words.subject
    paragraphs = [
        (
            f"申请人{_names(words, '、')}于{_day_zh(words.asked_at, words.zone)}向"
            f"{words.office[0]}申请{_MATTERS[words.template][0]}。"
            f"申请证明的事项为：{_sentence(_in(words.facts, chinese=True), '。')}"
        ),
        (
            f"经查，{_MATTERS[words.template][1]}于{_moment_zh(subject.gen_time, words.zone)}在"
            f"“{words.platform[0]}”存证，存证编号为{subject.number}，名称为“{_line(subject.title)}”，"
            f"{_amount_zh(subject)}SHA-256 摘要为 {subject.sha256}"
            f"{f'，SM3 摘要为 {subject.sm3}' if subject.sm3 else ''}。"
        ),
        (
            "本公证员依照《中华人民共和国公证法》《公证程序规则》的规定，对上述存证进行了核验，结果如下："
            f"一、{_content_zh(subject)}"
            f"二、该摘要的可信时间戳由“{subject.tsa}”签发，所载时间为"
            f"{_moment_zh(subject.gen_time, words.zone)}，经验证有效。"
            f"三、该存证记载于账本“{subject.ledger}”，序号为 {subject.position}，"
            "其包含证明与一致性证明经验证有效。"
            f"四、{_origin_zh(words.template)}"
        ),
        *_reasons(words.standing, 0),
        (
            f"兹证明：上述编号为{subject.number}的存证，其摘要于"
            f"{_moment_zh(subject.gen_time, words.zone)}已经固定，其后记入账本，"
            f"{_kept_zh(subject)}{_CERTIFIED[words.template][0]}"
        ),
        "本公证书仅就上述电子数据的固定、保存及核验情况予以证明，不对其所载内容的真实性、合法性作出判断。",
    ]
    return "\n\n".join(paragraphs)


def _english(words: Words) -> str:
    subject = words.subject
    office = words.office[1]
    paragraphs = [
        (
            f"On {_day_en(words.asked_at, words.zone)}, {_names(words, ', ')} (the Applicant) "
            f"applied to {office} for {_MATTERS[words.template][2]}. The facts to be proved are: "
            f"{_sentence(_in(words.facts, chinese=False), '.')}"
        ),
        (
            f"It was found that {_MATTERS[words.template][3]} was deposited with "
            f"“{words.platform[1]}” on {_moment_en(subject.gen_time, words.zone)} "
            f"under the number {subject.number}, with the title “{_line(subject.title)}”, "
            f"{_amount_en(subject)}its SHA-256 digest being {subject.sha256}"
            f"{f' and its SM3 digest {subject.sm3}' if subject.sm3 else ''}."
        ),
        (
            "Acting under the Notarization Law of the People’s Republic of China and the Rules of "
            "Notarization Procedure, I, the undersigned notary, examined the deposit and found: "
            f"(1) {_content_en(subject)} (2) The trusted time-stamp over the digest was issued by "
            f"“{subject.tsa}”, states {_moment_en(subject.gen_time, words.zone)}, and is valid. "
            f"(3) The deposit stands at position {subject.position} of the ledger "
            f"“{subject.ledger}”; proofs of inclusion and of consistency were verified and hold. "
            f"(4) {_origin_en(words.template)}"
        ),
        *_reasons(words.standing, 1),
        _certified_en(subject, words),
        (
            "This certificate attests to the fixation, preservation and examination of the "
            "electronic data described above only; it makes no finding as to the truth or "
            "lawfulness of what the data states."
        ),
    ]
    return "\n\n".join(paragraphs)


#: template → what is applied for and what is concerned, in Chinese and in English
_MATTERS: Final = {
    "preservation": (
        "办理电子数据保全证据公证",
        "申请人提交的电子数据",
        "the notarization of preserved electronic evidence",
        "the electronic data submitted by the Applicant",
    ),
    "web": (
        "办理网页保全证据公证",
        "申请人所指网页的采集记录",
        "the notarization of preserved web pages",
        "the record of capturing the web pages named by the Applicant",
    ),
    "draw": (
        "办理抽签活动公证",
        "申请人所组织抽签活动的全程记录",
        "the notarization of a draw",
        "the complete record of the draw held by the Applicant",
    ),
}
_CERTIFIED: Final = {
    "preservation": ("", ""),
    "web": (
        "所采集的网页内容与采集时该网址向采集环境所显示的内容相符。",
        (
            "What was captured corresponds to what the addresses showed to the capturing "
            "environment at the time of the capture."
        ),
    ),
    "draw": (
        "该抽签活动的结果系按事先公布的规则，由各方事先固定的随机数合成的种子计算得出，可由任何人重新验算。",
        (
            "The result of the draw was computed, by rules announced beforehand, from a seed "
            "composed of random values that the parties had fixed beforehand, and can be "
            "recomputed by anybody."
        ),
    ),
}


def _content_zh(subject: SubjectLine) -> str:
    if subject.kind == "digest":
        return (
            "存证时平台仅接收摘要，数据原件由申请人自行保管；"
            "对数据重新计算所得摘要与上述摘要一致的，即为所存证的数据。"
        )
    return "自平台存储中重新读取存证原件并重新计算摘要，所得摘要与存证时记录的摘要一致。"


def _content_en(subject: SubjectLine) -> str:
    if subject.kind == "digest":
        return (
            "The platform received the digest alone and the Applicant keeps the data; data is the "
            "one deposited only if its digest, computed anew, equals the digest stated above."
        )
    return (
        "The deposited original was read again from storage and digested again; the digest equals "
        "the one recorded at the time of the deposit."
    )


def _kept_zh(subject: SubjectLine) -> str:
    if subject.kind == "digest":
        return "自该时起至本公证书出具之日，该摘要及其记录未发生改动。"
    return "自该时起至本公证书出具之日，所存证的数据未发生改动。"


def _certified_en(subject: SubjectLine, words: Words) -> str:
    what = "the digest and its record have" if subject.kind == "digest" else "the data has"
    text = (
        "This is to certify that the digest deposited under the number "
        f"{subject.number} was fixed on {_moment_en(subject.gen_time, words.zone)} and recorded on "
        f"the ledger thereafter; from that time until the date of this certificate {what} not been "
        "altered. "
    )
    return (text + _CERTIFIED[words.template][1]).rstrip()


def _origin_zh(template: str) -> str:
    match template:
        case "web":
            return (
                "采集在平台提供的远程环境中进行，"
                "采集前的环境清洁性检查、采集过程分段记录的前后连接均经核验。"
            )
        case "draw":
            return (
                "以独立核验程序对抽签记录逐步重新验算，"
                "各参与方的签名、承诺与公开的随机数相符，结果一致。"
            )
    return "存证编号、存证函及其电子签章经核验有效。"


def _origin_en(template: str) -> str:
    match template:
        case "web":
            return (
                "The capture was made in a remote environment provided by the platform; the report "
                "on the cleanliness of the environment and the linkage of the recorded segments "
                "were examined."
            )
        case "draw":
            return (
                "An independent verifier recomputed the record of the draw step by step; the "
                "parties’ signatures, commitments and disclosed values agree, and so does the "
                "result."
            )
    return "The number of the deposit, its letter and the electronic seal on it are valid."


def _reasons(standing: Standing | None, language: int) -> list[str]:
    """What the machine could not decide, and what the notary says of it."""
    if standing is None or not standing.reasons:
        return []
    said = [
        f"{_GROUPS.get(group, (group, group))[language]}{'：' if language == 0 else ': '}{reason}"
        for group, reason in standing.reasons.items()
        if reason
    ]
    if not said:
        return []
    if language == 0:
        return [f"核验中下列事项未能由系统自动判定，公证员说明如下：{'；'.join(said)}。"]
    text = "The following could not be decided by machine; the notary states: "
    return [text + "; ".join(said) + "."]


def _names(words: Words, comma: str) -> str:
    return comma.join(each.name for each in words.parties if each.role == "applicant")


def _sentence(text: str, end: str) -> str:
    """The applicant's own words, ended like a sentence."""
    folded = _line(text)
    return folded if folded.endswith(("。", ".", "！", "!", "？", "?")) else folded + end


def _line(text: str) -> str:
    return " ".join(text.split())


def _amount_zh(subject: SubjectLine) -> str:
    several = f"共 {subject.file_count} 个文件，" if subject.file_count else ""
    return several + (f"大小为 {subject.size} 字节，" if subject.size is not None else "")


def _amount_en(subject: SubjectLine) -> str:
    several = f"{subject.file_count} files, " if subject.file_count else ""
    return several + (f"{subject.size} bytes, " if subject.size is not None else "")


def _day_zh(moment: datetime, zone: ZoneInfo) -> str:
    at = moment.astimezone(zone)
    return f"{at.year}年{at.month}月{at.day}日"


def _moment_zh(moment: datetime, zone: ZoneInfo) -> str:
    at = moment.astimezone(zone)
    return f"{_day_zh(moment, zone)}{at:%H}时{at:%M}分{at:%S}秒（{_offset(at)}）"


def _day_en(moment: datetime, zone: ZoneInfo) -> str:
    at = moment.astimezone(zone)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def _moment_en(moment: datetime, zone: ZoneInfo) -> str:
    at = moment.astimezone(zone)
    return f"{_day_en(moment, zone)}, {at:%H:%M:%S} ({_offset(at)})"


def _offset(at: datetime) -> str:
    text = at.strftime("%z")
    return f"UTC{text[:3]}:{text[3:5]}"


#: strftime would follow the machine's language
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
