"""What holds for the tests of draws."""

from __future__ import annotations

from functools import lru_cache

import pytest

from lottery import drafting, verifier


@pytest.fixture(autouse=True, scope="session")
def computed_once() -> None:
    """The same pairing or signature is judged once: it takes long, and the answer stays."""
    verifier.verify_signature = lru_cache(8192)(verifier.verify_signature)
    verifier.verify_bls = lru_cache(verifier.verify_bls)
    drafting.verify_beacon = lru_cache(drafting.verify_beacon)
