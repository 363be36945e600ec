"""Asking the nodes about entries before they are recorded, because afterwards is too late.

An entry that so many nodes refuse that the others are too few would stand in the log and never be
final. Silence is no refusal: a node that does not answer, or does not examine, has said nothing.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from chain_adapter._strict import base64
from chain_adapter.canonical import canonical_json
from chain_adapter.entry import Entry
from chain_adapter.errors import Denied
from chain_adapter.node.fetch import TooMuch, Unreachable, Web
from chain_adapter.supplement import Supplement
from chain_adapter.witness.lines import MAX_ANSWER, sentence_of
from chain_adapter.witness.policy import Policy, PolicyNode

Item = tuple[Entry, Supplement | None]

#: Entries in one question, and about how long it is, bytes.
_ITEMS: Final = 256
_LENGTH: Final = 900_000


@dataclass
class _Hearing:
    """What has been said so far: by place of the entry, each node's refusal."""

    waiting: int
    heard: threading.Condition = field(default_factory=threading.Condition)
    refusals: dict[int, dict[str, str]] = field(default_factory=dict)

    def refuse(self, place: int, node: str, detail: str) -> None:
        with self.heard:
            self.refusals.setdefault(place, {})[node] = detail

    def leave(self) -> None:
        with self.heard:
            self.waiting -= 1
            self.heard.notify_all()

    def wait(self, seconds: float) -> dict[int, dict[str, str]]:
        with self.heard:
            self.heard.wait_for(lambda: self.waiting == 0, seconds)
            return {place: dict(said) for place, said in sorted(self.refusals.items())}


def require_welcome(
    web: Web,
    policy: Policy,
    origin: str,
    items: Sequence[Item],
    report: Callable[[str, str, str], None],
) -> None:
    """Ask all nodes at once, for as long as the policy is patient.

    Raises:
        Denied: so many refuse an entry that the quorum cannot be reached; names them and says why.
    """
    hearing = _Hearing(len(policy.nodes))
    end = time.monotonic() + policy.patience
    parts = list(_parts(items))
    for node in policy.nodes:
        ask = partial(_ask, web, node, origin, parts, end, hearing)
        threading.Thread(target=ask, name="deposit-node", daemon=True).start()
    refusals = hearing.wait(policy.patience)
    most = len(policy.nodes) - policy.quorum.need
    for place, heard in refusals.items():
        said = {node.name: heard[node.name] for node in policy.nodes if node.name in heard}
        for name, detail in said.items():
            report(name, "entry", detail)
        if len(said) > most:
            why = "; ".join(f"{name}: {detail}" for name, detail in said.items())
            key, total = items[place][0].key, len(policy.nodes)
            raise Denied(f"{len(said)} of {total} deposit nodes refuse {key}: {why}")


def _parts(items: Sequence[Item]) -> Iterator[tuple[int, list[Any]]]:
    """Questions that are not too long, each with the place of its first entry."""
    first, length = 0, 0
    part: list[Any] = []
    for place, (entry, supplement) in enumerate(items):
        data = base64(entry.encode())
        beside = None if supplement is None else supplement.to_object()
        value = {"entry": data, "supplement": beside}
        size = len(data) + sum(map(len, (beside or {}).values())) + 100
        if part and (len(part) == _ITEMS or length + size > _LENGTH):
            yield first, part
            first, part, length = place, [], 0
        part.append(value)
        length += size
    if part:
        yield first, part


def _ask(
    web: Web,
    node: PolicyNode,
    origin: str,
    parts: Sequence[tuple[int, list[Any]]],
    end: float,
    hearing: _Hearing,
) -> None:
    try:
        for first, part in parts:
            left = end - time.monotonic()
            if left <= 0:
                return
            body = canonical_json({"origin": origin, "items": part})
            answer = web.post(
                f"{node.url}/examine",
                body,
                {"Content-Type": "application/json"},
                seconds=left,
                limit=4 * MAX_ANSWER,
            )
            if answer.status != 200:
                return
            for index, detail in _refused(answer.body, len(part)):
                hearing.refuse(first + index, node.name, detail)
    except (Unreachable, TooMuch, ValueError, TypeError, KeyError, RecursionError):
        return  # what cannot be understood says nothing
    finally:
        hearing.leave()


def _refused(body: bytes, count: int) -> Iterator[tuple[int, str]]:
    """The refused items of an answer, by place, and why."""
    findings = json.loads(body)["items"]
    if not isinstance(findings, list) or len(findings) != count:
        raise ValueError("another number of findings than of items")
    for index, finding in enumerate(findings):
        if finding["ok"] is False:
            code, detail = str(finding.get("code", "")), str(finding.get("detail", ""))
            yield index, sentence_of(f"{detail or code}".encode()) or "refused"
