"""Segments: what was put in can be played and read back, also from a file that breaks off."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.errors import InvalidEvidence
from forensics.recorder.fragments import read_contents
from forensics.recorder.note import Note
from forensics.recorder.segments import Segment
from tests.effort import examples
from tests.forensics.evidence import BEGAN, FPS, SESSION, write_segment

FRAMES = 35


@pytest.fixture(scope="module")
def segment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("segment")
    (folder / "recording").mkdir()
    write_segment(folder, 1, 0.5, FRAMES)
    return folder / "recording/segment-000001.mp4"


def test_a_segment_plays_and_says_what_it_is(segment: Path) -> None:
    with av.open(str(segment)) as container:
        times = [frame.time for frame in container.decode(video=0)]
        assert container.metadata["comment"]
    assert [round(moment * FPS) for moment in times if moment is not None] == list(range(FRAMES))
    with segment.open("rb") as stream:
        found = read_contents(stream)
    assert (found.frames, found.seconds, found.whole) == (FRAMES, (FRAMES - 1) / FPS, True)
    assert found.note == Note(SESSION, 1, BEGAN.later(0.5))


def test_a_segment_is_not_written_over(segment: Path) -> None:
    before = segment.read_bytes()
    with pytest.raises(FileExistsError):
        Segment(segment, Note(SESSION, 1, BEGAN), 64, 48, FPS)
    assert segment.read_bytes() == before


@given(cut=st.floats(0, 1))
@settings(deadline=None, max_examples=examples(30))
def test_what_is_there_of_a_segment_that_breaks_off_is_counted_as_it_plays(
    segment: Path, cut: float
) -> None:
    data = segment.read_bytes()
    part = data[: int(cut * len(data))]
    try:
        found = read_contents(io.BytesIO(part))
    except InvalidEvidence:
        assert len(part) < 1500  # not even the header
        return
    assert found.whole == (len(part) == len(data))
    assert found.playable <= len(part)
    part = part[: found.playable]
    if found.frames:
        # A player may get something out of a fragment that is not whole; never less.
        assert played(part) >= found.frames


def played(data: bytes) -> int:
    """How many pictures a player shows before it stumbles."""
    count = 0
    with av.open(io.BytesIO(data)) as container, contextlib.suppress(av.error.InvalidDataError):
        for _ in container.decode(video=0):
            count += 1
    return count


@given(at=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255))
@settings(max_examples=examples(300))
def test_a_flipped_segment_is_read_or_refused(segment: Path, at: float, mask: int) -> None:
    data = bytearray(segment.read_bytes())
    data[int(at * len(data))] ^= mask
    with contextlib.suppress(InvalidEvidence):
        assert read_contents(io.BytesIO(bytes(data))).frames >= 0


@given(st.binary(max_size=400))
def test_what_is_no_segment_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidEvidence):
        read_contents(io.BytesIO(data))


@pytest.mark.parametrize("width", [64, 1366, 1600])
def test_widths_that_rows_are_padded_for(tmp_path: Path, width: int) -> None:
    """A picture of vertical stripes comes back as stripes, not slanted."""
    from av.video.reformatter import VideoReformatter

    from forensics.recorder.screen import Frame

    row = bytes([0, 0, 0, 0] * (width // 2) + [255, 255, 255, 0] * (width - width // 2))
    frame = Frame(bytearray(row * 48), width, 48, BEGAN)
    made = Segment(tmp_path / "s.mp4", Note(SESSION, 1, BEGAN), width, 48, FPS)
    made.add(frame, VideoReformatter())
    made.close()
    with av.open(str(tmp_path / "s.mp4")) as container:
        (picture,) = [each.to_image().convert("L") for each in container.decode(video=0)]
    assert picture.size == (width, 48)
    assert picture.crop((0, 0, width // 2 - 8, 48)).getextrema()[1] < 40
    assert picture.crop((width // 2 + 8, 0, width, 48)).getextrema()[0] > 210
