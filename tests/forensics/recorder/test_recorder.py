"""The recorder's process in front of a real screen."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image, ImageChops

from forensics.recorder.fragments import read_contents
from tests.forensics.slowness import Stalls
from tests.forensics.xvnc import XServer, xvnc
from tests.waiting import PATIENCE, wait_for

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.skipif(shutil.which("Xvnc") is None, reason="Xvnc is not installed")


@dataclass
class Recording:
    process: subprocess.Popen[bytes]
    folder: Path
    said: list[dict[str, Any]] = field(default_factory=list)

    def hear(self, kind: str) -> dict[str, Any]:
        """What it says next of that kind."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(json.loads(line))
            if self.said[-1]["type"] == kind:
                return self.said[-1]
        raise AssertionError(f"it never said {kind}: {self.said[-3:]}")

    def order(self, **fields: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(fields).encode() + b"\n")
        self.process.stdin.flush()

    def still(self, number: int) -> Path:
        path = self.folder / f"{number}.png"
        self.order(do="still", number=number, file=str(path))
        assert self.hear("still")["number"] == number
        return path


@contextmanager
def recording(server: XServer, folder: Path) -> Iterator[Recording]:
    command = ["--folder", str(folder), "--session", "5e" * 16, "--display", server.display]
    process = subprocess.Popen(
        [sys.executable, "-m", "forensics.recorder", *command],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield Recording(process, folder)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[XServer]:
    with xvnc(tmp_path) as running:
        yield running


def test_what_is_on_the_screen_is_on_the_recording(server: XServer, tmp_path: Path) -> None:
    with recording(server, tmp_path) as recorded:
        ready = recorded.hear("ready")
        assert (ready["width"], ready["height"], ready["codec"]) == (1280, 800, "libx264")
        server.draw()
        time.sleep(2)
        still = recorded.still(1)
        recorded.order(do="stop")
        closed = recorded.hear("closed")
        assert recorded.hear("stopped")["frames"] == closed["frames"]
        assert recorded.process.wait(PATIENCE) == 0
    segment = tmp_path / closed["file"]
    with segment.open("rb") as stream:
        assert read_contents(stream).frames == closed["frames"]
    assert segment.stat().st_size == closed["bytes"]
    seen = recorded.said[-1]
    assert seen["type"] == "stopped"
    with av.open(str(segment)) as container:
        pictures = [frame.to_image() for frame in container.decode(video=0)]
    with Image.open(still) as taken:
        assert min(difference(taken, picture) for picture in pictures) < 3


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of two pictures, 0 to 255."""
    small = [each.convert("L").resize((160, 100)) for each in (one, other)]
    histogram = ImageChops.difference(*small).histogram()
    return sum(value * count for value, count in enumerate(histogram)) / (160 * 100)


def difference_of(
    before: Image.Image, now: Image.Image
) -> tuple[Image.Image, tuple[int, int, int, int]] | None:
    """The later picture and where it differs; None when it does not."""
    box = ImageChops.difference(before, now).getbbox()
    return (now, box) if box else None


def test_the_pointer_is_seen(server: XServer, tmp_path: Path) -> None:
    if shutil.which("xdotool") is None:
        pytest.skip("xdotool moves the pointer")
    with recording(server, tmp_path) as recorded:
        recorded.hear("opened")
        numbers = itertools.count(1)

        def still() -> Image.Image:
            with Image.open(recorded.still(next(numbers))) as picture:
                return picture.convert("L")

        before = still()
        for place in ("100", "600"):
            move = ["xdotool", "mousemove", place, place]
            subprocess.run(move, env={"DISPLAY": server.display, "PATH": "/usr/bin"}, check=True)
            # The server may answer the recorder before it moves the pointer.
            now, box = wait_for(lambda seen=before: difference_of(seen, still()), "it moved")
            before = now
    assert box[0] < 120
    assert box[2] > 590


def test_a_screen_that_stands_still_costs_few_frames(server: XServer, tmp_path: Path) -> None:
    with recording(server, tmp_path) as recorded, Stalls() as stalls:
        recorded.hear("opened")
        time.sleep(3)
        recorded.order(do="stop")
        closed = recorded.hear("closed")
    length = closed["last"]["mono"] - closed["first"]["mono"]
    # While the machine stands still nobody looks.
    seen = length - max(sum(gap["seconds"] for gap in closed["gaps"]), stalls.lost)
    # One at least every half a second, and far fewer than ten.
    assert seen * 2 - 2 <= closed["frames"] <= length * 2 + 3
    assert closed["gaps"] == [] or stalls.lost > 0.5


def test_when_its_keeper_is_gone_it_closes_the_segment_and_ends(
    server: XServer, tmp_path: Path
) -> None:
    with recording(server, tmp_path) as recorded:
        recorded.hear("opened")
        time.sleep(0.5)
        assert recorded.process.stdin is not None
        recorded.process.stdin.close()
        assert recorded.process.wait(PATIENCE) == 0
        recorded.process.stdin = None
    with (tmp_path / "segment-000001.mp4").open("rb") as stream:
        assert read_contents(stream).whole


def test_a_folder_that_cannot_be_written(server: XServer, tmp_path: Path) -> None:
    with recording(server, tmp_path / "nowhere") as recorded:
        assert "cannot be written" in recorded.hear("failed")["reason"]
        assert recorded.process.wait(PATIENCE) == 1
