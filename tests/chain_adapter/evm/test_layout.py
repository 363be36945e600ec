"""Contract, compiler and proofs speak of the same storage slots."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from chain_adapter.evm.layout import BATCHES_SLOT, pack_place, unpack_place

CONTRACTS = Path(__file__).resolve().parents[3] / "chain_adapter/evm/contracts"
WORD = st.integers(0, 2**64 - 1)


def test_the_compiler_put_batches_where_proofs_look() -> None:
    storage = json.loads((CONTRACTS / "DepositAnchor.json").read_text())["storage"]
    places = {each["label"]: (int(each["slot"]), each["offset"]) for each in storage}
    assert places["batches"] == (BATCHES_SLOT, 0)


@given(WORD, WORD, WORD, WORD)
def test_a_place_survives_its_slot(first: int, count: int, number: int, time: int) -> None:
    value = pack_place(first, count, number, time)
    assert value < 2**256
    assert unpack_place(value) == (first, count, number, time)
