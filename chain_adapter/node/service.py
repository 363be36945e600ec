"""A node put together: its logs, its key, its guard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from chain_adapter.errors import Fatal
from chain_adapter.keyfile import load_key
from chain_adapter.node import packets
from chain_adapter.node.answers import Answers
from chain_adapter.node.config import CONFIG, LogConfig, NodeConfig
from chain_adapter.node.fetch import Web
from chain_adapter.node.followed import FollowedLog
from chain_adapter.node.guard import CosignedGuard
from chain_adapter.node.refusals import Refusals
from chain_adapter.node.relay import Relay
from chain_adapter.node.routes import Routes
from chain_adapter.node.stamping import Stamping
from chain_adapter.node.storage import NodeStorage
from chain_adapter.node.voucher import Voucher, open_voucher
from chain_adapter.note import COSIGNATURE, NoteSigner

DATABASE: Final = "node.sqlite"
KEY: Final = "node.key"

OpenVoucher = Callable[[Path | None, str], Voucher]


def utc_now() -> datetime:
    return datetime.now(UTC)


class Node:
    """The service of one folder; :attr:`routes` is what the server serves.

    Raises:
        Fatal: key, copy or guard are missing, damaged or of different nodes.
    """

    def __init__(
        self,
        config: NodeConfig,
        *,
        passphrase: str | None = None,
        accept_copy: bool = False,
        open_voucher: OpenVoucher = open_voucher,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.config = config
        try:
            private = load_key(config.folder / KEY, passphrase)
        except FileNotFoundError as error:
            raise Fatal(f"the key {config.folder / KEY} is missing: put it back") from error
        self.signer = NoteSigner(config.name, private)
        self.storage = NodeStorage(config.folder / DATABASE, config.name)
        self.guard = CosignedGuard(guard_of(config.folder))
        self.refusals = Refusals(self.storage, now)
        self.stamping = Stamping(config.name, now)
        self.web = Web()
        self.started = now()
        self.logs = {
            log.origin: self._followed(
                log, open_voucher(log.tsa, config.stamper) if log.profile == "deposit" else None
            )
            for log in config.logs
        }
        self._require_guard(accept_copy)
        self.relay = Relay(config.relay, self.signer.verifier, self.web)
        self.routes = Routes()
        Answers(self).mount(self.routes)
        try:
            packets.mount(self.routes, self)
        except ValueError as error:
            raise Fatal(f"{config.folder / CONFIG}: {error}") from error

    def _followed(self, log: LogConfig, voucher: Voucher | None) -> FollowedLog:
        return FollowedLog(
            log,
            self.storage,
            self.signer,
            self.guard,
            self.refusals,
            self.stamping,
            voucher,
            self.web,
            self.config.limits,
        )

    # What those who add routes are told.

    @property
    def name(self) -> str:
        return self.config.name

    @property
    def vkey(self) -> str:
        """The key of this node's cosignatures, as policies list it."""
        return self.signer.verifier.vkey(COSIGNATURE)

    @property
    def folder(self) -> Path:
        return self.config.folder

    @property
    def platforms(self) -> Mapping[str, bytes]:
        return {name: key for log in self.config.logs for name, key in log.platforms.items()}

    @property
    def options(self) -> Mapping[str, Any]:
        return self.config.options

    def holds_data(self, root: bytes) -> bool:
        with self.storage.read() as connection:
            found = connection.execute(
                "SELECT 1 FROM entry JOIN log ON log.id = entry.log"
                " WHERE tree = ? AND position < size LIMIT 1",
                (root,),
            ).fetchone()
        return found is not None

    def close(self) -> None:
        for log in self.logs.values():
            if log.voucher is not None:
                log.voucher.close()
        self.web.close()
        self.storage.close()

    def _require_guard(self, accept_copy: bool) -> None:
        used = any(log.copy.head().size for log in self.logs.values())
        if self.guard.missing and used and not accept_copy:
            raise Fatal(
                f"the guard file {self.guard.path} is missing, so nobody can tell whether this "
                "copy is the newest: put the file back; if it is lost and this copy is certainly "
                "the newest, start once with --accept-copy"
            )
        if self.guard.missing:
            heads = {log.config.origin: log.copy.head() for log in self.logs.values()}
            self.guard.make({origin: head for origin, head in heads.items() if head.size})
        for log in self.logs.values():
            log.witness.require_sound()


def guard_of(folder: Path) -> Path:
    """Where a node's guard stands: beside its folder."""
    folder = folder.absolute()
    return folder.with_name(folder.name + ".guard")
