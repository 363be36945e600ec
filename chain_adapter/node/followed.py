"""One log with all that a node keeps and does for it."""

from __future__ import annotations

from datetime import UTC
from typing import Any, Final

from chain_adapter.node.config import Limits, LogConfig
from chain_adapter.node.examination import Examiner
from chain_adapter.node.fetch import Web
from chain_adapter.node.guard import CosignedGuard
from chain_adapter.node.logcopy import LogCopy
from chain_adapter.node.members import MEMBER, Members
from chain_adapter.node.refusals import Refusals
from chain_adapter.node.stamping import Stamping
from chain_adapter.node.storage import NodeStorage
from chain_adapter.node.supply import LogSource
from chain_adapter.node.takeover import Taker
from chain_adapter.node.voucher import Voucher
from chain_adapter.node.witnessing import LogWitness
from chain_adapter.note import NoteSigner

_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


class FollowedLog:
    """``examiner`` is None under the profile "consistency"."""

    def __init__(
        self,
        config: LogConfig,
        storage: NodeStorage,
        signer: NoteSigner,
        guard: CosignedGuard,
        refusals: Refusals,
        stamping: Stamping,
        voucher: Voucher | None,
        web: Web,
        limits: Limits,
    ) -> None:
        self.config, self.voucher, self._refusals = config, voucher, refusals
        self.copy = LogCopy(storage, config.origin)
        self.members = Members(config.origin, config.rule)
        self.examiner: Examiner | None = None
        taker = None
        if voucher is not None:
            messages = self.copy.messages(MEMBER, 0, self.copy.head().size)
            self.members.replay((content, voucher.moment(token)) for token, content in messages)
            self.examiner = Examiner(config, voucher)
            source = LogSource(config.url, web)
            taker = Taker(
                self.copy, source, self.examiner, self.members, limits.entries, config.since
            )
        self.witness = LogWitness(
            config.key, self.copy, signer, guard, refusals, stamping, taker, voucher
        )

    def status(self) -> dict[str, Any]:
        own, block = self.copy.head(), self.witness.block()
        return {
            "origin": self.config.origin,
            "profile": self.config.profile,
            "size": own.size,
            "root": own.root.hex(),
            "time": own.time.astimezone(UTC).strftime(_TIME) if own.time else None,
            "block": None if block is None else {"seq": block.seq, "sha256": block.digest.hex},
            "refusals": self._refusals.shown(self.copy.id),
            "behind": max(self.witness.seen, self.witness.head().size) > own.size,
        }
