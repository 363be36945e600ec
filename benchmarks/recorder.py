"""The recorder against ``ffmpeg -f x11grab`` in the same run, four recorders at once, and sealing.

Both look at the same screen, 1280 × 800 at 10 pictures a second, on which a terminal scrolls all
the time, one after the other for ``RECORDER_SECONDS`` (30): CPU-seconds and megabytes a minute, and
the most memory they had resident. ffmpeg encodes with the same settings, without chain, digests,
gaps or watchdog. What ffmpeg does is measured, not demanded.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks._figures import figure
from forensics.desktop import layout
from forensics.events import EventLog
from forensics.manifest import About, Ending, build_manifest
from forensics.recorder.messages import listen
from forensics.session.chain import RecordingChain
from forensics.session.child import usage_of
from tests.forensics.xvnc import xvnc

SECONDS = float(os.environ.get("RECORDER_SECONDS", "30"))
_DESKTOPS = 4
_ROOT = Path(__file__).parents[1]
#: A session of half an hour: segments, and bytes of each as an active screen makes them.
_SEGMENTS, _SEGMENT = 180, 850_000


@dataclass(frozen=True)
class Cost:
    """``cpu`` seconds and ``megabytes`` a minute, ``memory`` in megabytes at most, ``missed`` ticks
    of a hundred."""

    cpu: float
    megabytes: float
    memory: float
    missed: float = 0.0


def main() -> None:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        screens = [stack.enter_context(xvnc(folder)) for _ in range(_DESKTOPS)]
        screens[0].draw()
        time.sleep(1)
        ours = recorded(screens[0].display, folder / "ours")
        theirs = grabbed(screens[0].display, folder / "theirs")
        figure("recorder, CPU a minute", ours.cpu, "CPU-s", floor=12, at_most=True)
        figure("recorder, on disk a minute", ours.megabytes, "MB", floor=10, at_most=True)
        figure("recorder, resident at most", ours.memory, "MB", floor=150, at_most=True)
        figure("ffmpeg x11grab, CPU a minute", theirs.cpu, "CPU-s", floor=0)
        figure("ffmpeg x11grab, on disk a minute", theirs.megabytes, "MB", floor=0)
        figure("ffmpeg x11grab, resident at most", theirs.memory, "MB", floor=0)
        for screen in screens[1:]:
            screen.draw()
        worst = four([screen.display for screen in screens], folder)
        figure("four recorders, ticks missed by the worst", worst, "%", floor=5, at_most=True)
        figure("sealing 30 minutes", sealing(folder / "sealing"), "s", floor=10, at_most=True)


def start(display: str, folder: Path) -> subprocess.Popen[bytes]:
    folder.mkdir()
    command = ["--folder", str(folder), "--session", "0" * 32, "--display", display]
    return subprocess.Popen(
        [sys.executable, "-m", "forensics.recorder", *command],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def recorded(display: str, folder: Path) -> Cost:
    process = start(display, folder)
    time.sleep(2)
    return measured(process, folder, missed_of)


def grabbed(display: str, folder: Path) -> Cost:
    folder.mkdir()
    grab = ["-f", "x11grab", "-framerate", "10", "-video_size", "1280x800", "-i", display]
    encode = ["-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-crf", "23"]
    encode += ["-threads", "1", "-pix_fmt", "yuv420p", "-g", "20"]
    encode += ["-movflags", "empty_moov+default_base_moof", "-frag_duration", "1000000"]
    process = subprocess.Popen(
        ["ffmpeg", "-loglevel", "error", *grab, *encode, str(folder / "grabbed.mp4")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    time.sleep(2)
    return measured(process, folder, lambda _: 0.0)


def measured(process: subprocess.Popen[bytes], folder: Path, missed: Any) -> Cost:
    """Watch for :data:`SECONDS`, then end it in its own way."""
    before, bytes_before = usage_of(process.pid)[1], size(folder)
    begun = time.monotonic()
    time.sleep(SECONDS)
    minutes = (time.monotonic() - begun) / 60
    cpu = usage_of(process.pid)[1] - before
    written, memory = size(folder) - bytes_before, peak(process.pid)
    said = ended(process)
    return Cost(cpu / minutes, written / 1e6 / minutes, memory, missed(said))


def ended(process: subprocess.Popen[bytes]) -> bytes:
    """What it said to its end. ffmpeg stops at a q, our recorder when nobody listens any more."""
    said, _ = process.communicate(b"q\n", timeout=30)
    if process.returncode:
        raise SystemExit(f"{process.args} ended with {process.returncode}")
    return said


def missed_of(said: bytes) -> float:
    """Ticks of a hundred that passed without a look at the screen."""
    closed = [json.loads(line) for line in said.splitlines() if b'"type":"closed"' in line]
    length = closed[-1]["last"]["mono"] - closed[0]["first"]["mono"]
    return float(100 * sum(each["missed"] for each in closed) / (length * 10))


def four(displays: list[str], folder: Path) -> float:
    """Four recorders beside their X servers and what scrolls on them; the worst one's share."""
    recorders = [start(display, folder / display.strip(":")) for display in displays]
    for each in recorders:
        if each.stdout is None or next(listen(each.stdout), None) is None:  # type: ignore[arg-type]
            raise SystemExit("a recorder did not begin")
    time.sleep(SECONDS / 2)
    return max(missed_of(ended(each)) for each in recorders)


def sealing(folder: Path) -> float:
    """From the last segment of half an hour to the manifest."""
    for name in layout.EVIDENCE_FOLDERS:
        (folder / name).mkdir(parents=True)
    events, chain = EventLog(folder / layout.EVENTS), RecordingChain(folder)
    events.emit("input_on")
    moment = {"utc": "2026-11-21T02:00:00.000000Z", "mono": 1}
    ready = {"width": 1280, "height": 800, "fps": 10, "codec": "libx264", "at": moment}
    chain.start("0" * 32, ready)
    for seq in range(1, _SEGMENTS + 1):
        (folder / layout.segment(seq)).write_bytes(secrets.token_bytes(_SEGMENT))
        closed = {"seq": seq, "frames": 100, "first": moment, "last": moment}
        chain.segment(closed | {"missed": 0, "gaps": []})
    begun = time.monotonic()
    chain.end("finished")
    manifest = build_manifest(folder, About("0" * 32), Ending("complete", "finished"))
    took = time.monotonic() - begun
    if manifest.count(b"segment-") != _SEGMENTS:
        raise SystemExit("the manifest does not name every segment")
    return took


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def peak(pid: int) -> float:
    """Megabytes resident at most so far."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    main()
