from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from chain_adapter import Ledger, open_ledger
from tests.contract.ledger_contract import LedgerContract, Reopen

#: One line for each ledger.
LEDGERS: dict[str, Callable[[Path], Ledger]] = {
    "tlog": lambda base: open_ledger("tlog:ledger", base=base),
    "tlog-encrypted": lambda base: open_ledger(
        "tlog:ledger#origin=notary.example/l&guard=else/where", base=base, passphrase="secret"
    ),
}


class TestLedgers(LedgerContract):
    @pytest.fixture(params=LEDGERS)
    def reopen(self, request: pytest.FixtureRequest, tmp_path: Path) -> Reopen:
        return lambda: LEDGERS[request.param](tmp_path)
