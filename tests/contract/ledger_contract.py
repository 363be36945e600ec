"""What every ledger must do, whatever it is made of: the promises of chain_adapter.conformance.

A test module derives from :class:`LedgerContract` and gives the fixture ``reopen``: a function that
opens the ledger under test, the same one each time, as another process would. Where receipts wait
for the world, the fixture ``settle`` makes the world go on.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chain_adapter import Ledger
from chain_adapter.conformance import Bench, Promises

Reopen = Callable[[], Ledger]
Settle = Callable[[Ledger], None]


class LedgerContract(Promises):
    """Derive, give ``reopen``, perhaps ``settle``, and the rest follows."""

    @pytest.fixture
    def settle(self) -> Settle | None:
        return None

    @pytest.fixture
    def bench(self, reopen: Reopen, settle: Settle | None) -> Bench:
        return Bench(reopen, settle)
