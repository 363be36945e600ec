"""What the recorder says, one line of JSON each on its standard output.

=============  ====================================================================================
``ready``      ``width, height, fps, codec, at, mono, versions``: the screen was seen once
``opened``     ``seq, file, first``: a segment has its first frame
``closed``     ``seq, file, frames, first, last, missed, gaps, bytes``: it is whole and on the disk
``progress``   ``frames, missed, grabbed, last, seq``: four times a second, whatever happens;
               ``grabbed`` is when the screen was last seen (monotonic)
``gap``        ``from, to, seconds``: the screen was not seen for more than a second, and now is
``still``      ``number, file, at``: a picture was written
``failed``     ``reason``: it cannot go on
``stopped``    ``frames``: it ended as it was told
=============  ====================================================================================

And what it is told, likewise on its standard input: ``{"do": "stop"}``,
``{"do": "still", "number": 3, "file": "/…/0003.png"}``.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

#: No line is longer, bytes.
MAX_MESSAGE: Final = 256 * 1024


class Voice:
    """Says things on a file descriptor, from several threads. Nobody listening is no error: the
    recording goes on until the standard input closes."""

    def __init__(self, file: int = 1) -> None:
        self._file = file
        self._lock = threading.Lock()

    def say(self, kind: str, **fields: Any) -> None:
        line = json.dumps({"type": kind, **fields}, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            try:
                while line:
                    line = line[os.write(self._file, line) :]
            except OSError:
                return


def listen(stream: BinaryIO) -> Iterator[dict[str, Any]]:
    """The messages of the other side, until it closes; what is no message is passed over."""
    while line := stream.readline(MAX_MESSAGE):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield value
