"""The policy file, and opening a watched ledger by its URL."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from chain_adapter import Fatal, open_ledger
from chain_adapter.tlog import TlogLedger
from chain_adapter.witness import Policy, WitnessLedger
from tests.chain_adapter.witness.signers import NODES, vkey_of
from tests.chain_adapter.witness.world import watched_ledger

LISTED = [
    {"name": each.verifier.name, "vkey": vkey_of(each), "url": f"https://{each.verifier.name}/n/"}
    for each in NODES
]


def test_what_is_left_out_has_its_usual_value() -> None:
    policy = Policy.from_json(json.dumps({"need": 3, "nodes": LISTED}).encode())
    assert (policy.patience, policy.mode, policy.examine) == (2.0, "fan-out", True)
    assert (policy.quorum.need, policy.quorum.since) == (3, 0)
    assert policy.nodes[0].url == "https://node-a.example/n"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"need": 5}, "no quorum"),
        ({"need": "3"}, "whole numbers"),
        ({"need": True}, "whole numbers"),
        ({"since": -1}, "begin"),
        ({"patience": 0}, "seconds"),
        ({"patience": 61}, "seconds"),
        ({"patience": "2"}, "seconds"),
        ({"mode": "star"}, "fan-out, relay"),
        ({"examine": 1}, "true or false"),
        ({"nodes": {}}, "a list"),
        ({"nodes": [*LISTED, LISTED[0]]}, "twice"),
        ({"nodes": [LISTED[0] | {"name": "x.example"}]}, "another's"),
        ({"nodes": [LISTED[0] | {"url": "file:///etc"}]}, "address"),
        ({"nodes": [LISTED[0] | {"url": "https://x/?a"}]}, "address"),
        ({"nodes": [LISTED[0] | {"port": "1"}]}, "unknown field 'port'"),
        ({"nodes": [LISTED[0] | {"url": 1}]}, "all text"),
        ({"nodes": [LISTED[0] | {"vkey": "node-a.example+00000000+AAAA"}]}, "type 0x04"),
        ({"quorum": 3}, "unknown field 'quorum'"),
    ],
)
def test_a_wrong_policy_says_what_is_wrong(tmp_path: Path, change: Any, reason: str) -> None:
    path = tmp_path / "nodes.json"
    path.write_text(json.dumps({"need": 1, "nodes": LISTED} | change))
    with pytest.raises(Fatal, match=rf"nodes\.json is wrong: .*{reason}"):
        Policy.load(path)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"need": 1}', '{"nodes": []}'])
def test_a_file_that_is_no_policy(tmp_path: Path, text: str) -> None:
    path = tmp_path / "nodes.json"
    path.write_text(text)
    with pytest.raises(Fatal, match="is wrong"):
        Policy.load(path)


def test_opening_by_url(tmp_path: Path) -> None:
    with ExitStack() as stack:
        with watched_ledger(tmp_path, stack)() as ledger:
            assert isinstance(ledger, WitnessLedger)
            assert isinstance(ledger, TlogLedger)
            assert ledger.trust().quorums[ledger.id].need == 3
        for url in ("witness:ledger", "witness:#policy=nodes.json", "witness:l#policy=a&x=y"):
            with pytest.raises(Fatal, match="witness:FOLDER#policy=FILE"):
                open_ledger(url, base=tmp_path)
        with pytest.raises(Fatal, match="cannot be read"):
            open_ledger("witness:ledger#policy=missing.json", base=tmp_path)
