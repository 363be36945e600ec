"""The storage layout that proofs rely on, held against the compiler's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain_adapter.evm.layout import RECORDS_SLOT, SIZE_SLOT, AnchorRecord, record_slot

CONTRACTS = Path(__file__).resolve().parents[3] / "chain_adapter/evm/contracts"
WORD = st.integers(0, 2**64 - 1)


def test_the_compiler_put_things_where_we_say() -> None:
    storage = json.loads((CONTRACTS / "DepositAnchor.json").read_text())["storage"]
    places = {each["label"]: (int(each["slot"]), each["offset"]) for each in storage}
    assert places["records"] == (RECORDS_SLOT, 0)
    assert places["size"] == (SIZE_SLOT, 0)
    assert places["recordCount"] == (SIZE_SLOT, 8)


@given(st.builds(AnchorRecord, st.integers(1, 2**64 - 1), WORD, WORD, WORD))
def test_a_record_survives_its_slot(record: AnchorRecord) -> None:
    assert record.pack() < 2**256
    assert AnchorRecord.unpack(record.pack()) == record


def test_an_empty_slot_is_no_record() -> None:
    assert AnchorRecord.unpack(0) is None
    assert AnchorRecord.unpack(7 << 64) is None


@pytest.mark.parametrize(("root", "count"), [(b"short", 1), (bytes(32), 0), (bytes(32), 2**64)])
def test_no_record_has_such_a_slot(root: bytes, count: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        record_slot(root, count)
