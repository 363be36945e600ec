from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chain_adapter.tlog import TlogLedger


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a test's log lives; its guard stands beside it."""
    return tmp_path / "ledger"


@pytest.fixture
def ledger(folder: Path) -> Iterator[TlogLedger]:
    with TlogLedger(folder, origin="notary.example/ledger", patience=20.0) as opened:
        yield opened
