"""Whatever is killed, stopped or starved: input off, never complete, and the evidence whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from forensics.desktop.interface import Observation, Phase, Terminal
from forensics.errors import ForensicsError
from forensics.recorder.fragments import read_contents
from forensics.session.spec import Settings
from tests.effort import some
from tests.forensics.session.conftest import Keep
from tests.forensics.session.judging import require_sound
from tests.forensics.session.keeping import Kept
from tests.forensics.slowness import Stalls, slowness
from tests.forensics.xvnc import XServer
from tests.waiting import wait_for

pytestmark = pytest.mark.fault
#: What these tests are about: how long until it is noticed and until the gate is shut, how much may
#: be lost, in seconds of a machine that is ours alone.
NOTICED = 3.0
SHUT = 2.0
LOST = 2.0
#: How long the product itself waits for what has fallen silent.
SILENCE = {"silence_seconds": Settings().silence_seconds}
STALL = {"stall_seconds": Settings().stall_seconds}


def is_interrupted(seen: Observation) -> bool:
    return seen.terminal is Terminal.INTERRUPTED and not seen.input_on


def under_way(keep: Keep, display: str, **facts: float) -> Kept:
    """A session that has been live for a second; another one if the machine stood still for so long
    that it was rightly ended."""
    kept = keep(display, **facts)
    with Stalls() as stalls:
        try:
            kept.go_live()
            time.sleep(1)
            kept.until(lambda _: kept.gate())
        except (AssertionError, ForensicsError):
            if stalls.lost < 1:
                raise
        else:
            return kept
    return under_way(keep, display, **facts)


def require_noticed(kept: Kept) -> None:
    with Stalls() as stalls:
        begun = time.monotonic()
        before = slowness()
        kept.until(is_interrupted)
        took = time.monotonic() - begun
    assert took <= NOTICED * max(before, slowness()) + stalls.lost
    assert not kept.gate()


def last_frame(kept: Kept) -> float:
    """When the last frame that is on the disk was seen (monotonic)."""
    path = max((kept.folder.evidence / "recording").glob("*.mp4"))
    with path.open("rb") as stream:
        found = read_contents(stream)
    return found.note.first.mono + found.seconds


def kill_recorder(kept: Kept, after: float) -> None:
    """Kill it ``after`` seconds of recording; at most two of them are lost."""
    kept.go_live()
    with Stalls() as stalls:
        time.sleep(after)
        wait_for(kept.gate, "the gate is open")
        os.kill(kept.recorder(), signal.SIGKILL)
        died = time.monotonic()
    slow = slowness()
    require_noticed(kept)
    manifest = kept.ended()
    assert manifest["terminal"] == "interrupted"
    assert "signal 9" in manifest["reason"]
    assert died - last_frame(kept) <= LOST * max(slow, slowness()) + stalls.lost
    require_sound(kept.folder.evidence)


@pytest.mark.parametrize("after", some([0.7, 3.3, 10.05], [3.3]))
def test_the_recorder_is_killed_before_a_screen_that_moves(
    after: float, screen: XServer, keep: Keep
) -> None:
    kill_recorder(keep(screen.display), after)


@pytest.mark.parametrize("after", some([1.9, 4.4], [1.9]))
def test_the_recorder_is_killed_before_a_still_screen(
    after: float, own_screen: XServer, keep: Keep
) -> None:
    kill_recorder(keep(own_screen.display), after)


@pytest.mark.soak
@pytest.mark.parametrize("moves", [True, False])
def test_the_recorder_is_killed_at_random_moments(
    moves: bool, screen: XServer, own_screen: XServer, keep: Keep
) -> None:
    shown = screen if moves else own_screen
    for _ in range(10):
        kill_recorder(keep(shown.display), random.uniform(0.2, 22))  # noqa: S311


def test_the_recorder_stands_still(screen: XServer, keep: Keep) -> None:
    kept = under_way(keep, screen.display, **SILENCE, **STALL)
    os.kill(kept.recorder(), signal.SIGSTOP)
    require_noticed(kept)
    manifest = kept.ended()
    assert manifest["terminal"] == "interrupted"
    require_sound(kept.folder.evidence)


def test_the_x_server_is_killed(own_screen: XServer, keep: Keep) -> None:
    kept = under_way(keep, own_screen.display, **SILENCE, **STALL)
    own_screen.process.kill()
    require_noticed(kept)
    assert kept.ended()["terminal"] == "interrupted"
    require_sound(kept.folder.evidence)


def test_the_x_server_stands_still(own_screen: XServer, keep: Keep) -> None:
    kept = under_way(keep, own_screen.display, **STALL)
    own_screen.process.send_signal(signal.SIGSTOP)
    require_noticed(kept)
    manifest = kept.ended()
    assert manifest["terminal"] == "interrupted"
    assert "screen does not answer" in manifest["reason"]
    assert manifest["recording"]["gaps"][-1]["seconds"] > 1
    require_sound(kept.folder.evidence)


def test_a_short_stop_is_a_gap_and_shuts_the_gate_meanwhile(
    own_screen: XServer, keep: Keep, stalls: Stalls
) -> None:
    kept = keep(own_screen.display)
    kept.go_live()
    time.sleep(1)
    wait_for(kept.gate, "the gate is open")
    lost = stalls.lost
    own_screen.process.send_signal(signal.SIGSTOP)
    begun = time.monotonic()
    wait_for(lambda: not kept.gate(), "the gate is shut")
    took = time.monotonic() - begun
    assert took <= SHUT * slowness() + stalls.lost - lost
    time.sleep(0.3)
    own_screen.process.send_signal(signal.SIGCONT)
    kept.until(lambda seen: seen.counts["gaps"])
    wait_for(kept.gate, "the gate is open again")
    manifest = kept.finish()
    assert manifest["terminal"] == "complete"
    gaps = [gap["seconds"] for gap in manifest["recording"]["gaps"]]
    assert all(1 < seconds < 30 for seconds in gaps), gaps
    # Another for each time the machine stood still as well.
    assert len(gaps) == 1 or stalls.lost > 0.5
    assert manifest["recording"]["missed"] > 5
    require_sound(kept.folder.evidence)


def test_there_is_no_x_server(keep: Keep) -> None:
    kept = keep(":1999")
    manifest = kept.ended()
    assert manifest["terminal"] == "failed"
    assert "cannot be opened" in manifest["reason"]
    require_sound(kept.folder.evidence)


def test_the_recorder_takes_too_much_memory(screen: XServer, keep: Keep) -> None:
    kept = keep(screen.display, recorder_memory_bytes=1 << 20)
    manifest = kept.ended()
    assert manifest["terminal"] != "complete"
    assert "memory" in manifest["reason"]


def test_the_keeper_is_killed_and_what_it_left_is_sealed(screen: XServer, keep: Keep) -> None:
    kept = keep(screen.display)
    kept.go_live()
    kept.ask("mark", note="before")
    time.sleep(1.5)
    kept.process.kill()
    kept.process.wait()
    time.sleep(2.1)
    assert not kept.gate()
    assert kept.salvage() == 0
    assert kept.status().phase is Phase.ENDED
    manifest = kept.manifest()
    assert manifest["terminal"] == "interrupted"
    assert manifest["recording"]["segments"] == 1
    require_sound(kept.folder.evidence)
    before = (kept.folder.evidence / "manifest.json").read_bytes()
    assert kept.salvage() == 0
    assert (kept.folder.evidence / "manifest.json").read_bytes() == before


def test_keeper_and_recorder_are_killed(screen: XServer, keep: Keep) -> None:
    kept = keep(screen.display)
    kept.go_live()
    time.sleep(1.5)
    os.kill(kept.recorder(), signal.SIGSTOP)
    kept.process.kill()
    kept.process.wait()
    os.kill(kept.recorder(), signal.SIGKILL)
    assert kept.salvage() == 0
    assert kept.manifest()["terminal"] == "interrupted"
    assert not kept.manifest()["recording"]["final_token"]
    require_sound(kept.folder.evidence)


def test_the_keeper_died_before_it_did_anything(keep: Keep) -> None:
    kept = keep(":1999")
    kept.process.kill()
    kept.process.wait()
    assert kept.salvage() == 0
    assert kept.manifest()["terminal"] == "failed"
    require_sound(kept.folder.evidence)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 12 MiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.root
@pytest.mark.parametrize("reserve", [6 << 20, 0])
def test_the_disk_fills_up(reserve: int, small_disk: Path, screen: XServer, keep: Keep) -> None:
    """Seen coming, or, without looking ahead, when the recorder hits the wall."""
    kept = keep(screen.display, root=small_disk, min_free_bytes=reserve)
    kept.go_live()
    with pytest.raises(OSError, match="space"):
        (small_disk / "filler").write_bytes(bytes(12 << 20))
    require_noticed(kept)
    assert kept.ended()["terminal"] == "interrupted"
    require_sound(kept.folder.evidence)
