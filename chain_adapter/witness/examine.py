"""Asking the nodes about entries before they are recorded, because afterwards is too late.

An entry that so many nodes refuse that the others are too few would stand in the log and never be
final. Silence is no refusal: a node that does not answer, or does not examine, has said nothing.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
#: What judging one entry may take a node, seconds.
_EACH: Final = 0.005


class _Hearing:
    """What has been said so far: by place of the entry, each node's refusal; and how many nodes
    take everything."""

    def __init__(self, nodes: int, need: int) -> None:
        self.refusals: dict[int, dict[str, str]] = {}
        self._waiting, self._need, self._welcome = nodes, need, 0
        self._heard = threading.Condition()

    def refuse(self, place: int, node: str, detail: str) -> None:
        with self._heard:
            self.refusals.setdefault(place, {})[node] = detail

    def leave(self, welcome: bool) -> None:
        """A node has said all it will say."""
        with self._heard:
            self._waiting -= 1
            self._welcome += welcome
            self._heard.notify_all()

    def wait(self, seconds: float) -> dict[int, dict[str, str]]:
        """Until all have spoken, or so many take everything that the others do not matter."""
        with self._heard:
            self._heard.wait_for(lambda: self._waiting == 0 or self._welcome >= self._need, seconds)
            return {place: dict(said) for place, said in sorted(self.refusals.items())}


def require_welcome(
    web: Web,
    policy: Policy,
    origin: str,
    items: Sequence[Item],
    report: Callable[[str, str, str], None],
) -> None:
    """Ask all nodes at once, for as long as the policy is patient, and longer for many entries.

    Raises:
        Denied: so many refuse an entry that the quorum cannot be reached; names them and says why.
    """
    hearing = _Hearing(len(policy.nodes), policy.quorum.need)
    seconds = policy.patience + len(items) * _EACH
    end = time.monotonic() + seconds
    parts = list(_parts(items))
    for node in policy.nodes:
        asking = _Asking(web, node, origin, end, hearing, report)
        threading.Thread(target=asking.ask, args=(parts,), name="deposit-node", daemon=True).start()
    refusals = hearing.wait(seconds)
    most = len(policy.nodes) - policy.quorum.need
    for place, heard in refusals.items():
        said = {node.name: heard[node.name] for node in policy.nodes if node.name in heard}
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


@dataclass(frozen=True)
class _Asking:
    """One node, asked in a thread of its own."""

    web: Web
    node: PolicyNode
    origin: str
    end: float
    hearing: _Hearing
    report: Callable[[str, str, str], None]

    def ask(self, parts: Sequence[tuple[int, list[Any]]]) -> None:
        welcome = False
        try:
            taken = [self._takes(first, part) for first, part in parts]  # all, whatever one says
            welcome = all(taken)
        except (Unreachable, TooMuch, ValueError, TypeError, KeyError, RecursionError):
            pass  # what cannot be understood says nothing
        finally:
            self.hearing.leave(welcome)

    def _takes(self, first: int, part: list[Any]) -> bool:
        """Whether the node takes all of these; each refusal is told at once."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise Unreachable("there was no time to ask")
        body = canonical_json({"origin": self.origin, "items": part})
        answer = self.web.post(
            f"{self.node.url}/examine",
            body,
            {"Content-Type": "application/json"},
            seconds=left,
            limit=4 * MAX_ANSWER,
        )
        if answer.status != 200:
            return False
        refused = list(_refused(answer.body, len(part)))
        for index, detail in refused:
            self.hearing.refuse(first + index, self.node.name, detail)
            self.report(self.node.name, "entry", detail)
        return not refused


def _refused(body: bytes, count: int) -> Iterator[tuple[int, str]]:
    """The refused items of an answer, by place, and why."""
    findings = json.loads(body)["items"]
    if not isinstance(findings, list) or len(findings) != count:
        raise ValueError("another number of findings than of items")
    for index, finding in enumerate(findings):
        if finding["ok"] is False:
            code, detail = str(finding.get("code", "")), str(finding.get("detail", ""))
            yield index, sentence_of(f"{detail or code}".encode()) or "refused"
