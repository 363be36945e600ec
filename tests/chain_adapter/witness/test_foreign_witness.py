"""A witness made by others is one of our nodes, and others judge what comes of it."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from chain_adapter import Status, cosigners
from chain_adapter.quorum import Quorum
from chain_adapter.tlog import TlogLedger
from chain_adapter.witness import Policy, PolicyNode, WitnessLedger
from tests.chain_adapter.records import check_log, make_entries, make_entry
from tests.chain_adapter.witness.conftest import ORIGIN
from tests.chain_adapter.witness.fakes import FakeNode, policy_for, watch
from tests.ports import free_port
from tests.waiting import wait_for

ROOT = Path(__file__).parents[3]
BIN = ROOT / ".judges/aics/bin"

pytestmark = [pytest.mark.judge, pytest.mark.xdist_group("judges")]


@pytest.fixture
def foreign(tmp_path: Path, folder: Path) -> Iterator[PolicyNode]:
    """A running aics-witness that follows the log in ``folder``."""
    if not (BIN / "aics-witness").exists():
        pytest.skip("aics-witness is not installed; scripts/judges/setup_aics.sh does it")
    with TlogLedger(folder, origin=ORIGIN) as ledger:
        vkey = ledger.vkey
    home = tmp_path / "aics"
    home.mkdir()
    config = str(home / "witness.json")
    port = free_port()

    def run(*arguments: str) -> str:
        command = [str(BIN / "aics-witness"), *arguments, "--config", config]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    said = run("init", "--name", "witness.elsewhere.example/w1", "--listen", f"127.0.0.1:{port}")
    run("add-log", "--origin", ORIGIN, "--vkey", vkey)
    command = [str(BIN / "aics-witness"), "serve", "--config", config]
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        _wait(f"{url}/healthz")
        (own,) = [word for word in said.split() if word.startswith("witness.elsewhere.example/w1+")]
        yield PolicyNode("witness.elsewhere.example/w1", own, url)
        process.terminate()


def _wait(url: str) -> None:
    def answers() -> bool:
        with suppress(OSError), urllib.request.urlopen(url, timeout=10):
            return True
        return False

    wait_for(answers, f"{url} answers")


@pytest.fixture
def together(folder: Path, nodes: list[FakeNode], foreign: PolicyNode) -> Iterator[WitnessLedger]:
    """Our log with two nodes and the foreign witness, all of whom must cosign."""
    listed = (*policy_for(nodes[:2], need=2).nodes, foreign)
    quorum = Quorum(3, tuple(node.vkey for node in listed))
    with WitnessLedger(folder, Policy(quorum, listed, examine=True)) as ledger:
        watch(nodes, ledger.vkey)
        yield ledger


def judge(
    base: Path, ledger: WitnessLedger, checkpoint: str, need: int = 3
) -> subprocess.CompletedProcess[str]:
    note, policy = base / "note", base / "policy.json"
    note.write_text(checkpoint)
    policy.write_text(json.dumps({"quorum": need, "witnesses": list(ledger.policy.quorum.nodes)}))
    script = ROOT / "scripts/judges/aics_quorum.py"
    command = [str(each) for each in (BIN / "python", script, note, ledger.vkey, policy)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_foreign_witness_is_one_of_our_nodes(together: WitnessLedger, tmp_path: Path) -> None:
    for count in (1, 40, 3):
        receipts = together.append(make_entries(f"batch-{count}", count))
    assert receipts[0].status is Status.FINAL
    names = cosigners(receipts[0].checkpoint, together.policy.quorum)
    assert names[2] == "witness.elsewhere.example/w1"
    assert check_log(together) == 44
    assert not together.refusals()
    (view,) = [view for view in together.nodes() if view.name == names[2]]
    assert (view.reachable, view.size, view.claimed) == (True, 44, None)

    done = judge(tmp_path, together, receipts[0].checkpoint)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("44 entries, cosigned by node-a.example, node-b.example, witness")


def test_others_refuse_what_we_refuse(together: WitnessLedger, tmp_path: Path) -> None:
    (receipt,) = together.append([make_entry("judged")])
    lines = receipt.checkpoint.splitlines(keepends=True)
    place = receipt.checkpoint.rindex(lines[-1]) + len(lines[-1]) - 20
    other = "A" if receipt.checkpoint[place] != "A" else "B"
    changed = receipt.checkpoint[:place] + other + receipt.checkpoint[place + 1 :]
    fewer = "".join(lines[:-1])
    for note in (fewer, "".join([*lines, lines[-1]]), changed):
        assert judge(tmp_path, together, note).returncode == 1
    assert judge(tmp_path, together, fewer, need=2).returncode == 0
