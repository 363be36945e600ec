"""Stills: one frame of the recording as a PNG file."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from PIL import Image

from forensics.recorder.messages import Voice
from forensics.recorder.screen import Frame


class StillWriter:
    """Writes stills aside, so that neither grabbing nor encoding waits for them."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    def __call__(self, frame: Frame, number: int, file: str) -> None:
        writing = (frame, number, Path(file))
        threading.Thread(target=self._write, args=writing, name="still", daemon=True).start()

    def _write(self, frame: Frame, number: int, path: Path) -> None:
        try:
            write_png(frame, path)
        except OSError as error:
            said = f"the still cannot be written: {error.strerror or error}"
            self._voice.say("still", number=number, error=said)
            return
        self._voice.say("still", number=number, file=path.name, at=frame.at.to_json())


def write_png(frame: Frame, path: Path) -> None:
    """Write ``frame`` to ``path``, which must not exist, durably.

    Raises:
        OSError: it exists, or the disk does not take it.
    """
    size = (frame.width, frame.height)
    picture = Image.frombuffer("RGB", size, bytes(frame.pixels), "raw", "BGRX", 0, 1)
    with path.open("xb") as file:
        picture.save(file, "PNG", compress_level=6)
        file.flush()
        os.fsync(file.fileno())
