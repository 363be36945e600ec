"""Several processes on one folder, kill -9 at any moment: nothing is lost, all becomes final."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import pytest

from chain_adapter import Status
from chain_adapter.witness import Policy, WitnessLedger
from tests.chain_adapter.records import check_log, make_entry
from tests.chain_adapter.witness.fakes import Answer, FakeNode, policy_for
from tests.chain_adapter.witness.test_collecting import final_of
from tests.chain_adapter.witness.world import follow, write_policy
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[3]


@pytest.fixture
def policy(folder: Path, nodes: list[FakeNode]) -> Path:
    follow(nodes, folder)
    path = folder.with_name("nodes.json")
    write_policy(path, policy_for(nodes))
    return path


def writer(folder: Path, policy: Path, prefix: str, count: int) -> subprocess.Popen[str]:
    module = "tests.chain_adapter.witness.crash_writer"
    command = [sys.executable, "-m", module, str(folder), str(policy), prefix, str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_two_processes_collect_for_one_log(folder: Path, policy: Path) -> None:
    """The web server's and the worker's; whoever asks first, one tree is cosigned at a time."""
    with (
        writer(folder, policy, "other", 25) as other,
        WitnessLedger(folder, Policy.load(policy)) as ledger,
    ):
        assert other.stdout is not None
        assert other.stdout.readline().startswith("appending")
        for number in range(25):
            ledger.append([make_entry(f"own-{number}")])
        assert other.wait(PATIENCE) == 0
        for prefix in ("own", "other"):
            for number in range(25):
                assert final_of(ledger, f"deposit:{prefix}-{number}").status is Status.FINAL
        assert check_log(ledger) == 50
        assert not ledger.refusals()


def test_kill_9_while_collecting_loses_nothing(
    folder: Path, policy: Path, nodes: list[FakeNode]
) -> None:
    chance = random.Random(7)  # noqa: S311 - moments to kill at

    def slow(node: FakeNode, body: bytes) -> Answer | None:
        time.sleep(chance.random() * 0.03)
        return None

    for node in nodes:
        node.behave = slow
    told: list[str] = []
    for turn in range(3):
        with writer(folder, policy, f"turn-{turn}", 1000) as process:
            assert process.stdout is not None
            told += islice(process.stdout, chance.randrange(6, 20))
            time.sleep(chance.random() * 0.05)
            process.kill()
            told += process.stdout.readlines()
    final = {line.split()[1] for line in told if line.startswith("final")}
    begun = {line.split()[1] for line in told if line.startswith("appending")}
    assert final
    with WitnessLedger(folder, Policy.load(policy)) as ledger:
        for key in final:
            receipt = ledger.lookup(key)
            assert receipt is not None
            assert receipt.status is Status.FINAL
        for key in begun - final:  # as the worker does: lookup, and append when there is nothing
            if ledger.lookup(key) is None:
                ledger.append([make_entry(key.removeprefix("deposit:"))])
            assert final_of(ledger, key).status is Status.FINAL
        assert check_log(ledger) == len(begun)
