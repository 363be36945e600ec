"""What a participant's browser does with a receipt, in a few lines."""

from __future__ import annotations

import hashlib
from typing import Any


def root_of_receipt(receipt: dict[str, Any]) -> str:
    """RFC 9162 §2.1.3.2: the root that the receipt leads to.

    Raises:
        AssertionError: the path has not the length that position and count ask for.
    """
    position, last = receipt["position"], receipt["count"] - 1
    digest = hashlib.sha256(
        b"\0"
        + position.to_bytes(8, "big")
        + bytes.fromhex(receipt["salt"])
        + bytes.fromhex(receipt["tag"])
        + "\x1f".join(receipt["fields"]).encode()
    ).digest()
    for step in receipt["path"]:
        assert last > 0
        other = bytes.fromhex(step)
        if position & 1 or position == last:
            digest = hashlib.sha256(b"\1" + other + digest).digest()
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            digest = hashlib.sha256(b"\1" + digest + other).digest()
        position, last = position >> 1, last >> 1
    assert last == 0
    return digest.hex()
