from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chain_adapter.witness import WitnessLedger
from tests.chain_adapter.witness.fakes import FakeNode, fake_nodes, policy_for, watch

ORIGIN = "notary.example/ledger"
Open = Callable[..., WitnessLedger]


@pytest.fixture
def nodes() -> Iterator[list[FakeNode]]:
    with fake_nodes() as started:
        yield started


@pytest.fixture
def open_watched(folder: Path, nodes: list[FakeNode]) -> Iterator[Open]:
    """Opens the log of ``folder`` as one more process would, with settings of its policy."""
    opened: list[WitnessLedger] = []

    def once_more(**settings: Any) -> WitnessLedger:
        ledger = WitnessLedger(folder, policy_for(nodes, **settings), origin=ORIGIN, patience=20.0)
        watch(nodes, ledger.vkey)
        opened.append(ledger)
        return ledger

    yield once_more
    for ledger in opened:
        ledger.close()


@pytest.fixture
def watched(open_watched: Open) -> WitnessLedger:
    return open_watched()
