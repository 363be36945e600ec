"""Tokens that passed every check in this process a moment ago.

The same bytes, over the same digest, under the same anchors give the same verdict: who has just
made and verified a token need not verify it once more before using it. Only what passed is
remembered, and only by its digest.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import Final

from chain_adapter.digest import Digest
from timestamping.trust import TrustStore

_REMEMBERED: Final = 20_000


class Passed:
    """Thread-safe and bounded; what is forgotten is verified again."""

    def __init__(self, most: int = _REMEMBERED) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, tuple[Digest, bytes]] = OrderedDict()

    def note(self, der: bytes, digest: Digest, trust: TrustStore) -> None:
        """``der`` passed every check over ``digest`` under ``trust``."""
        key = hashlib.sha256(der).digest()
        with self._lock:
            self._known[key] = (digest, trust.fingerprint)
            if len(self._known) > self._most:
                self._known.popitem(last=False)

    def holds(self, der: bytes, digest: Digest, trust: TrustStore) -> bool:
        """Whether just this has passed."""
        with self._lock:
            known = self._known.get(hashlib.sha256(der).digest())
        return known is not None and known == (digest, trust.fingerprint)
