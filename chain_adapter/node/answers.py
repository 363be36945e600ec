"""What a node answers over HTTP, apart from packets."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, Final

from chain_adapter._strict import base64, unbase64
from chain_adapter.errors import InvalidEntry
from chain_adapter.node.examination import Examiner, Finding
from chain_adapter.node.followed import FollowedLog
from chain_adapter.node.logcopy import block_at
from chain_adapter.node.members import Trial
from chain_adapter.node.relay import HEADER, Asked
from chain_adapter.node.routes import (
    MAX_BODY,
    Rejection,
    Request,
    Response,
    Routes,
    json_response,
)
from chain_adapter.node.submission import read_submission
from chain_adapter.supplement import Supplement

if TYPE_CHECKING:
    from chain_adapter.node.service import Node

#: Entries in one request to ``/examine``, its length in bytes, and how many at once.
MAX_ITEMS: Final = 256
_MAX_EXAMINE: Final = 8 * MAX_BODY
_EXAMINING: Final = 4
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


class Answers:
    """Answers for ``node``; for any number of threads."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._examining = threading.BoundedSemaphore(_EXAMINING)

    def mount(self, routes: Routes) -> None:
        routes.add("POST", "/add-checkpoint", self.add_checkpoint, limit=MAX_BODY)
        routes.add("POST", "/examine", self.examine, limit=_MAX_EXAMINE)
        routes.add("GET", "/status", self.status)
        routes.add("GET", r"/blocks/([1-9][0-9]{0,15})", self.block)
        routes.add("GET", "/healthz", self.health)

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
            self._node.refusals.tell(0, rejection.code, rejection.sentence)
            raise
        origin = submission.checkpoint.origin
        log = self._node.logs.get(origin)
        if log is None:
            sentence = f"this node does not follow {origin[:100]!r}"
            self._node.refusals.tell(0, "unknown_log", sentence)
            raise Rejection(404, "unknown_log", sentence)
        cosigned = log.witness.add(submission)
        lines = [cosigned.line]
        if asked is not None:
            proof, name = log.witness.proof_from, log.config.key.name
            lines = self._node.relay.collect(submission, cosigned.line, name, proof, asked)
        block = cosigned.block
        headers = {} if block is None else {"Notary-Block": f"{block.seq} {block.digest.hex}"}
        return Response("".join(map(str, lines)).encode(), headers=headers)

    def examine(self, request: Request) -> Response:
        """Steps 1 to 6 for entries that a platform is about to append; nothing is stored."""
        log, items = self._asked(request.body())
        if log.examiner is None:
            raise Rejection(404, "profile", "entries of this log are not examined here")
        if not self._examining.acquire(timeout=1.0):
            raise Rejection(503, "busy", "this node is examining other entries")
        try:
            trial = log.members.trial(asked=True)
            findings = [_examined(log.examiner, trial, item) for item in items]
        finally:
            self._examining.release()
        return json_response({"items": findings})

    def status(self, _: Request) -> Response:
        return json_response(
            {
                "node": self._node.name,
                "vkey": self._node.vkey,
                "started": self._node.started.strftime(_TIME),
                "logs": [log.status() for log in self._node.logs.values()],
                "refusals": self._node.refusals.shown(0),
            }
        )

    def block(self, request: Request) -> Response:
        """A block, its hash, and the token over that hash."""
        with self._node.storage.read() as connection:
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
        with self._node.storage.read() as connection:
            connection.execute("SELECT 1 FROM about").fetchone()
        return Response(b"ok\n")

    def _asked(self, body: bytes) -> tuple[FollowedLog, list[Any]]:
        try:
            value = json.loads(body)
            origin, items = value["origin"], value["items"]
            if not isinstance(items, list) or len(items) > MAX_ITEMS:
                raise ValueError(f"items are a list of at most {MAX_ITEMS}")
            log = self._node.logs.get(origin)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Rejection(400, "malformed", f"the request is malformed: {error}") from error
        if log is None:
            raise Rejection(404, "unknown_log", f"this node does not follow {str(origin)[:100]!r}")
        return log, items


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
