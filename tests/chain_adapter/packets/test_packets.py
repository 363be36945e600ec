"""Content becomes packets and packets content; whatever was done to one of them is named."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain_adapter.packets import (
    BadPacket,
    BadPlan,
    Fault,
    Header,
    NotEnough,
    Packet,
    PacketKeys,
    PacketPlan,
    WrongKey,
    examine,
    reconstruct,
    verify_packet,
)
from tests.chain_adapter.packets.cut import BLOCK, all_came, came, cut

KEYS = PacketKeys(bytes(range(32)))
SEALED = PacketKeys(bytes(range(32)), bytes(range(32, 64)))
OTHER = PacketKeys(bytes(32))
_keys = st.sampled_from([KEYS, SEALED])


@st.composite
def _shapes(draw: st.DrawFn) -> tuple[int, int]:
    n = draw(st.integers(1, 9))
    return draw(st.integers(1, n)), n


def _back(plan: PacketPlan, keys: PacketKeys, packets: list[Packet]) -> bytes:
    out = io.BytesIO()
    reconstruct(plan, plan.root, keys, packets, out)
    return out.getvalue()


@given(st.binary(max_size=700), _shapes(), _keys, st.data())
def test_any_k_packets_in_any_order_give_the_content(
    content: bytes, shape: tuple[int, int], keys: PacketKeys, data: st.DataObject
) -> None:
    k, n = shape
    plan, packets = cut(content, k, n, keys)
    order = data.draw(st.permutations(range(n)))[:k]
    assert _back(plan, keys, [came(packets[place]) for place in order]) == content
    assert {len(each) for each in packets} == {plan.packet_bytes}


@pytest.mark.parametrize("keys", [KEYS, SEALED])
@pytest.mark.parametrize("k", [1, 2, 3, 5])
@pytest.mark.parametrize("beside", [-1, 0, 1])
@pytest.mark.parametrize("stripes", [0, 1, 2])
def test_sizes_beside_the_boundaries(keys: PacketKeys, k: int, beside: int, stripes: int) -> None:
    size = max(0, stripes * (k * BLOCK - 16) + beside)
    content = bytes(place % 251 for place in range(size))
    plan, packets = cut(content, k, 5, keys)
    assert plan.size == size
    assert {len(each) for each in packets} == {plan.packet_bytes}
    assert _back(plan, keys, all_came(packets)[5 - k :]) == content


@given(st.binary(max_size=200), _keys, st.integers(0, 3), st.data())
def test_any_changed_byte_is_named_by_number_and_does_no_harm(
    content: bytes, keys: PacketKeys, place: int, data: st.DataObject
) -> None:
    plan, packets = cut(content, 3, 4, keys)
    at = data.draw(st.integers(0, len(packets[place]) - 1))
    changed = bytearray(packets[place])
    changed[at] ^= data.draw(st.integers(1, 255))
    packets[place] = bytes(changed)
    out = io.BytesIO()
    report = reconstruct(plan, plan.root, keys, all_came(packets), out)
    faults = [(each.fault, each.number) for each in report.findings]
    assert faults == [(Fault.CORRUPTED, place + 1), (Fault.MISSING, place + 1)]
    assert out.getvalue() == content
    with pytest.raises(BadPacket):
        verify_packet(
            io.BytesIO(packets[place]), place + 1, plan.path(place + 1), plan.root, 1 << 20
        )


@given(st.binary(max_size=200), st.integers(0, 3), st.integers(-60, 60))
def test_a_packet_cut_short_or_prolonged_is_corrupted(content: bytes, place: int, by: int) -> None:
    plan, packets = cut(content, 3, 4, KEYS)
    if by == 0:
        by = 1
    packets[place] = packets[place] + bytes(by) if by > 0 else packets[place][:by]
    report, intact = examine(plan, all_came(packets))
    assert (Fault.CORRUPTED, place + 1) in [(each.fault, each.number) for each in report.findings]
    assert place + 1 not in [each.number for each in intact]


def test_what_is_missing_duplicated_corrupted_and_foreign_is_named() -> None:
    plan, packets = cut(b"content" * 40, 2, 6, KEYS)
    _, others = cut(b"content" * 40, 2, 6, OTHER)
    given_back = [
        came(packets[3], "d", 4),
        came(packets[0], "a", 1),
        came(packets[0], "b", 2),
        came(packets[2][:-1] + b"!", "c", 3),
        came(others[4], "e", 5),
    ]
    report, _ = examine(plan, given_back)
    assert [(each.fault, each.number, each.source) for each in report.findings] == [
        (Fault.DUPLICATED, 1, "b"),
        (Fault.CORRUPTED, 3, "c"),
        (Fault.FOREIGN, 5, "e"),
        (Fault.MISSING, 2, ""),
        (Fault.MISSING, 3, ""),
        (Fault.MISSING, 5, ""),
        (Fault.MISSING, 6, ""),
    ]
    assert report.intact == {1: "a", 4: "d"}
    assert "packet 5 from e is foreign (it is of another content)" in report.sentence


def test_packets_swapped_between_deposits_are_named_in_both() -> None:
    """Two deposits, and a node that gives each the other's packet 2."""
    first, mine = cut(b"mine " * 50, 3, 4, KEYS)
    second, theirs = cut(b"theirs " * 50, 3, 4, OTHER)
    mine[1], theirs[1] = theirs[1], mine[1]
    for plan, keys, packets, content in (
        (first, KEYS, mine, b"mine " * 50),
        (second, OTHER, theirs, b"theirs " * 50),
    ):
        report, _ = examine(plan, all_came(packets))
        assert [(each.fault, each.number) for each in report.findings] == [
            (Fault.FOREIGN, 2),
            (Fault.MISSING, 2),
        ]
        assert _back(plan, keys, all_came(packets)) == content
        with pytest.raises(BadPacket, match="not under this root"):
            verify_packet(io.BytesIO(packets[1]), 2, plan.path(2), plan.root, 1 << 20)


