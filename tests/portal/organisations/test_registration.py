"""Unified social credit identifiers, GB 32100-2015."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.organisations.registration import (
    _ALPHABET,
    check_character,
    clean_registration_number,
)
from portal.problems import BadInput

_REAL = ("91350100M000100Y43", "91440300708461136T")
_BODIES = st.tuples(
    st.text(_ALPHABET, min_size=2, max_size=2),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(_ALPHABET, min_size=9, max_size=9),
).map("".join)


@pytest.mark.parametrize("number", _REAL)
def test_identifiers_in_use_pass(number: str) -> None:
    assert clean_registration_number(number) == number
    assert clean_registration_number(f" {number[:8]} {number[8:].lower()}\n") == number


def test_none_is_none() -> None:
    assert clean_registration_number(" ") == ""


@given(_BODIES, st.integers(0, 17), st.sampled_from(_ALPHABET))
def test_any_one_wrong_character_is_found(body: str, place: int, sign: str) -> None:
    number = body + check_character(body)
    assert clean_registration_number(number) == number
    changed = number[:place] + sign + number[place + 1 :]
    if changed != number:
        with pytest.raises(BadInput) as caught:
            clean_registration_number(changed)
        assert caught.value.field == "registration_number"


@pytest.mark.parametrize(
    "text",
    [
        "91350100M000100Y4",
        "91350100M000100Y433",
        "9135010OM000100Y43",
        "91350100I000100Y43",
        "９１350100M000100Y43",
        "<script>alert(1)</",
        "1" * 10_000,
    ],
)
def test_what_is_no_identifier(text: str) -> None:
    with pytest.raises(BadInput):
        clean_registration_number(text)
