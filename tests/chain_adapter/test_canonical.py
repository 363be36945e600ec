"""The quick way writes what RFC 8785 says, or is not taken."""

from __future__ import annotations

from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from chain_adapter.canonical import canonical_json

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
