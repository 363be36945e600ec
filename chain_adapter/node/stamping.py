"""Making a node's blocks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from chain_adapter.checkpoint import Checkpoint
from chain_adapter.digest import digest_of
from chain_adapter.node.block import Block, StampedBlock
from chain_adapter.node.logcopy import Head, LogCopy, next_block
from chain_adapter.node.routes import Rejection
from chain_adapter.node.voucher import Voucher, VoucherUnavailable


class Stamping:
    """Makes blocks, one after another, whichever log they are of."""

    def __init__(self, node: str, now: Callable[[], datetime]) -> None:
        self.node, self.now = node, now
        self.lock = threading.Lock()

    def block(
        self, voucher: Voucher, copy: LogCopy, before: Head, new: Checkpoint, note: str
    ) -> StampedBlock:
        """The block of what follows ``before``, under ``lock`` until it is stored.

        Raises:
            Rejection: 503, no token can be had.
        """
        with copy.storage.read() as connection:
            seq, prev = next_block(connection)
        last, time = new.size - 1, self.now().replace(microsecond=0)
        block = Block(
            self.node, seq, prev, before.size, last, new.size, new.root, note, time
        ).to_json()
        try:
            token = voucher.stamp(digest_of(block))
        except VoucherUnavailable as error:
            raise Rejection(503, "stamper", f"the block cannot be stamped: {error}") from error
        return StampedBlock(seq, block, token)
