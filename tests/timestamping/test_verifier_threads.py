"""Many threads at once: the first verification of a token is as right as the thousandth."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.timestamping.pki import Identity
from tests.timestamping.tsa_server import pki_of_today
from timestamping.trust import TrustStore
from timestamping.verification.chain import find_chain

_THREADS = 12
_ROUNDS = 10


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads take turns after every few instructions, so that half-done work is seen."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("hasty")
def test_threads_that_meet_a_certificate_together_all_find_its_chain() -> None:
    for _ in range(_ROUNDS):
        pki = pki_of_today()  # certificates that no thread has seen
        root, middle, leaf = (_der(one) for one in (pki.root, pki.intermediate, pki.leaf))
        start = threading.Barrier(_THREADS)

        def search(
            _: int,
            start: threading.Barrier = start,
            root: bytes = root,
            middle: bytes = middle,
            leaf: bytes = leaf,
        ) -> int:
            start.wait()
            trust = TrustStore(roots=(root,))
            return len(find_chain(leaf, (leaf, middle), trust, datetime.now(UTC)).certificates)

        with ThreadPoolExecutor(_THREADS) as pool:
            assert list(pool.map(search, range(_THREADS))) == [3] * _THREADS


def _der(identity: Identity) -> bytes:
    return identity.certificate.public_bytes(Encoding.DER)
