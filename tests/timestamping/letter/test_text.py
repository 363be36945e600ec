"""What a letter shows of any text, and that nothing is lost on the way."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timestamping.letter import mask
from timestamping.pdf.fonts import coverage
from timestamping.pdf.text import Run, escaped, pieces, runs


def restored(text: str) -> str:
    return "".join(
        chr(int(run["u"].removeprefix("U+"), base=16)) if "u" in run else joined([run])
        for run in runs(text)
    )


def joined(found: Iterable[Run]) -> str:
    return "".join(run.get("t", run.get("b", "")) for run in found)


@pytest.mark.parametrize("character", ["A", "é", "Ж", "中", "𠮷", "，", "✓"])
def test_fonts_cover(character: str) -> None:
    assert character in coverage()
    assert runs(character) == [{"t": character}]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("😀", "U+1F600"),
        ("א", "U+05D0"),
        ("\u202e", "U+202E"),
        ("\u200b", "U+200B"),
        ("\x00", "U+0000"),
        ("\n", "U+000A"),
        ("\u00a0", "U+00A0"),
        ("\ue000", "U+E000"),
        ("\ud800", "U+D800"),
        ("ก", "U+0E01"),
    ],
)
def test_what_cannot_be_shown_is_named(text: str, name: str) -> None:
    assert runs(f"a{text}b") == [{"t": "a"}, {"u": name}, {"t": "b"}]
    assert escaped(f"a{text}b") == f"a⟨{name}⟩b"


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_runs_lose_nothing(text: str) -> None:
    assert restored(text) == text


@given(st.text(max_size=300))
def test_pieces_join_to_the_same_text(text: str) -> None:
    assert joined(pieces(text)) == text


@given(st.text("abcXYZ0189._-", min_size=17, max_size=255))
def test_unbroken_stretches_are_cut_short(text: str) -> None:
    assert all(len(run["b"]) <= 8 for run in pieces(text))


def test_combining_marks_stay_with_their_letter() -> None:
    assert not any(run["b"].startswith("\u0301") for run in pieces("e\u0301" * 40))


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张**"),
        ("Alice Chen", "A** C**"),
        ("alice@example.org", "a**@example.org"),
        ("", ""),
    ],
)
def test_masking(name: str, masked: str) -> None:
    assert mask(name) == masked
