"""What every ledger must do, whatever it is made of: a suite for those who write one.

:class:`Promises` has one method ``test_…`` for each promise of the interface. Each takes a
:class:`Bench`, which opens the ledger under test, and raises :class:`Broken` with one sentence when
the promise is not kept. No test framework is needed, and nothing of the portal imports this::

    python -m chain_adapter.conformance toy:folder

runs all of them, each in a folder of its own. Under pytest, derive and give the fixture ``bench``::

    class TestMyLedger(Promises):
        @pytest.fixture
        def bench(self, tmp_path):
            return Bench(lambda: open_ledger("toy:folder", base=tmp_path))
"""

from chain_adapter.conformance.bench import Bench, Broken
from chain_adapter.conformance.promises import Promises

__all__ = ["Bench", "Broken", "Promises"]
