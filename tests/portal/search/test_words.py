"""What words are, and what a question matches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.search import Query, Term, haystack, matches, terms, words

CHINESE = st.text("合同书甲乙丙公司的供货", min_size=2, max_size=6)
LATIN = st.text("abcdeABÉß", min_size=2, max_size=6)
TEXT = st.text()


def found(question: str, *fields: str) -> bool:
    asked = terms(question)
    return bool(asked) and matches(Query(either=(asked,)), haystack(words(*fields)))


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("合同", "与甲公司的供货合同"),
        ("供货合同", "与甲公司的供货合同（签署版）"),
        ("同", "合同"),
        ("合", "合同"),
        ("contr", "Supply CONTRACT.pdf"),
        ("pdf", "scan_2026-11-21.pdf"),
        ("2026", "scan_2026-11-21.pdf"),
        ("ＡＢＣ", "abc"),
        ("strasse", "STRASSE straße"),
        ("Straße", "strasse"),
        ("合同2026", "2026年合同"),
        ("7", "figure 7"),
        ("éa", "Éadaoin"),
        ("ｶﾞ", "ガス"),
        ("договор", "Договор №5"),
    ],
)
def test_found(question: str, text: str) -> None:
    assert found(question, text)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("合书", "合同书"),
        ("合同书", "合同 同书"),
        ("tract", "contract"),
        ("c", "contract"),
        ("alpha beta", "alpha"),
        ("%", "100%"),
        ("_", "a_b"),
        ("", "anything"),
        ('"', 'say "yes"'),
        ("*", "a*b"),
    ],
)
def test_not_found(question: str, text: str) -> None:
    assert not found(question, text)


def test_a_question_of_many_words_is_bounded() -> None:
    assert len(terms(" ".join(f"word{number}" for number in range(1000)))) == 16
    assert terms("x" * 10_000) == (Term(("x" * 64,), prefix=True),)


@given(st.lists(CHINESE, max_size=4), CHINESE)
def test_chinese_is_found_exactly_where_it_stands(pieces: list[str], question: str) -> None:
    text = "，".join(pieces)
    assert found(question, text) == (question in text)


@given(st.lists(LATIN, max_size=4), LATIN)
def test_words_are_found_by_their_beginnings(pieces: list[str], question: str) -> None:
    text = " ".join(pieces)
    expected = any(word.startswith(question.casefold()) for word in text.casefold().split())
    assert found(question, text) == expected


@given(TEXT, TEXT)
def test_no_token_holds_what_could_be_an_operator(text: str, other: str) -> None:
    tokens = words(text, other)
    assert all(token.isalnum() or not token.isascii() for token in tokens)
    assert not set("\"'*()&|!:<> _\\") & set("".join(tokens))


@given(TEXT)
def test_a_text_finds_itself(text: str) -> None:
    asked = terms(text)
    assert matches(Query(either=(asked,) if asked else ()), haystack(words(text)))
