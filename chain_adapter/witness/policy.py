"""The policy file: which nodes a ledger has, how many must cosign, and how they are asked.

JSON, written by people::

    {
      "need": 3,             how many of the nodes must cosign
      "patience": 2.0,       seconds an append waits for them
      "mode": "fan-out",     all nodes at once, or "relay": one after another
      "examine": true,       ask them about entries before these are recorded
      "since": 0,            trees of so many entries and fewer need nobody
      "nodes": [{"name": "node-a.example", "vkey": "node-a.example+…", "url": "https://…"}, …]
    }

``need`` and ``nodes`` must be there; the others have the values above when they are left out.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from chain_adapter._strict import read_object
from chain_adapter.errors import Fatal, InvalidProof
from chain_adapter.note import COSIGNATURE, VerifierKey
from chain_adapter.quorum import MAX_POLICY, Quorum, encode_quorums

MODES: Final = ("fan-out", "relay")
_MOST_PATIENCE: Final = 60.0
_NEEDED: Final = frozenset(("need", "nodes"))
_KNOWN: Final = _NEEDED | {"patience", "mode", "examine", "since"}
_NODE: Final = frozenset(("name", "vkey", "url"))


@dataclass(frozen=True, slots=True)
class PolicyNode:
    """``url`` is the address below which the node answers, without a slash at its end."""

    name: str
    vkey: str
    url: str

    @property
    def key(self) -> VerifierKey:
        return VerifierKey.parse(self.vkey, COSIGNATURE)


@dataclass(frozen=True, slots=True)
class Policy:
    """``patience`` in seconds. Relaying asks in the order of ``nodes``."""

    quorum: Quorum
    nodes: tuple[PolicyNode, ...]
    patience: float = 2.0
    mode: str = "fan-out"
    examine: bool = True

    def digest(self) -> str:
        """What a quorum is kept under: another quorum has another digest."""
        return hashlib.sha256(encode_quorums({"": self.quorum})).hexdigest()

    @classmethod
    def load(cls, path: Path) -> Policy:
        """Read a policy file.

        Raises:
            Fatal: it is missing, or what is wrong with it.
        """
        try:
            return cls.from_json(path.read_bytes())
        except OSError as error:
            raise Fatal(f"the policy of deposit nodes {path} cannot be read: {error}") from error
        except ValueError as error:
            raise Fatal(f"the policy of deposit nodes {path} is wrong: {error}") from error

    @classmethod
    def from_json(cls, data: bytes) -> Policy:
        """Read a policy.

        Raises:
            ValueError: naming what is wrong.
        """
        value = read_object(data, MAX_POLICY)
        _require(value, _NEEDED, _KNOWN, "the policy")
        if not isinstance(value["nodes"], list):
            raise ValueError("nodes are a list")
        nodes = tuple(map(_node, value["nodes"]))
        patience, mode, examine = (
            value.get("patience", 2.0),
            value.get("mode", "fan-out"),
            value.get("examine", True),
        )
        if type(patience) not in (int, float) or not 0 < patience <= _MOST_PATIENCE:
            raise ValueError(f"patience is up to {_MOST_PATIENCE:.0f} seconds")
        if mode not in MODES or type(examine) is not bool:
            raise ValueError(f"mode is one of {', '.join(MODES)}; examine is true or false")
        need, since = value["need"], value.get("since", 0)
        if type(need) is not int or type(since) is not int:
            raise ValueError("need and since are whole numbers")
        quorum = Quorum(need, tuple(node.vkey for node in nodes), since)
        return cls(quorum, nodes, float(patience), mode, examine)


def _node(value: Any) -> PolicyNode:
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise ValueError("a node has a name, a vkey and a url, all text")
    _require(value, _NODE, _NODE, "a node")
    node = PolicyNode(value["name"], value["vkey"], value["url"].rstrip("/"))
    if node.key.name != node.name:
        raise InvalidProof(f"the key listed for {node.name} is another's: {node.vkey}")
    parts = urlsplit(node.url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{node.url!r} is not the address of a node")
    return node


def _require(
    value: dict[str, Any], needed: frozenset[str], known: frozenset[str], what: str
) -> None:
    for name in sorted(needed - value.keys()):
        raise ValueError(f"{what} lacks {name!r}")
    for name in sorted(value.keys() - known):
        raise ValueError(f"{what} has the unknown field {name[:40]!r}")
