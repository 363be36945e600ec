"""How a platform proves to a node that it is the one who asks.

The header ``Notary-Request: <key id> <unix seconds> <base64 signature>`` signs method, node,
address, time, and of a packet that is sent its digest, its length and its path. A request that was
overheard therefore serves for nothing else, at no other node, and not for long; repeated as it is
it changes nothing, for packets never change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chain_adapter._strict import base64, decimal, unbase64
from chain_adapter.canonical import canonical_json
from chain_adapter.keys import EntryKey, verify_request
from chain_adapter.packets.errors import BadPacket, Refused
from chain_adapter.packets.header import MAX_PACKETS

#: Names of the headers: who asks; SHA-256 of the packet; its path to the root.
REQUEST: Final = "Notary-Request"
DIGEST: Final = "Notary-Packet-Digest"
PATH: Final = "Notary-Packet-Path"
#: Clocks may differ by so much, seconds.
SKEW: Final = 300
#: More hashes no path has: 2^8 leaves.
_MAX_PATH: Final = 8
_ADDRESS: Final = re.compile(r"/packets/([0-9a-f]{64})/([1-9][0-9]{0,2})", re.ASCII)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is signed. ``digest`` (32 bytes, or none), ``length`` and ``path`` are of the packet
    that is sent along; of other requests they are empty."""

    method: str
    node: str
    root: bytes
    number: int
    digest: bytes = b""
    length: int = 0
    path: tuple[bytes, ...] = ()

    @property
    def address(self) -> str:
        """The path of the URL."""
        return f"/packets/{self.root.hex()}/{self.number}"

    def headers(self, key: EntryKey, now: int) -> dict[str, str]:
        """The headers of the request, signed at ``now`` (unix seconds)."""
        signature = base64(key.sign_request(self.statement(now)))
        found = {REQUEST: f"{key.key_id} {now} {signature}"}
        if self.digest:
            found |= {DIGEST: self.digest.hex(), PATH: path_text(self.path)}
        return found

    def check(self, given: str, platforms: Mapping[str, bytes], now: int) -> str:
        """The key id of the platform that asks.

        Args:
            given: the header's value, empty when there is none.
            platforms: key id → public key (32 bytes) of those who may ask.

        Raises:
            Refused: unsigned, by somebody else, for something else, or long ago.
        """
        parts = given.split(" ")
        if len(parts) != 3:
            raise Refused("the request is not signed by a platform")
        key_id, when, signature = parts
        public = platforms.get(key_id)
        if public is None:
            raise Refused("this platform is not among those that may ask")
        try:
            at, value = decimal(when), unbase64(signature)
        except (ValueError, IndexError):
            raise Refused("the request's signature cannot be read") from None
        if abs(now - at) > SKEW:
            raise Refused("the request was signed too long ago, or the clocks differ")
        if not verify_request(public, self.statement(at), value):
            raise Refused("the signature is not of this request")
        return key_id

    def statement(self, now: int) -> bytes:
        """What is signed: RFC 8785."""
        return canonical_json(
            {
                "v": 1,
                "method": self.method,
                "node": self.node,
                "address": self.address,
                "sha256": self.digest.hex(),
                "length": self.length,
                "path": path_text(self.path),
                "time": now,
            }
        )


def read_address(path: str) -> tuple[bytes, int] | None:
    """Root and number of ``/packets/<root>/<n>``; None for every other text."""
    found = _ADDRESS.fullmatch(path)
    if found is None or int(found[2]) > MAX_PACKETS:
        return None
    return bytes.fromhex(found[1]), int(found[2])


def path_text(path: Sequence[bytes]) -> str:
    """Hashes in hexadecimal, the leaf's sibling first, separated by commas."""
    return ",".join(each.hex() for each in path)


def read_path(text: str) -> tuple[bytes, ...]:
    """Raises BadPacket for what :func:`path_text` does not write."""
    hashes = text.split(",") if text else []
    if len(hashes) > _MAX_PATH or not all(_DIGEST.fullmatch(each) for each in hashes):
        raise BadPacket("the packet's path cannot be read")
    return tuple(bytes.fromhex(each) for each in hashes)


def read_digest(text: str) -> bytes:
    """Raises BadPacket for what is no SHA-256 in hexadecimal."""
    if not _DIGEST.fullmatch(text):
        raise BadPacket("the packet's digest cannot be read")
    return bytes.fromhex(text)
