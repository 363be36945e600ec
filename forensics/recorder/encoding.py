"""The encoding thread: frames into segments, one after the other."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from av.video.reformatter import VideoReformatter

from forensics.clock import Moment
from forensics.recorder.grabbing import Grabber, Seen
from forensics.recorder.limits import LENGTH
from forensics.recorder.messages import Voice
from forensics.recorder.note import Note
from forensics.recorder.segments import Segment


def segment_name(seq: int) -> str:
    """The file name of segment ``seq``, counted from 1."""
    return f"segment-{seq:06d}.mp4"


class Encoder:
    """Takes frames from ``grabber`` until its ``None`` and says what it opened and closed."""

    def __init__(
        self, grabber: Grabber, folder: Path, session: str, fps: int, voice: Voice
    ) -> None:
        self.frames = 0
        self.seq = 0
        self.last: Moment | None = None
        self.failure = ""
        self._grabber = grabber
        self._folder = folder
        self._session = session
        self._fps = fps
        self._voice = voice
        self._segment: Segment | None = None
        self._reformatter = VideoReformatter()
        # Half a tick early counts as on time, or every segment would be a tick longer.
        self._length = LENGTH - 0.5 / fps
        self._thread = threading.Thread(target=self._run, name="encode", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def is_running(self) -> bool:
        return self._thread.is_alive()

    def join(self, wait: float) -> bool:
        """Whether everything is written, within ``wait`` seconds."""
        self._thread.join(wait)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while (seen := self._grabber.frames.get()) is not None:
                self._encode(seen)
            self._close()
        except OSError as error:
            self.failure = f"the recording cannot be written: {error.strerror or error}"
        except Exception as error:  # noqa: BLE001 - told as the reason; the process ends
            self.failure = f"the recording cannot be encoded: {error!r}"

    def _encode(self, seen: Seen) -> None:
        segment, at = self._segment, seen.frame.at
        if segment is not None:
            # What was missed before this frame belongs to the time of the segment before it.
            segment.missed += seen.missed
            if seen.gap is not None:
                segment.gaps.append(self._gap(seen.gap, at))
        if segment is None or at.mono - segment.first.mono >= self._length:
            self._close()
            segment = self._open(seen)
        segment.add(seen.frame, self._reformatter)
        self.frames += 1
        self.last = at
        if segment.frames == 1:
            first, file = segment.first.to_json(), segment.path.name
            self._voice.say("opened", seq=self.seq, file=file, first=first)

    def _open(self, seen: Seen) -> Segment:
        frame, seq = seen.frame, self.seq + 1
        path = self._folder / segment_name(seq)
        note = Note(self._session, seq, frame.at)
        self._segment = Segment(path, note, frame.width, frame.height, self._fps)
        self.seq = seq
        return self._segment

    def _close(self) -> None:
        segment, self._segment = self._segment, None
        if segment is None or segment.last is None:
            return
        size = segment.close()
        self._voice.say(
            "closed",
            seq=segment.note.seq,
            file=segment.path.name,
            bytes=size,
            frames=segment.frames,
            first=segment.first.to_json(),
            last=segment.last.to_json(),
            missed=segment.missed,
            gaps=segment.gaps,
        )

    def _gap(self, since: Moment, until: Moment) -> dict[str, Any]:
        gap = gap_between(since, until)
        self._voice.say("gap", **gap)
        return gap


def gap_between(since: Moment, until: Moment) -> dict[str, Any]:
    """As gaps stand in the chain."""
    length = round(until.mono - since.mono, 3)
    return {"from": since.to_json(), "to": until.to_json(), "seconds": length}
