"""Real processes: killed at random points, and several writing at once."""

from __future__ import annotations

import base64
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from chain_adapter.checkpoint import open_checkpoint
from chain_adapter.note import VerifierKey
from chain_adapter.tlog import TlogLedger
from tests.chain_adapter.records import check_log, make_entry, stored_checkpoints

ROOT = Path(__file__).parents[2]
KILLS = 50

pytestmark = pytest.mark.fault


class Acknowledged(NamedTuple):
    key: str
    position: int
    checkpoint: str


def start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.chain_adapter.crash_writer", str(folder), *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)


def parse(output: bytes) -> list[Acknowledged]:
    lines = output[: output.rfind(b"\n") + 1].decode().splitlines()
    parts = (line.split(" ") for line in lines)
    return [
        Acknowledged(key, int(position), base64.b64decode(note).decode())
        for key, position, note in parts
    ]


def write_and_kill(folder: Path, prefix: str, delay: float) -> list[Acknowledged]:
    """Let a writer run for ``delay`` seconds after its first acknowledgement, then kill it; a
    negative delay is counted from its start, so that it also dies opening and recovering."""
    writer = start(folder, prefix)
    assert writer.stdout is not None
    first = writer.stdout.readline() if delay >= 0 else b""
    time.sleep(abs(delay))
    writer.kill()
    rest = writer.stdout.read()
    assert writer.wait() == -9
    writer.stdout.close()
    return parse(first + rest)


def test_kill_9_loses_nothing_acknowledged_and_forks_nothing(folder: Path) -> None:
    with TlogLedger(folder) as ledger:
        key = VerifierKey.parse(ledger.vkey)
    acknowledged: dict[str, Acknowledged] = {}
    roots: dict[int, bytes] = {}

    def note_root(size: int, root: bytes) -> None:
        assert roots.setdefault(size, root) == root, f"two checkpoints of {size} entries"

    for number in range(KILLS):
        early = number % 5 == 0
        delay = random.uniform(-0.5, -0.1) if early else random.uniform(0, 0.05)  # noqa: S311
        found = write_and_kill(folder, f"kill-{number}", delay)
        acknowledged.update((each.key, each) for each in found)
        let_out = folder.with_name("ledger.guard").read_text()
        for note in {let_out, *(each.checkpoint for each in found)}:
            checkpoint = open_checkpoint(note, key).checkpoint
            note_root(checkpoint.size, checkpoint.root)
        with TlogLedger(folder) as ledger:
            stored = stored_checkpoints(ledger)
            for size, root in stored.items():
                note_root(size, root)
            for each in found:
                receipt = ledger.lookup(each.key)
                assert receipt is not None, f"{each.key} was acknowledged and is lost"
                assert (receipt.position, receipt.checkpoint) == each[1:]
    assert len(acknowledged) > KILLS

    with TlogLedger(folder) as ledger:
        assert finish(ledger) >= len(acknowledged)
        for each in acknowledged.values():
            receipt = ledger.lookup(each.key)
            assert receipt is not None
            assert (receipt.position, receipt.checkpoint) == each[1:]
        assert roots.items() <= stored_checkpoints(ledger).items()


def finish(ledger: TlogLedger) -> int:
    """One more append finishes what the last kill left; then everything must hold."""
    ledger.append([make_entry("last")])
    return check_log(ledger)


def test_two_processes_append_at_once(folder: Path) -> None:
    with TlogLedger(folder) as ledger:
        writers = [start(folder, prefix, "--count", "60") for prefix in ("one", "two")]
        outputs = [parse(writer.communicate()[0]) for writer in writers]
        assert [writer.returncode for writer in writers] == [0, 0]
        acknowledged = [each for output in outputs for each in output]
        assert len(acknowledged) == 480
        assert sorted(each.position for each in acknowledged) == list(range(480))
        assert check_log(ledger) == 480


def test_two_processes_append_the_same_entries_once(folder: Path) -> None:
    with TlogLedger(folder) as ledger:
        writers = [start(folder, "same", "--count", "40") for _ in range(2)]
        outputs = [parse(writer.communicate()[0]) for writer in writers]
        assert [writer.returncode for writer in writers] == [0, 0]
        assert sorted(outputs[0]) == sorted(outputs[1])
        assert check_log(ledger) == 160
