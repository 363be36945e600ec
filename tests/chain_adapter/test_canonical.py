"""The quick way writes what RFC 8785 says, or is not taken."""

from __future__ import annotations

from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from chain_adapter.canonical import canonical_json, read_canonical

_LEAVES = (
    st.text()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.booleans()
    | st.none()
    | st.floats(allow_nan=False, allow_infinity=False)
)
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.dictionaries(st.text(), inner) | st.lists(inner), max_leaves=12
)


@given(st.dictionaries(st.text(), _VALUES))
def test_the_same_bytes(value: dict[str, Any]) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    "text", ["\x00\x08\t\n\f\r\x1f", '"\\/', "\x7f\x80\u2028\u2029", "𠮷\ufb33"]
)
def test_what_is_escaped_and_what_is_not(text: str) -> None:
    value = {"b": text, "a": {"z": 0, "A": -1}}
    assert canonical_json(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [{"a": 2**53}, {"a": -(2**53)}, {"a": "\ud800"}, {"a": b"x"}])
def test_what_has_no_canonical_form(value: dict[str, Any]) -> None:
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical_json(value)


_SMALL = st.dictionaries(st.text(), st.text() | st.integers(-9, 9) | st.floats(-9, 9))


@given(st.dictionaries(st.text(), _SMALL | st.lists(_SMALL) | st.none()))
def test_what_was_written_is_read(value: dict[str, Any]) -> None:
    """Whole numbers that are not exact apart, which are written and not read back."""
    assert read_canonical(rfc8785.dumps(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}', '{"a":1}\n', '{"b":1,"a":2}', '{"a":1,"a":1}', '{"a":1.0}', '{"a":1e0}',
        '{"a":"\\u0061"}', '{"a":"\\/"}', '{"a":-0}', "\ufeff{}", "[]", "1", "null", '"a"',
    ],
)  # fmt: skip
def test_other_spellings_and_other_things_are_none(text: str) -> None:
    assert read_canonical(text.encode()) is None


@pytest.mark.parametrize(
    "text",
    ["", "{", "{}{}", '{"a":NaN}', '{"a":1e999}', '{"a":9007199254740992}',
     '{"a":"\\ud800"}', '{"\\ud800":1}', '{"a":' * 100_000, "[" * 100_000],
    ids=range(10),
)  # fmt: skip
def test_what_cannot_be_read_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):
        read_canonical(text.encode())


def test_other_encodings_of_text_are_none() -> None:
    assert read_canonical(b"{}") == {}
    assert read_canonical("{}".encode("utf-16")) is None


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(ValueError):
        read_canonical(b'{"a":"\xff"}')
