"""The recording's chain: one line for its start, each segment, token and gap, and its end.

Lines (:mod:`forensics.chained`) and their fields, ``file`` always below the evidence folder::

    start    session, width, height, fps, codec, at, mono
    segment  seq, file, sha256, bytes, frames, first, last, missed, gaps, whole
    token    file, sha256, head               an RFC 3161 token whose imprint is head
    gap      from, to, seconds, reason        the screen was not seen, and then not again
    end      count, head, at, reason          segments, and the head before this line

``whole`` is false for a segment that broke off; its digest is over what there is.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from forensics import clock
from forensics.chained import ChainedLog, read_lines
from forensics.clock import Moment
from forensics.desktop import layout

_CHUNK: Final = 1 << 20


class RecordingChain:
    """The chain of a session's recording. The caller holds the lock."""

    def __init__(self, evidence: Path) -> None:
        self._evidence = evidence
        self._log = ChainedLog(evidence / layout.CHAIN)
        #: Heads a token may be over: every line but tokens' own.
        self.heads: set[str] = set()
        #: The newest of them; empty before the start.
        self.head = ""
        self.count = 0
        self.tokens = 0
        self.attested = ""
        self.last: Moment | None = None
        self.ended = False
        self._resume()

    def start(self, session: str, ready: Mapping[str, Any]) -> None:
        """The first line. ``ready`` is what the recorder said."""
        at = Moment.from_json(ready["at"])
        fields = {name: ready[name] for name in ("width", "height", "fps", "codec")}
        self._add(
            "start", {**fields, "session": session, "at": clock.rfc3339(at.utc), "mono": at.mono}
        )

    def segment(self, closed: Mapping[str, Any], *, whole: bool = True) -> dict[str, Any]:
        """Digest the file of a closed segment and write its line.

        Raises:
            OSError: the file cannot be read, or the line not be written.
        """
        seq = int(closed["seq"])
        file = layout.segment(seq)
        sha256, size = digest_file(self._evidence / file)
        fields = {name: closed[name] for name in ("frames", "first", "last", "missed", "gaps")}
        line = {**fields, "seq": seq, "file": file, "sha256": sha256, "bytes": size, "whole": whole}
        self._add("segment", line)
        self.count += 1
        self.last = Moment.from_json(closed["last"])
        return line

    def token(self, head: str, response: bytes) -> str:
        """Keep a token over ``head``; returns its file."""
        file = layout.token(self.tokens + 1)
        path = self._evidence / file
        path.parent.mkdir(exist_ok=True)
        with path.open("xb") as out:
            out.write(response)
            out.flush()
            os.fsync(out.fileno())
        sha256 = hashlib.sha256(response).hexdigest()
        self._log.append({"type": "token", "file": file, "sha256": sha256, "head": head})
        self.tokens += 1
        self.attested = head
        return file

    def gap(self, since: Moment, until: Moment, reason: str) -> None:
        length = round(until.mono - since.mono, 3)
        span = {"from": since.to_json(), "to": until.to_json(), "seconds": length}
        self._add("gap", {**span, "reason": reason})

    def end(self, reason: str) -> None:
        """The last line; nothing may follow it."""
        at = clock.rfc3339(clock.now().utc)
        fields = {"count": self.count, "head": self._log.head, "at": at, "reason": reason}
        self._log.append({"type": "end", **fields})
        self.ended = True

    @property
    def final_head(self) -> str:
        """The head of all lines, the end's included."""
        return self._log.head

    @property
    def lines(self) -> int:
        return self._log.count

    def close(self) -> None:
        self._log.close()

    def _resume(self) -> None:
        """Know what the lines say that are there already."""
        with self._log.path.open("rb") as stream:
            for line in read_lines(stream, layout.CHAIN):
                kind = line.value.get("type")
                if kind not in {"token", "end"}:
                    self.head = line.sha256
                    self.heads.add(line.sha256)
                if kind == "segment":
                    self.count += 1
                    self.last = Moment.from_json(line.value["last"])
                elif kind == "token":
                    self.tokens += 1
                    self.attested = str(line.value["head"])
                self.ended = kind == "end"

    def _add(self, kind: str, fields: Mapping[str, Any]) -> None:
        self.head = self._log.append({"type": kind, **fields})
        self.heads.add(self.head)


def digest_file(path: Path) -> tuple[str, int]:
    """SHA-256 (hexadecimal) and size of a file, made durable first; no symbolic link is followed.

    Raises:
        OSError: it cannot be read.
    """
    state, size = hashlib.sha256(), 0
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
        os.fsync(file.fileno())
        while chunk := file.read(_CHUNK):
            state.update(chunk)
            size += len(chunk)
    return state.hexdigest(), size
