"""What holds for the tests of draws."""

from __future__ import annotations

from functools import lru_cache

import pytest

from lottery import drafting, verifier


@pytest.fixture(autouse=True, scope="session")
def pairings_once() -> None:
    """The same pairing is computed once: it takes seconds, and its answer never changes."""
    verifier.verify_bls = lru_cache(verifier.verify_bls)
    drafting.verify_beacon = lru_cache(drafting.verify_beacon)
