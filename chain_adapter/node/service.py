"""A node put together: its logs, its key, and what it answers to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from chain_adapter._strict import base64, unbase64
from chain_adapter.errors import Fatal, InvalidEntry
from chain_adapter.keyfile import load_key
from chain_adapter.node.config import LogConfig, NodeConfig
from chain_adapter.node.examination import Examiner, Finding
from chain_adapter.node.fetch import Web
from chain_adapter.node.guard import CosignedGuard
from chain_adapter.node.logcopy import LogCopy, block_at
from chain_adapter.node.members import MEMBER, Members, Trial
from chain_adapter.node.refusals import Refusals
from chain_adapter.node.relay import HEADER, Asked, Relay
from chain_adapter.node.routes import (
    MAX_BODY,
    TEXT,
    Rejection,
    Request,
    Response,
    Routes,
    json_response,
)
from chain_adapter.node.storage import NodeStorage
from chain_adapter.node.submission import read_submission
from chain_adapter.node.supply import LogSource
from chain_adapter.node.takeover import Taker
from chain_adapter.node.voucher import Voucher, open_voucher
from chain_adapter.node.witnessing import LogWitness, Stamping, utc_now
from chain_adapter.note import COSIGNATURE, NoteSigner
from chain_adapter.supplement import Supplement

DATABASE: Final = "node.sqlite"
KEY: Final = "node.key"
#: Entries in one request to ``/examine``, its length in bytes, and how many at once.
MAX_ITEMS: Final = 256
_MAX_EXAMINE: Final = 8 * MAX_BODY
_EXAMINING: Final = 4
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"

OpenVoucher = Callable[[Path | None, str], Voucher]


class _Log:
    """One log with all that belongs to it."""

    def __init__(self, config: LogConfig, node: Node, voucher: Voucher | None) -> None:
        self.config, self.voucher = config, voucher
        self.copy = LogCopy(node.storage, config.origin)
        self.members = Members(config.origin, config.rule)
        self.examiner = Examiner(config, voucher) if voucher is not None else None
        taker = None
        if self.examiner is not None and voucher is not None:
            messages = self.copy.messages(MEMBER, 0, self.copy.head().size)
            self.members.replay((content, voucher.moment(token)) for token, content in messages)
            source = LogSource(config.url, node.web)
            entries = node.config.limits.entries
            taker = Taker(self.copy, source, self.examiner, self.members, entries)
        self.witness = LogWitness(
            config.key,
            self.copy,
            node.signer,
            node.guard,
            node.refusals,
            node.stamping,
            taker,
            voucher,
        )


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
        self._started = now()
        self._examining = threading.BoundedSemaphore(_EXAMINING)
        self._logs = {
            log.origin: _Log(
                log,
                self,
                open_voucher(log.tsa, config.stamper) if log.profile == "deposit" else None,
            )
            for log in config.logs
        }
        self._require_guard(accept_copy)
        self._relay = Relay(config.relay, self.signer.verifier, self.web)
        self.routes = Routes()
        self._add_routes()

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
        self.web.close()
        self.storage.close()

    # The answers.

    def add_checkpoint(self, request: Request) -> Response:
        """c2sp.org/tlog-witness, and the relay."""
        asked = (
            Asked.read(request.headers[name])
            if (name := HEADER.lower()) in request.headers
            else None
        )
        try:
            submission = read_submission(request.body())
        except Rejection as rejection:
            self.refusals.tell(0, rejection.code, rejection.sentence)
            raise
        origin = submission.checkpoint.origin
        log = self._logs.get(origin)
        if log is None:
            sentence = f"this node does not follow {origin[:100]!r}"
            self.refusals.tell(0, "unknown_log", sentence)
            raise Rejection(404, "unknown_log", sentence)
        cosigned = log.witness.add(submission)
        lines = [cosigned.line]
        if asked is not None:
            proof, name = log.witness.proof_from, log.config.key.name
            lines = self._relay.collect(submission, cosigned.line, name, proof, asked)
        block = cosigned.block
        headers = {} if block is None else {"Notary-Block": f"{block.seq} {block.digest.hex}"}
        return Response("".join(map(str, lines)).encode(), headers=headers)

    def examine(self, request: Request) -> Response:
        """Steps 1 to 6 for entries that a platform is about to append; nothing is stored."""
        if not self._examining.acquire(timeout=1.0):
            raise Rejection(503, "busy", "this node is examining other entries")
        try:
            log, items = self._asked(request.body())
            if log.examiner is None:
                raise Rejection(404, "profile", "entries of this log are not examined here")
            trial = log.members.trial(asked=True)
            findings = [_examined(log.examiner, trial, item) for item in items]
        finally:
            self._examining.release()
        return json_response({"items": findings})

    def status(self, _: Request) -> Response:
        return json_response(
            {
                "node": self.name,
                "vkey": self.vkey,
                "started": self._started.strftime(_TIME),
                "logs": [self._log_status(log) for log in self._logs.values()],
                "refusals": self.refusals.shown(0),
            }
        )

    def block(self, request: Request) -> Response:
        """A block, its hash, and the token over that hash."""
        with self.storage.read() as connection:
            found = block_at(connection, int(request.groups[0]))
        if found is None:
            raise Rejection(404, "block", "this node has made no such block")
        value = {
            "seq": found.seq,
            "sha256": found.digest.hex,
            "block": found.data.decode(),
            "token": base64(found.token),
        }
        return json_response(value)

    def health(self, _: Request) -> Response:
        with self.storage.read() as connection:
            connection.execute("SELECT 1 FROM about").fetchone()
        return Response(b"ok\n")

    def _asked(self, body: bytes) -> tuple[_Log, list[Any]]:
        try:
            value = json.loads(body)
            origin, items = value["origin"], value["items"]
            if not isinstance(items, list) or len(items) > MAX_ITEMS:
                raise ValueError(f"items are a list of at most {MAX_ITEMS}")
            log = self._logs.get(origin)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Rejection(400, "malformed", f"the request is malformed: {error}") from error
        if log is None:
            raise Rejection(404, "unknown_log", f"this node does not follow {str(origin)[:100]!r}")
        return log, items

    def _log_status(self, log: _Log) -> dict[str, Any]:
        own, block = log.copy.head(), log.witness.block()
        return {
            "origin": log.config.origin,
            "profile": log.config.profile,
            "size": own.size,
            "root": own.root.hex(),
            "time": own.time.astimezone(UTC).strftime(_TIME) if own.time else None,
            "block": None if block is None else {"seq": block.seq, "sha256": block.digest.hex},
            "refusals": self.refusals.shown(log.copy.id),
            "behind": max(log.witness.seen, log.witness.head().size) > own.size,
        }

    def _require_guard(self, accept_copy: bool) -> None:
        used = any(log.copy.head().size for log in self._logs.values())
        if self.guard.missing and used and not accept_copy:
            raise Fatal(
                f"the guard file {self.guard.path} is missing, so nobody can tell whether this "
                "copy is the newest: put the file back; if it is lost and this copy is certainly "
                "the newest, start once with --accept-copy"
            )
        if self.guard.missing:
            self.guard.make()
            for log in self._logs.values():
                self.guard.move(log.config.origin, log.copy.head())
        for log in self._logs.values():
            log.witness.require_sound()

    def _add_routes(self) -> None:
        self.routes.add("POST", "/add-checkpoint", self.add_checkpoint, limit=MAX_BODY)
        self.routes.add("POST", "/examine", self.examine, limit=_MAX_EXAMINE)
        self.routes.add("GET", "/status", self.status)
        self.routes.add("GET", r"/blocks/([1-9][0-9]{0,15})", self.block)
        self.routes.add("GET", "/healthz", self.health)


def guard_of(folder: Path) -> Path:
    """Where a node's guard stands: beside its folder."""
    folder = folder.absolute()
    return folder.with_name(folder.name + ".guard")


def _examined(examiner: Examiner, trial: Trial, item: Any) -> dict[str, Any]:
    try:
        data = unbase64(item["entry"])
        beside = item.get("supplement")
        supplement = None if beside is None else Supplement.from_object(beside)
        examiner.examine(data, supplement, trial)
    except Finding as finding:
        return _bad(finding.step, finding.code, finding.sentence)
    except InvalidEntry as error:
        return _bad(5, "supplement", f"what stands beside it cannot be read: {error}")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return _bad(1, "entry", f"it cannot be read: {error}")
    return {"ok": True}


def _bad(step: int, code: str, sentence: str) -> dict[str, Any]:
    return {"ok": False, "step": step, "code": code, "detail": sentence}


__all__ = ["DATABASE", "KEY", "MAX_ITEMS", "TEXT", "Node", "guard_of"]
