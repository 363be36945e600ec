"""What the endpoints say of the chain during one look."""

from __future__ import annotations

from collections.abc import Sequence

from chain_adapter.evm.rpc import Endpoint, EndpointTrouble, Refused


class View:
    """What the endpoints say during one look: each is asked once, and one that fails is out."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self.endpoints = list(endpoints)
        self._heights: dict[Endpoint, int] = {}
        self._hashes: dict[tuple[Endpoint, int], bytes | None] = {}

    def height(self, endpoint: Endpoint) -> int:
        if endpoint not in self._heights:
            try:
                self._heights[endpoint] = endpoint.height()
            except (EndpointTrouble, Refused):
                self._heights[endpoint] = -1
        return self._heights[endpoint]

    def hash_at(self, endpoint: Endpoint, height: int) -> bytes | None:
        key = (endpoint, height)
        if key not in self._hashes:
            try:
                reached = self.height(endpoint) >= height
                self._hashes[key] = endpoint.block_hash(height) if reached else None
            except (EndpointTrouble, Refused):
                self._hashes[key] = None
        return self._hashes[key]

    def holders(self, height: int, block: bytes) -> list[Endpoint]:
        return [each for each in self.endpoints if self.hash_at(each, height) == block]

    def deniers(self, height: int, block: bytes) -> int:
        """How many hold another block at this height. Not having come so far denies nothing."""
        return sum(self.hash_at(each, height) not in (None, block) for each in self.endpoints)

    def depth(self, holders: Sequence[Endpoint], height: int, agree: int) -> int:
        """The depth (1: it is the newest block) that ``agree`` of ``holders`` have reached."""
        depths = sorted((self.height(each) - height + 1 for each in holders), reverse=True)
        return depths[agree - 1] if len(depths) >= agree else 0
