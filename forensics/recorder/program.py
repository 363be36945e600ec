"""The recorder's process: wiring, watchdog, and an end in every case."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import av
import mss
import PIL

from forensics.recorder.encoding import Encoder
from forensics.recorder.grabbing import Grabber
from forensics.recorder.messages import Voice, listen
from forensics.recorder.screen import Screen, ScreenGone
from forensics.recorder.segments import CODEC
from forensics.recorder.stills import StillWriter

#: Between two ``progress`` messages, seconds.
_BEAT: Final = 0.25
#: How long the threads may take to end, seconds: the X server may never answer again, and the last
#: segment's end must get to the disk.
_GRAB_ENDS: Final = 1.0
_ENCODING_ENDS: Final = 8.0


@dataclass(frozen=True, slots=True)
class Options:
    """``folder`` takes the segments; ``session`` stands inside them."""

    display: str
    folder: Path
    session: str
    fps: int


class Recorder:
    """One recording, from the first frame to the last."""

    def __init__(self, options: Options, voice: Voice, orders: BinaryIO) -> None:
        self._voice = voice
        self._orders = orders
        self._stop = threading.Event()
        self._screen = Screen(options.display)
        self._grabber = Grabber(self._screen, options.fps, StillWriter(voice))
        self._encoder = Encoder(self._grabber, options.folder, options.session, options.fps, voice)
        self._options = options

    def run(self) -> int:
        """Record until told to stop, or something fails; returns the exit status. The caller must
        leave by ``os._exit``: a thread that waits for the X server never ends."""
        self._ready()
        threading.Thread(target=self._obey, name="orders", daemon=True).start()
        self._grabber.start()
        self._encoder.start()
        while not self._stop.wait(_BEAT) and self._encoder.is_running():
            self._progress()
        return self._end()

    def _ready(self) -> None:
        first = self._screen.grab()
        versions = {"mss": mss.__version__, "av": av.__version__, "pillow": PIL.__version__}
        versions["avcodec"] = ".".join(map(str, av.library_versions["libavcodec"]))
        self._voice.say(
            "ready",
            width=self._screen.width,
            height=self._screen.height,
            fps=self._options.fps,
            codec=CODEC,
            at=first.at.to_json(),
            versions=versions,
        )

    def _obey(self) -> None:
        for order in listen(self._orders):
            if order.get("do") == "stop":
                break
            if order.get("do") == "still":
                self._grabber.still(int(order["number"]), str(order["file"]))
        # Also when the standard input closed: whoever watched over this recording is gone.
        self._stop.set()

    def _progress(self) -> None:
        grabber, encoder = self._grabber, self._encoder
        said: dict[str, Any] = {
            "frames": encoder.frames,
            "missed": grabber.missed,
            "grabbed": grabber.seen.mono if grabber.seen else None,
            "last": encoder.last.to_json() if encoder.last else None,
            "seq": encoder.seq,
        }
        self._voice.say("progress", **said)

    def _end(self) -> int:
        if not self._grabber.stop(_GRAB_ENDS) and self._encoder.is_running():
            self._grabber.frames.put(None)  # the thread itself waits for the X server
        written = self._encoder.join(_ENCODING_ENDS)
        self._progress()
        failure = self._encoder.failure or self._grabber.failure
        if not written:
            failure = failure or "the last segment did not get to the disk in time"
        if failure:
            self._voice.say("failed", reason=failure)
            return 1
        self._voice.say("stopped", frames=self._encoder.frames)
        return 0


def run(options: Options) -> int:
    """Record to standard output's listener; returns the exit status."""
    voice = Voice()
    try:
        return Recorder(options, voice, sys.stdin.buffer).run()
    except ScreenGone as gone:
        voice.say("failed", reason=str(gone))
    except OSError as error:
        voice.say("failed", reason=f"the recording cannot begin: {error}")
    return 1


def leave(status: int) -> None:
    """End the process now, whatever its threads wait for."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
