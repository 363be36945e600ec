"""The prose a draft begins with."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from portal.certificates.shapes import PartyLine, SubjectLine
from portal.certificates.testimony import Words, prefill

_AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
_SUBJECT = SubjectLine(
    "1", "NE20261121-7K3M9QXT", "file", "晨", "ab" * 32, None, 7, None, _AT, "TSA", "log", 5, ""
)


def words(facts: str, template: str = "preservation") -> Words:
    party = PartyLine("applicant", "李娜", "id-card", "110101199003071233", "")
    office = ("示例公证处", "Example Notary Office")
    return Words(
        *(template, office, office, [party], _SUBJECT, None, facts, _AT), ZoneInfo("Asia/Shanghai")
    )


def test_facts_in_both_languages_stand_each_in_its_own() -> None:
    zh, en = prefill(words("证明数据未被改动。\nThat the data is unaltered."))
    assert "证明数据未被改动" in zh
    assert "unaltered" not in zh
    assert "That the data is unaltered" in en
    assert "证明数据未被改动" not in en


@pytest.mark.parametrize("facts", ["证明数据未被改动。", "That the data is unaltered."])
def test_facts_in_one_language_stand_in_both(facts: str) -> None:
    zh, en = prefill(words(facts))
    assert facts[:-1] in zh
    assert facts[:-1] in en


@pytest.mark.parametrize("template", ["preservation", "web", "draw"])
def test_every_template_names_the_deposit_and_its_time(template: str) -> None:
    zh, en = prefill(words("x", template))
    assert "2026年11月21日17时00分00秒" in zh
    assert _SUBJECT.number in zh
    assert _SUBJECT.number in en
