"""The deposit transaction: what a depositor signs, before there is a token or an entry.

The initiator chooses the ``id``, so that a transaction sent a second time meets its own entry on
the ledger and makes no new one. The platform is named, so that it cannot be handed in elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from chain_adapter._fields import (
    KIND,
    NAME,
    PLATFORM_ID,
    canonical,
    checked_digests,
    require,
)
from chain_adapter.digest import Digest

#: Prefixed before signing: a signature of a transaction is never one of something else.
TRANSACTION_CONTEXT: Final = b"notary/transaction/v1\n"


@dataclass(frozen=True, slots=True)
class Transaction:
    """Fields as in :class:`chain_adapter.Entry`; ``by`` is the key id of whoever signs.

    Raises:
        InvalidEntry: naming the field.
    """

    kind: str
    id: str
    digests: tuple[Digest, ...]
    by: str
    platform: str

    def __post_init__(self) -> None:
        require(KIND, "kind", self.kind)
        require(NAME, "id", self.id)
        require(NAME, "by", self.by)
        require(PLATFORM_ID, "platform", self.platform)
        object.__setattr__(self, "digests", checked_digests(self.digests))

    def bytes(self) -> bytes:
        """What is signed: the context, then RFC 8785 of ``{v, kind, id, digests, by, platform}``
        with ``v`` 1 and digests as algorithm → hexadecimal."""
        value = {
            "v": 1,
            "kind": self.kind,
            "id": self.id,
            "digests": {each.algorithm: each.hex for each in self.digests},
            "by": self.by,
            "platform": self.platform,
        }
        return TRANSACTION_CONTEXT + canonical(value)
