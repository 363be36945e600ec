"""The grabbing thread: looks at the screen at every tick and hands on what changed."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from forensics.clock import Moment
from forensics.recorder.limits import GAP, HEARTBEAT
from forensics.recorder.screen import Frame, Screen, ScreenGone

#: Frames that wait for the encoder at most; each has four bytes a pixel.
_WAITING: Final = 6


@dataclass(frozen=True, slots=True)
class Seen:
    """A frame for the encoder. ``missed`` ticks passed without a look since the one before;
    ``gap`` is when the screen had last been seen, if that was too long ago."""

    frame: Frame
    missed: int = 0
    gap: Moment | None = None


class Grabber:
    """Fills ``frames`` until told to stop; a ``None`` comes last."""

    def __init__(
        self, screen: Screen, fps: int, on_still: Callable[[Frame, int, str], None]
    ) -> None:
        self.frames: queue.Queue[Seen | None] = queue.Queue(_WAITING)
        #: When the screen was last seen and kept; None before the first time.
        self.seen: Moment | None = None
        self.missed = 0
        self.failure = ""
        self._screen = screen
        self._fps = fps
        self._on_still = on_still
        self._stills: queue.SimpleQueue[tuple[int, str]] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._kept: Frame | None = None
        self._untold = 0
        self._thread = threading.Thread(target=self._run, name="grab", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def still(self, number: int, file: str) -> None:
        """Hand the next frame to ``on_still`` as well, and record it in any case."""
        self._stills.put((number, file))

    def stop(self, wait: float) -> bool:
        """Stop looking; whether the thread ended within ``wait`` seconds. It does not when the X
        server keeps it waiting."""
        self._stopping.set()
        self._thread.join(wait)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._look()
        except ScreenGone as gone:
            self.failure = str(gone)
        except Exception as error:  # noqa: BLE001 - told as the reason; the process ends
            self.failure = f"looking at the screen failed: {error!r}"
        self.frames.put(None)

    def _look(self) -> None:
        begun, tick = time.monotonic(), 0
        while not self._stopping.is_set():
            frame = self._screen.grab()
            late = time.monotonic() - (begun + tick / self._fps)
            skipped = max(0, int(late * self._fps))
            self._lose(skipped)
            self._take(frame)
            tick += skipped + 1
            self._stopping.wait(max(0.0, begun + tick / self._fps - time.monotonic()))

    def _take(self, frame: Frame) -> None:
        asked = not self._stills.empty()
        late = self.seen is not None and frame.at.mono - self.seen.mono > GAP
        if not (asked or late) and self._is_known(frame):
            self.seen = frame.at
            return
        try:
            self.frames.put_nowait(Seen(frame, self._untold, self.seen if late else None))
        except queue.Full:
            self._lose(1)
            return
        self.seen, self._kept, self._untold = frame.at, frame, 0
        while asked and not self._stills.empty():
            self._on_still(frame, *self._stills.get())

    def _is_known(self, frame: Frame) -> bool:
        kept = self._kept
        if kept is None or frame.at.mono - kept.at.mono >= HEARTBEAT:
            return False
        return kept.pixels == frame.pixels

    def _lose(self, ticks: int) -> None:
        self.missed += ticks
        self._untold += ticks
