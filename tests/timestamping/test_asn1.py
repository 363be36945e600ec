"""Values whose encoded length ends with the octet 0x80 are written as they were read, at once."""

from __future__ import annotations

import pytest
from asn1crypto import core

from timestamping.asn1 import definite, mend


class Inner(core.Sequence):
    _fields = [("data", core.OctetString)]  # noqa: RUF012 - asn1crypto fills it in


class Outer(core.Sequence):
    _fields = [  # noqa: RUF012 - likewise
        ("inner", Inner, {"explicit": 0}),
        ("tail", core.OctetString),
    ]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("3080", False),
        ("308180", True),
        ("30820180", True),
        ("a082018430820180", True),
        ("a0823080", True),
        ("a08201843080", False),
        ("a0803080", False),
        ("bf1f8180", False),
        ("30820180aa", False),
        ("", True),
    ],
)
def test_which_lengths_are_definite(header: str, expected: bool) -> None:
    assert definite(bytes.fromhex(header)) is expected


@pytest.mark.parametrize("length", [128, 384, 640, 32_768])
def test_a_length_that_ends_so_encodes_nothing_anew(
    length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bytes(length - (4 if length > 255 else 3 if length > 129 else 2))
    written = Outer({"inner": Inner({"data": data}), "tail": b"end"}).dump()
    value = Outer.load(written)
    assert value["inner"]["data"].native == data  # parsed down to the leaf
    asked: list[bool] = []
    real = core.Sequence._set_contents
    monkeypatch.setattr(
        core.Sequence, "_set_contents", lambda self, force=False: asked.append(force)
    )
    assert value.dump() == written
    assert asked == []
    monkeypatch.setattr(core.Sequence, "_set_contents", real)
    assert value.dump(force=True) == written


def test_indefinite_lengths_still_become_definite() -> None:
    """X.690 \u00a78.1.3.6: what came in BER goes out in DER."""
    value = Inner.load(bytes.fromhex("3080040261620000"))
    assert value["data"].native == b"ab"
    assert value.dump() == bytes.fromhex("300404026162")


def test_mending_twice_is_mending_once() -> None:
    before = core.Sequence.dump
    mend()
    assert core.Sequence.dump is before
