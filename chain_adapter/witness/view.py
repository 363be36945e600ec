"""How the nodes stand, for a map of them. What a node says of itself is shown as what it is: said.

A height counts when the node's cosignature of that very tree is at hand; the one it names itself is
``claimed``.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from chain_adapter.node.fetch import TooMuch, Unreachable, Web
from chain_adapter.witness.lines import MAX_ANSWER, sentence_of
from chain_adapter.witness.policy import PolicyNode
from chain_adapter.witness.sidecar import Line

#: Seconds for all nodes together.
PATIENCE: Final = 1.5
_REFUSALS: Final = 20
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class NodeRefusal:
    """Something the node says it refused, in its words."""

    time: datetime | None
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node. ``reachable``: it answered just now. ``size`` and ``time``: of the largest tree
    whose cosignature by this node we hold (0 and None: none). ``claimed``: the size it names
    itself, None when it names none. ``root``: that tree's root as it says. ``block``: number and
    SHA-256 of its newest record of ours, as it says, None when it keeps none. ``behind``: it says
    that it lacks something. ``refusals``: its own newest, at most 20. ``trouble``: why it gave us
    no cosignature when last asked, or what is wrong with its answer; empty when nothing is."""

    name: str
    url: str
    vkey: str
    reachable: bool
    size: int
    time: datetime | None
    claimed: int | None = None
    root: bytes | None = None
    block: tuple[int, str] | None = None
    behind: bool = False
    refusals: tuple[NodeRefusal, ...] = ()
    trouble: str = ""


def look(
    web: Web,
    nodes: Sequence[PolicyNode],
    origin: str,
    lines: Sequence[Line],
    troubles: dict[str, str],
) -> tuple[NodeView, ...]:
    """Ask all nodes for their status at once. Never raises for what they answer."""
    proven = {each.node: each for each in lines}
    views: dict[str, NodeView] = {}

    def ask(node: PolicyNode) -> None:
        line, trouble = proven.get(node.name), troubles.get(node.name, "")
        views[node.name] = _view(web, node, origin, line, trouble)

    threads = [threading.Thread(target=ask, args=(node,), daemon=True) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE + 0.5)
    return tuple(
        views.get(node.name) or _silent(node, proven.get(node.name), "does not answer")
        for node in nodes
    )


def _view(web: Web, node: PolicyNode, origin: str, line: Line | None, trouble: str) -> NodeView:
    try:
        answer = web.get(f"{node.url}/status", seconds=PATIENCE, limit=4 * MAX_ANSWER)
    except Unreachable as error:
        return _silent(node, line, str(error))
    except TooMuch as error:
        return _answered(node, line, {}, str(error))
    if answer.status != 200:  # a foreign witness, which shows no status
        return _answered(node, line, {}, trouble)
    try:
        value = json.loads(answer.body)
        (log,) = [each for each in value["logs"] if each["origin"] == origin]
        return _answered(node, line, log, trouble)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return _answered(node, line, {}, trouble or "its status cannot be read")


def _silent(node: PolicyNode, line: Line | None, trouble: str) -> NodeView:
    size, time = (line.size, line.time) if line else (0, None)
    return NodeView(
        node.name, node.url, node.vkey, False, size, time, block=_kept(line), trouble=trouble
    )


def _answered(node: PolicyNode, line: Line | None, log: dict[str, Any], trouble: str) -> NodeView:
    size, time = (line.size, line.time) if line else (0, None)
    claimed, root = log.get("size"), log.get("root")
    return NodeView(
        node.name,
        node.url,
        node.vkey,
        True,
        size,
        time,
        claimed if type(claimed) is int and 0 <= claimed < 2**53 else None,
        bytes.fromhex(root) if isinstance(root, str) and _HASH.fullmatch(root) else None,
        _block(log.get("block")) or _kept(line),
        log.get("behind") is True,
        _refusals(log.get("refusals")),
        trouble,
    )


def _kept(line: Line | None) -> tuple[int, str] | None:
    """The block that came with the node's cosignature."""
    if line is None or not line.block:
        return None
    seq, _, digest = line.block.partition(" ")
    return int(seq), digest


def _block(value: Any) -> tuple[int, str] | None:
    if not isinstance(value, dict):
        return None
    seq, digest = value.get("seq"), value.get("sha256")
    if type(seq) is not int or not isinstance(digest, str) or not _HASH.fullmatch(digest):
        return None
    return (seq, digest) if 0 <= seq < 2**53 else None


def _refusals(value: Any) -> tuple[NodeRefusal, ...]:
    if not isinstance(value, list):
        return ()
    found = [each for each in value[-_REFUSALS:] if isinstance(each, dict)]
    return tuple(
        NodeRefusal(_moment(each.get("time")), _text(each.get("code")), _text(each.get("detail")))
        for each in found
    )


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.strptime(value, _TIME).replace(tzinfo=UTC)
    except (ValueError, TypeError):
        return None


def _text(value: Any) -> str:
    return sentence_of(str(value).encode("utf-8", "replace")) if isinstance(value, str) else ""
