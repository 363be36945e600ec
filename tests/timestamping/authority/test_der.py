"""The DER writer against asn1crypto's."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from asn1crypto import core, tsp
from hypothesis import given
from hypothesis import strategies as st

from timestamping.authority import der


@given(st.integers())
def test_integers(value: int) -> None:
    assert der.integer(value) == core.Integer(value).dump()


@given(st.sampled_from([0, 1, 127, 128, 255, 256, 65_535, 65_536, 70_000]))
def test_lengths(length: int) -> None:
    assert der.tlv(der.OCTET_STRING, bytes(length)) == core.OctetString(bytes(length)).dump()


@given(st.integers(0, 1), st.integers(0, 39), st.lists(st.integers(0, 2**128), max_size=6))
def test_object_identifiers(first: int, second: int, arcs: list[int]) -> None:
    dotted = ".".join(map(str, (first, second, *arcs)))
    assert der.oid(dotted) == core.ObjectIdentifier(dotted).dump()


def test_object_identifiers_below_arc_2() -> None:
    assert der.oid("2.5.29.37") == bytes.fromhex("0603551d25")
    assert der.oid("2.999.3") == bytes.fromhex("0603883703")  # X.690 §8.19.5, the example


@pytest.mark.parametrize(
    "text", ["", "1", "1.", "3.1", "0.40", "1.-1", "a.b", "1.2.", "1 .2", "1.+2"]
)
def test_no_object_identifier(text: str) -> None:
    with pytest.raises(ValueError, match="not an object identifier"):
        der.oid(text)


@given(st.sets(st.binary(max_size=40), max_size=6))
def test_sets_are_sorted(contents: set[bytes]) -> None:
    elements = [der.tlv(der.OCTET_STRING, content) for content in contents]
    assert der.set_of(elements) == der.tlv(der.SET, *sorted(elements))


@given(st.integers(0, 40))
def test_named_bits(number: int) -> None:
    encoded = core.BitString.load(der.named_bit(number), strict=True)
    assert [place for place, bit in enumerate(encoded.native) if bit] == [number]
    assert len(encoded.native) == number + 1


def test_named_bits_as_asn1crypto_writes_them() -> None:
    assert der.named_bit(25) == tsp.PKIFailureInfo({"system_failure"}).dump()


@given(st.datetimes(min_value=datetime(1950, 1, 1), max_value=datetime(9999, 12, 31)))  # noqa: DTZ001
def test_times_come_back_to_the_millisecond(moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC)
    read = core.GeneralizedTime.load(der.generalized_time(moment)).native
    assert read == moment.replace(microsecond=moment.microsecond // 1000 * 1000)
