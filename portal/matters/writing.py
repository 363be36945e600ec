"""Texts of an application: bounded, storable, and the defaults it begins with."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from portal.accounts.identities import COUNTRIES
from portal.deposits.models import Deposit
from portal.matters.shapes import LANGUAGES, MAX_COPIES, PURPOSES, Application
from portal.problems import BadInput
from portal.texts import line, prose

MAX_PURPOSE: Final = 500
MAX_FACTS: Final = 4000

#: the words of the usual purposes, as a certificate prints them
_PURPOSES: Final = {
    "litigation": ("诉讼举证", "Evidence in court proceedings"),
    "arbitration": ("仲裁举证", "Evidence in arbitration"),
    "complaint": ("投诉、举报", "Complaint to an authority or a platform"),
    "copyright": ("主张著作权", "Claiming copyright"),
    "contract": ("证明合同的订立与履行", "Proof of a contract and its performance"),
    "abroad": ("在境外使用", "Use abroad"),
    "draw": ("公示摇号抽签结果", "Publication of the result of a draw"),
    "own-use": ("留存备用", "Keeping for one's own records"),
}
#: the facts to be proved, by kind of certificate, in Chinese and English
_FACTS: Final = {
    "preservation": (
        ("证明编号 {number} 的存证“{title}”所载电子数据自存证之时起保持完整，未被改动"
        "（SHA-256：{sha256}）。"),
        ("That the electronic data of deposit {number}, “{title}”, has been complete and unaltered "
        "since it was deposited (SHA-256: {sha256})."),
    ),
    "web": (
        ("证明编号 {number} 的网页取证“{title}”系在受控桌面中录制形成，所录网页在录制时即如录像及"
        "截图所示，此后未被改动（文件清单 SHA-256：{sha256}）。"),
        ("That capture {number}, “{title}”, was recorded at a controlled desktop, that the pages "
        "were then as the recording shows them, and that nothing of it has been altered since "
        "(SHA-256 of its list of files: {sha256})."),
    ),
    "draw": (
        ("证明编号 {number} 的抽签“{title}”依照事先公布的规则和名单进行，结果可由任何人重新计算"
        "（记录 SHA-256：{sha256}）。"),
        ("That draw {number}, “{title}”, was carried out by the rules and with the list announced "
        "beforehand, and that anybody can recompute its result (SHA-256 of its record: {sha256})."),
    ),
}  # fmt: skip


def purpose_words(code: str, language: str) -> str:
    """The usual words of a purpose in the certificate's language or languages."""
    words = _PURPOSES.get(code)
    return "" if words is None else _in(words, language, " / ")


def first_facts(template: str, deposit: Deposit, language: str) -> str:
    """What is usually to be proved of such a deposit."""
    title = deposit.title or deposit.filename or deposit.number
    values = {"number": deposit.number, "title": title, "sha256": deposit.sha256}
    zh, en = (each.format(**values) for each in _FACTS[template])
    return _in((zh, en), language, "\n")


def first_application(template: str, deposit: Deposit) -> Application:
    """What a draft begins with."""
    code = "draw" if template == "draw" else ""
    language = LANGUAGES[0]
    return Application(
        purpose_code=code,
        purpose=purpose_words(code, language),
        facts=first_facts(template, deposit, language),
        language=language,
    )


def checked(stated: Application, *, partial: bool) -> Application:
    """``stated`` in its normal form; the usual words stand where none were typed.

    Args:
        partial: a draft on its way, in which things may still be missing.

    Raises:
        BadInput: naming the field.
    """
    if stated.purpose_code not in PURPOSES and (stated.purpose_code or not partial):
        raise BadInput("purpose", "Choose what it is for.", field="purpose_code")
    if stated.language not in LANGUAGES:
        raise BadInput("language", "This is none of the choices.", field="language")
    if stated.destination not in COUNTRIES:
        message = "Choose where the certificate will be used."
        raise BadInput("destination", message, field="destination")
    if not 1 <= stated.copies <= MAX_COPIES:
        message = "Between 1 and %(limit)s copies."
        raise BadInput("copies", message, field="copies", limit=MAX_COPIES)
    purpose = prose("purpose", stated.purpose, MAX_PURPOSE)
    if not purpose or purpose in _USUAL:  # the usual words follow the choice
        purpose = purpose_words(stated.purpose_code, stated.language)
    if not purpose and not partial:
        raise BadInput("purpose_words", "Say in words what it is for.", field="purpose")
    facts = prose("facts", stated.facts, MAX_FACTS, needed=not partial)
    return replace(stated, purpose=purpose, facts=facts)


def note(text: str, limit: int = 500) -> str:
    """A short note in a line. Raises BadInput."""
    return line("note", text, limit)


def _in(words: tuple[str, str], language: str, between: str) -> str:
    if language == "zh+en":
        return between.join(words)
    return words[0] if language == "zh" else words[1]


_USUAL: Final = frozenset(
    purpose_words(code, language) for code in _PURPOSES for language in LANGUAGES
)
