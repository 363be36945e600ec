"""Draws of fifty million entries: CPU-seconds and memory of each part, in processes of their own.

``python -m benchmarks lottery`` makes lists of 1,000,000 and of ``LOTTERY_ENTRIES`` (50,000,000)
identity numbers in a temporary folder, commits to them, draws 100,000, and has the stand-alone
verifier judge the transcript with its leaves. The folder takes some 120 bytes an entry.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks._figures import figure, missed
from lottery.entries import Layout, Rules
from lottery.entries.layout import LEAVES
from tests.lottery.building import Draw, Plan, stage

ROOT: Final = Path(__file__).resolve().parent.parent
_ENTRIES: Final = int(os.environ.get("LOTTERY_ENTRIES", "50000000"))
_DRAWN: Final = 100_000
_GB: Final = 1e9
#: The compiled code is loaded before the clock starts.
_SELECT: Final = """
import itertools, json, sys, time
from lottery.fast import permutation as fast
from lottery.selection import permutation as pure
count, take, how = json.load(sys.stdin)
fast(bytes(32), 1000, 10), fast(bytes(32), 1000, 1000)
start = time.process_time()
if how == "fast":
    fast(bytes(32), count, take)
else:
    list(itertools.islice(pure(bytes(32), count), take))
print(time.process_time() - start)
"""


@dataclass(frozen=True)
class Spent:
    """What a process took: CPU-seconds, bytes resident at most, what it printed."""

    cpu: float
    memory: int
    said: str


@dataclass
class _Listed(Plan):
    """A plan whose list stands in a folder."""

    document: dict[str, Any] = field(default_factory=dict)

    def listing(self) -> dict[str, Any]:
        return self.document


def main() -> int:
    print(f"entries: {_ENTRIES:,}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        _draw(Path(folder), 1000)  # whatever is compiled once is compiled now
        cpu, _, _ = _draw(Path(folder), 1_000_000)
        figure("1 M entries: ingest, commitment, draw of 100,000", cpu, "CPU-s", 3.0, at_most=True)
        cpu, memory, verified = _draw(Path(folder), _ENTRIES)
    share = _ENTRIES / 50_000_000
    name = f"{_ENTRIES:,} entries"
    figure(f"{name}: the same", cpu, "CPU-s", 50 * share, at_most=True)
    figure(f"{name}: resident at most", memory / _GB, "GB", 2.0, at_most=True)
    figure(f"{name}: verified alone, with leaves", verified, "CPU-s", 45 * share, at_most=True)
    pure = _select(_ENTRIES, _DRAWN, "pure")
    figure(f"100,000 of {name} by the reference", pure, "CPU-s", 0.3, at_most=True)
    full = _select(_ENTRIES, _ENTRIES, "fast")
    figure(f"{name}: full ranking", full, "CPU-s", 10 * share, at_most=True)
    return min(missed(), 125)


def _draw(folder: Path, count: int) -> tuple[float, int, float]:
    """CPU-seconds and memory of list and draw; CPU-seconds of the verification."""
    path, kept, plan = folder / "list.csv", folder / f"kept-{count}", _Listed()
    write_list(path, count)
    listed = _run(
        [sys.executable, "-m", "lottery.entries", "commit"], commit_task(path, kept, plan.draw)
    )
    plan.document = json.loads(listed.said.splitlines()[-1])["result"]
    drawn = min(_DRAWN, count)
    # The draw itself, in a process of its own, through the path the portal takes.
    plan.pools = {"A": [(1, count)]}
    plan.stages = [stage(winners=drawn, alternates=0)]
    selected = _run([sys.executable, "-c", _SELECT], json.dumps([count, drawn, "fast"]))
    transcript = folder / "transcript.json"
    transcript.write_bytes(Draw(plan).freeze().prepare().reveal().finish().transcript())
    verifier = [sys.executable, str(ROOT / "lottery/verifier.py")]
    verified = _run([*verifier, str(transcript), str(kept / LEAVES)], "")
    path.unlink()
    return (
        listed.cpu + float(selected.said),
        max(listed.memory, selected.memory),
        verified.cpu,
    )


def commit_task(path: Path, folder: Path, draw: str) -> str:
    """What the child is told on its standard input, to commit to the list at ``path``."""
    names = ("organiser", "notary", "salt", "lookup")
    task = {
        "path": str(path),
        "layout": Layout("id", ("name",)).document(),
        "rules": Rules(("A",)).document(),
        "keys": {name: bytes([number]).hex() * 32 for number, name in enumerate(names, 1)},
        "draw": draw,
        "folder": str(folder),
    }
    return json.dumps(task)


def write_list(path: Path, count: int) -> None:
    """Numbers in no order, as lists come, each of them once."""
    step = 7_919_000_007 if count > 1000 else 7
    space = 10**11 + 3
    at = random.Random(count).randrange(space)  # noqa: S311 -- the same list each time
    with path.open("w", encoding="utf-8", buffering=1 << 20) as out:
        out.write("id,name\n")
        for number in range(count):
            out.write(f"{at:018d},张*{number % 97}\n")
            at = (at + step) % space


def _select(count: int, take: int, how: str) -> float:
    return float(_run([sys.executable, "-c", _SELECT], json.dumps([count, take, how])).said)


def _run(command: list[str], text: str) -> Spent:
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(text)
    process.stdin.close()
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command}: exit status {process.returncode}: {said[-2000:]}")
    return Spent(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, said)


if __name__ == "__main__":
    raise SystemExit(main())
