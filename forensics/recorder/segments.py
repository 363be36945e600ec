"""One segment: fragmented MP4 with H.264, written so that what is on the disk can be played.

``empty_moov`` and ``default_base_moof`` with fragments of one second: after a ``kill -9`` every
whole fragment plays. ``zerolatency``: without it x264 keeps a still screen to itself. The file says
inside whose and which segment it is and when it began (:mod:`forensics.recorder.note`), so that a
file alone can be placed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, Final

import av
from av.video.reformatter import VideoReformatter

from forensics.clock import Moment
from forensics.errors import InvalidEvidence
from forensics.recorder.fragments import read_contents
from forensics.recorder.limits import FRAGMENT
from forensics.recorder.note import Note
from forensics.recorder.screen import BYTES_PER_PIXEL, Frame

CODEC: Final = "libx264"
_MILLISECOND: Final = Fraction(1, 1000)
_X264: Final = {"preset": "veryfast", "tune": "zerolatency", "crf": "23", "threads": "1"}
_MP4: Final = {
    "movflags": "empty_moov+default_base_moof",
    "frag_duration": str(int(FRAGMENT * 1_000_000)),
    "flush_packets": "1",
}


@dataclass(slots=True)
class Segment:
    """An open segment. Times inside are milliseconds since its first frame."""

    path: Path
    note: Note
    width: int
    height: int
    fps: int
    frames: int = 0
    missed: int = 0
    gaps: list[dict[str, Any]] = field(default_factory=list)
    last: Moment | None = None
    _container: Any = None
    _stream: Any = None
    _pts: int = -1

    def __post_init__(self) -> None:
        # "x": never over an older file.
        self.path.open("xb").close()
        self._container = av.open(str(self.path), "w", format="mp4", options=dict(_MP4))
        self._container.metadata["comment"] = self.note.encode()
        self._stream = self._container.add_stream(CODEC, rate=self.fps, options=dict(_X264))
        self._stream.width, self._stream.height = self.width, self.height
        self._stream.pix_fmt = "yuv420p"
        self._stream.time_base = _MILLISECOND
        self._stream.codec_context.time_base = _MILLISECOND
        self._stream.codec_context.gop_size = 2 * self.fps

    @property
    def first(self) -> Moment:
        return self.note.first

    def add(self, frame: Frame, reformatter: VideoReformatter) -> None:
        """Append ``frame``.

        Raises:
            OSError: the disk does not take it.
        """
        since = round((frame.at.mono - self.first.mono) * 1000)
        self._pts = max(since, self._pts + 1)
        picture = reformatter.reformat(_picture(frame), format="yuv420p")
        picture.pts, picture.time_base = self._pts, _MILLISECOND
        for packet in self._stream.encode(picture):
            self._container.mux(packet)
        self.frames += 1
        self.last = frame.at

    def close(self) -> int:
        """Finish the file and make it durable; returns its bytes.

        Raises:
            OSError: the disk does not take the rest.
        """
        try:
            for packet in self._stream.encode():
                self._container.mux(packet)
        finally:
            self._container.close()
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
            self._require_whole(file)
            return os.fstat(file.fileno()).st_size

    def _require_whole(self, file: BinaryIO) -> None:
        """The muxer does not always tell when the disk was full: look at what is there."""
        try:
            found = read_contents(file)
        except InvalidEvidence as error:
            raise OSError(str(error)) from error
        if not found.whole or found.frames != self.frames:
            message = f"{self.path.name} has {found.frames} of its {self.frames} frames"
            raise OSError(message)


def _picture(frame: Frame) -> av.VideoFrame:
    picture = av.VideoFrame(frame.width, frame.height, "bgr0")
    plane: Any = picture.planes[0]  # takes any buffer, and its annotations say bytes
    row = frame.width * BYTES_PER_PIXEL
    if plane.line_size == row:
        plane.update(frame.pixels)
        return picture
    # Rows are padded where the width is no multiple of the alignment.
    padding = bytes(plane.line_size - row)
    pixels = memoryview(frame.pixels)
    rows = (pixels[at : at + row] for at in range(0, frame.height * row, row))
    plane.update(b"".join(part for each in rows for part in (each, padding)))
    return picture
