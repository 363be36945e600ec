"""RLP has one encoding of each value; everything else is refused."""

from __future__ import annotations

import pytest
import rlp as library
from hypothesis import given
from hypothesis import strategies as st

from chain_adapter import InvalidProof
from chain_adapter.evm.proof import rlp

ITEMS = st.recursive(st.binary(max_size=70), lambda inner: st.lists(inner, max_size=6))


@given(ITEMS)
def test_what_another_library_writes_is_read_and_written_the_same(item: rlp.Item) -> None:
    encoded = library.encode(item)
    assert rlp.decode(encoded) == item
    assert rlp.encode(item) == encoded


@given(st.binary(max_size=80))
def test_whatever_is_read_is_the_one_encoding_of_it(data: bytes) -> None:
    try:
        item = rlp.decode(data)
    except InvalidProof:
        return
    assert rlp.encode(item) == data
    assert library.decode(data, strict=True) == item


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "must stand"),
        (b"\x81\x05", "single byte"),
        (b"\x05\x05", "follow"),
        (b"\xb8\x37" + bytes(55), "longer than needed"),
        (b"\xb9\x00\x38" + bytes(56), "longer than needed"),
        (b"\xf8\x00", "longer than needed"),
        (b"\xb8", "longer than needed"),
        (b"\x83ab", "shorter"),
        (b"\xc3\x83ab", "shorter"),
        (b"\xbf" + b"\xff" * 8, "shorter"),
        (b"\xc0" * 2, "follow"),
        (bytes(70_000), "too long"),
    ],
)
def test_other_spellings_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidProof, match=reason):
        rlp.decode(data)


def test_nesting_is_bounded() -> None:
    deep: rlp.Item = []
    for _ in range(15):
        deep = [deep]
    assert rlp.decode(rlp.encode(deep)) == deep
    with pytest.raises(InvalidProof, match="deeply"):
        rlp.decode(rlp.encode([deep]))


def test_strings_lists_and_numbers_are_told_apart() -> None:
    assert rlp.number(b"") == 0
    assert rlp.number(b"\x01\x00") == 256
    assert rlp.text(b"ab", 2) == b"ab"
    assert rlp.decode_list(b"\xc1\x05") == [b"\x05"]
    for wrong in (b"\x00\x01", b"\x00", [], b"\x01" * 33):
        with pytest.raises(InvalidProof, match="whole number"):
            rlp.number(wrong)
    for wrong, length in (([], None), (b"a", 2)):
        with pytest.raises(InvalidProof, match="must stand"):
            rlp.text(wrong, length)
    with pytest.raises(InvalidProof, match="a list must stand"):
        rlp.decode_list(b"\x05")
