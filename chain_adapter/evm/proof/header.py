"""Block headers: what they say, and the hash that names the block.

The fields of the Yellow Paper (§4.3), and what later changes of the protocol append: the base fee
(EIP-1559, London), the root of withdrawals (EIP-4895, Shanghai), gas of blobs and the root of the
beacon chain (EIP-4844, EIP-4788, Cancun), the hash of requests (EIP-7685, Prague).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from chain_adapter.errors import InvalidProof
from chain_adapter.evm.proof.rlp import Item, decode_list, encode, number, text

#: Length of each field in bytes; None for whole numbers, 0 for a string of any length.
FIELDS: Final = (
    ("parent", 32),
    ("ommers", 32),
    ("coinbase", 20),
    ("state_root", 32),
    ("transactions", 32),
    ("receipts", 32),
    ("bloom", 256),
    ("difficulty", None),
    ("number", None),
    ("gas_limit", None),
    ("gas_used", None),
    ("timestamp", None),
    ("extra", 0),
    ("mix", 32),
    ("nonce", 8),
    ("base_fee", None),
    ("withdrawals", 32),
    ("blob_gas", None),
    ("excess_blob_gas", None),
    ("beacon_root", 32),
    ("requests", 32),
)
_PLACE: Final = {name: place for place, (name, _) in enumerate(FIELDS)}
#: How many fields a header had when: Frontier, London, Shanghai, Cancun, Prague.
_COUNTS: Final = (15, 16, 17, 20, 21)
_MAX: Final = 2**53


@dataclass(frozen=True, slots=True)
class Header:
    """``timestamp`` in seconds since 1970; ``extra`` is the field that consensus uses."""

    items: tuple[Item, ...]
    number: int
    timestamp: int
    state_root: bytes
    extra: bytes

    @classmethod
    def decode(cls, data: bytes) -> Header:
        """Read a header.

        Raises:
            InvalidProof: it is none, or of a version that is not known.
        """
        items = decode_list(data)
        if len(items) not in _COUNTS:
            raise InvalidProof(f"headers with {len(items)} fields are not known")
        for item, (name, length) in zip(items, FIELDS, strict=False):
            try:
                number(item) if length is None else text(item, length or None)
            except InvalidProof as error:
                raise InvalidProof(f"header field {name}: {error}") from error
        height, time = number(items[_PLACE["number"]]), number(items[_PLACE["timestamp"]])
        if max(height, time) >= _MAX:
            raise InvalidProof("a header's number or time is too large")
        state, extra = text(items[_PLACE["state_root"]]), text(items[_PLACE["extra"]])
        return cls(tuple(items), height, time, state, extra)

    def encode(self, extra: bytes | None = None) -> bytes:
        """RLP, with another ``extra`` when one is given."""
        items = list(self.items)
        if extra is not None:
            items[_PLACE["extra"]] = extra
        return encode(items)