def test_too_few_packets_give_nothing_at_all() -> None:
    plan, packets = cut(b"content" * 40, 3, 4, KEYS)
    out = io.BytesIO()
    with pytest.raises(NotEnough, match="2 intact packets are too few, 3 are needed") as caught:
        reconstruct(plan, plan.root, KEYS, all_came(packets)[:2], out)
    assert [each.number for each in caught.value.report.findings] == [3, 4]
    assert out.getvalue() == b""


def test_a_plan_that_the_root_does_not_commit_to_is_refused() -> None:
    plan, packets = cut(b"content", 2, 3, KEYS)
    for forged in (
        replace(plan, size=plan.size + 1),
        replace(plan, k=1),
        replace(plan, digests=plan.digests[::-1]),
    ):
        with pytest.raises(BadPlan, match="root"):
            reconstruct(forged, plan.root, KEYS, all_came(packets), io.BytesIO())


@pytest.mark.parametrize("keys", [OTHER, KEYS])
def test_keys_of_another_content_are_refused_by_name(keys: PacketKeys) -> None:
    plan, packets = cut(b"content", 2, 3, SEALED)
    with pytest.raises(WrongKey):
        reconstruct(plan, plan.root, keys, all_came(packets), io.BytesIO())


def test_the_content_key_alone_does_not_open_what_is_encrypted_twice() -> None:
    plan, packets = cut(b"content", 2, 3, SEALED)
    wrong = PacketKeys(SEALED.content, bytes(32))
    with pytest.raises(BadPacket, match="does not open"):
        reconstruct(plan, plan.root, wrong, all_came(packets), io.BytesIO())


def test_the_same_content_under_the_same_keys_gives_the_same_packets() -> None:
    assert cut(b"content" * 99, 2, 4, SEALED) == cut(b"content" * 99, 2, 4, SEALED)
    assert cut(b"x", 1, 1, KEYS)[0].root != cut(b"x", 1, 1, OTHER)[0].root


def test_packets_of_one_content_tell_nothing_of_it() -> None:
    _, packets = cut(bytes(4000), 2, 4, KEYS)
    assert all(bytes(24) not in each[64:] for each in packets[:3])


@given(st.binary(max_size=100), _shapes(), _keys)
def test_each_packet_verifies_under_the_root_at_its_own_number_alone(
    content: bytes, shape: tuple[int, int], keys: PacketKeys
) -> None:
    plan, packets = cut(content, *shape, keys)
    for number, data in enumerate(packets, 1):
        path = plan.path(number)
        found = verify_packet(io.BytesIO(data), number, path, plan.root, len(data))
        assert found == (plan.header(number), plan.packet_bytes)
        for wrong in {1, plan.n} - {number}:
            with pytest.raises(BadPacket):
                verify_packet(io.BytesIO(data), wrong, path, plan.root, len(data))
        with pytest.raises(BadPacket, match="longer"):
            verify_packet(io.BytesIO(data), number, path, plan.root, len(data) - 1)


@given(st.binary(max_size=300), _shapes(), _keys)
def test_a_plan_has_one_encoding(content: bytes, shape: tuple[int, int], keys: PacketKeys) -> None:
    plan, _ = cut(content, *shape, keys)
    encoded = plan.encode()
    assert PacketPlan.decode(encoded) == plan
    with pytest.raises(BadPlan):
        PacketPlan.decode(encoded.replace(b'"v":1', b'"v": 1'))


@given(st.binary(max_size=100))
def test_no_other_bytes_are_a_plan_or_a_header(data: bytes) -> None:
    with pytest.raises(BadPlan):
        PacketPlan.decode(data)
    with pytest.raises(BadPacket):
        Header.decode(data)


@pytest.mark.parametrize(
    "change", [{"k": 0}, {"k": 4}, {"n": 2}, {"block": 1}, {"size": -1}, {"sealed": ("a",)}]
)
def test_a_plan_that_makes_no_sense_is_refused(change: dict[str, object]) -> None:
    plan, _ = cut(b"content", 2, 3, KEYS)
    with pytest.raises(BadPlan):
        replace(plan, **change)  # type: ignore[arg-type]


def test_a_packet_that_cannot_be_read_is_missing() -> None:
    plan, packets = cut(b"content", 2, 3, KEYS)

    def fail() -> io.BytesIO:
        raise OSError("input/output error")

    report, _ = examine(plan, [*all_came(packets)[:2], Packet("c", fail, 3)])
    assert [(each.fault, each.number) for each in report.findings] == [(Fault.MISSING, 3)]
