"""A watched log opened by its URL, with a policy file and four nodes that answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from chain_adapter import Ledger, open_ledger
from chain_adapter.tlog import TlogLedger
from chain_adapter.witness import Policy
from tests.chain_adapter.witness.fakes import FakeNode, fake_nodes, policy_for, watch


def write_policy(path: Path, policy: Policy, **changed: Any) -> None:
    """As an operator writes it."""
    value = {
        "need": policy.quorum.need,
        "patience": policy.patience,
        "mode": policy.mode,
        "examine": policy.examine,
        "since": policy.quorum.since,
        "nodes": [{"name": n.name, "vkey": n.vkey, "url": n.url} for n in policy.nodes],
    }
    path.write_text(json.dumps({**value, **changed}, indent=2))


def follow(nodes: Sequence[FakeNode], folder: Path) -> None:
    """Make the log in ``folder``, and have the nodes follow it."""
    with TlogLedger(folder) as ledger:
        watch(nodes, ledger.vkey)


def watched_ledger(base: Path, stack: ExitStack) -> Callable[[], Ledger]:
    """What opens it, once or several times; the nodes live as long as ``stack``."""
    nodes = stack.enter_context(fake_nodes())
    follow(nodes, base / "ledger")
    write_policy(base / "nodes.json", policy_for(nodes))
    return partial(open_ledger, "witness:ledger#policy=nodes.json", base=base)
