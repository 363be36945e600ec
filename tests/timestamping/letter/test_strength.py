"""The strength statement follows the facts and says weaknesses plainly."""

from __future__ import annotations

import dataclasses

import pytest

from timestamping.letter import LedgerKind, StrengthFacts, does_not_prove, proves, statement

WEAKEST = StrengthFacts((), LedgerKind.EMBEDDED, 0, file_seen=False, captured=False)
STRONGEST = StrengthFacts(
    ("National TSA",), LedgerKind.CONSORTIUM, 0, True, True, certificate="(2026)示证字第1号"
)


def codes(facts: StrengthFacts) -> list[str]:
    return [answer.code for answer in statement(facts)]


def test_the_weakest_letter_says_so_five_times() -> None:
    assert codes(WEAKEST) == [
        "time-self-run",
        "ledger-embedded",
        "file-hash-only",
        "source-brought",
        "not-notarised",
    ]
    assert not any(answer.strong for answer in statement(WEAKEST))


def test_the_strongest_letter() -> None:
    assert codes(STRONGEST) == [
        "time-independent",
        "ledger-consortium",
        "file-seen",
        "source-captured",
        "notarised",
    ]
    assert all(answer.strong for answer in statement(STRONGEST))
    assert "National TSA" in statement(STRONGEST)[0].sentence.en
    assert "(2026)示证字第1号" in statement(STRONGEST)[4].sentence.zh


def test_a_witnessed_ledger_without_witnesses_is_an_embedded_one() -> None:
    facts = dataclasses.replace(WEAKEST, ledger=LedgerKind.WITNESSED)
    assert codes(facts)[1] == "ledger-embedded"
    assert codes(dataclasses.replace(facts, witnesses=3))[1] == "ledger-witnessed"


@pytest.mark.parametrize("facts", [WEAKEST, STRONGEST])
def test_every_sentence_is_in_both_languages(facts: StrengthFacts) -> None:
    sentences = [answer.sentence for answer in statement(facts)]
    for words in [*sentences, *proves(facts), *does_not_prove(facts)]:
        assert words.zh.endswith("。")
        assert words.en.endswith(".")


def test_a_digest_only_letter_never_speaks_of_a_received_file() -> None:
    assert not any("file" in words.en for words in proves(WEAKEST))
    assert any("has seen the file" in words.en for words in does_not_prove(WEAKEST))


def test_captured_data_needs_no_warning_of_what_came_before() -> None:
    captured = dataclasses.replace(WEAKEST, captured=True)
    assert len(does_not_prove(captured)) == len(does_not_prove(WEAKEST)) - 1
