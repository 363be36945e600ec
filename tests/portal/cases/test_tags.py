"""Tags: the same word however it is written, and never too many."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.cases.models import MAX_FOLDED, MAX_TAG
from portal.cases.tags import MAX_TAGS, Tag, fold, read_tags, split
from portal.problems import BadInput


def test_capitals_accents_and_spaces_make_no_difference() -> None:
    composed, decomposed = "Caf\u00e9", "CAFE\u0301"
    assert read_tags([" Contract ", "contract", composed, decomposed, ""]) == [
        Tag("Contract", "contract"),
        Tag(composed, "caf\u00e9"),
    ]


def test_a_field_of_tags_is_split_at_the_marks_of_either_language() -> None:
    assert [word.strip() for word in split("合同，交付、 a; b；c|d\n,,")] == [
        "合同",
        "交付",
        "a",
        "b",
        "c",
        "d",
    ]


def test_what_cannot_be_seen_is_dropped() -> None:
    assert read_tags(["a\u202eb\x00\tc"]) == [Tag("a b c", "a b c")]
    assert read_tags(["\u200b", "\x00"]) == []


def test_bounds() -> None:
    assert len(read_tags([str(number) for number in range(MAX_TAGS)])) == MAX_TAGS
    with pytest.raises(BadInput, match="at most 20 tags"):
        read_tags([str(number) for number in range(MAX_TAGS + 1)])
    assert read_tags(["字" * MAX_TAG])
    with pytest.raises(BadInput, match="at most 40 characters"):
        read_tags(["字" * (MAX_TAG + 1)])


@given(st.lists(st.text(max_size=60), max_size=25))
def test_whatever_is_typed_is_a_tag_or_bad_input(words: list[str]) -> None:
    try:
        tags = read_tags(words)
    except BadInput:
        return
    assert len({tag.folded for tag in tags}) == len(tags) <= MAX_TAGS
    for tag in tags:
        assert 0 < len(tag.shown) <= MAX_TAG
        assert 0 < len(tag.folded) <= MAX_FOLDED
        assert unicodedata.is_normalized("NFC", tag.folded)
        assert fold(tag.shown) == tag.folded
        assert "\x00" not in tag.shown
