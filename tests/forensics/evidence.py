"""Evidence of an invented session, written by the real writers under a clock of its own, and what
a forger can do to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import rfc8785
from av.video.reformatter import VideoReformatter

from forensics.chained import GENESIS
from forensics.clock import Moment
from forensics.desktop import layout
from forensics.events import EventLog
from forensics.fingerprint import fingerprint_of
from forensics.manifest import About, Ending, build_manifest
from forensics.recorder.note import Note
from forensics.recorder.screen import Frame
from forensics.recorder.segments import Segment
from forensics.session.chain import RecordingChain
from timestamping.token import Token

SESSION = "5e" * 16
WIDTH, HEIGHT, FPS = 64, 48, 10
BEGAN = Moment(datetime(2026, 11, 21, 2, 0, tzinfo=UTC), 1000.0)
Lines = list[dict[str, Any]]
Stamp = Callable[[str], bytes]


@contextmanager
def clock_at(seconds: float) -> Iterator[None]:
    """The clock stands ``seconds`` after the beginning, and a thousandth later at each look."""
    looks = iter(range(1_000_000))
    with patch("forensics.clock.now", lambda: BEGAN.later(seconds + next(looks) / 1000)):
        yield


def frame(seconds: float) -> Frame:
    shade = int(seconds * 40) % 256
    return Frame(bytearray([shade] * (WIDTH * HEIGHT * 4)), WIDTH, HEIGHT, BEGAN.later(seconds))


def write_segment(evidence: Path, seq: int, first: float, frames: int) -> dict[str, Any]:
    """A real segment of ``frames`` ticks from ``first`` on; what the recorder says on closing."""
    path = evidence / layout.segment(seq)
    note = Note(SESSION, seq, BEGAN.later(first))
    segment = Segment(path, note, WIDTH, HEIGHT, FPS)
    reformatter = VideoReformatter()
    for number in range(frames):
        segment.add(frame(first + number / FPS), reformatter)
    segment.close()
    last = BEGAN.later(first + (frames - 1) / FPS)
    closed = {"seq": seq, "frames": frames, "missed": 0, "gaps": []}
    return closed | {"first": note.first.to_json(), "last": last.to_json()}


@dataclass
class Evidence:
    """An evidence folder; ``stamp`` makes a TimeStampResp over a head."""

    folder: Path

    @classmethod
    def made(cls, folder: Path, stamp: Stamp | None = None, terminal: str = "complete") -> Evidence:
        """Three segments with one gap, a still, a mark, an upload; time-stamped with ``stamp``."""
        evidence = cls(folder)
        for name in layout.EVIDENCE_FOLDERS:
            (folder / name).mkdir(parents=True, exist_ok=True)
        evidence._write_logs(stamp)
        evidence._end(terminal)
        evidence.seal(terminal)
        return evidence

    def _write_logs(self, stamp: Stamp | None) -> None:
        chain, events = RecordingChain(self.folder), EventLog(self.folder / layout.EVENTS)
        with clock_at(0):
            ready = {"width": WIDTH, "height": HEIGHT, "fps": FPS, "codec": "libx264"}
            chain.start(SESSION, ready | {"at": BEGAN.to_json()})
            events.emit("software", {"mss": "10.2.0"})
            (self.folder / layout.ENVIRONMENT).write_bytes(rfc8785.dumps(environment()))
        with clock_at(0.5):
            events.emit("input_on")
            events.emit("mark", {"note": "这里"})
        if stamp is not None:
            chain.token(chain.head, stamp(chain.head))
        closed = write_segment(self.folder, 1, 0.0, 10)
        gap = {"from": BEGAN.later(0.9).to_json(), "to": BEGAN.later(2.9).to_json()}
        closed |= {"missed": 19, "gaps": [gap | {"seconds": 2.0}]}
        chain.segment(closed)
        chain.segment(write_segment(self.folder, 2, 2.9, 10))
        chain.segment(write_segment(self.folder, 3, 3.9, 6))
        if stamp is not None:
            chain.token(chain.head, stamp(chain.head))
        self._write_files(events)
        with clock_at(4.5):
            chain.end("finished")
        chain.close()
        events.close()

    def _write_files(self, events: EventLog) -> None:
        for path, data in ((layout.still(1), b"a picture"), ("uploads/合同.txt", b"sent in")):
            (self.folder / path).write_bytes(data)
            with clock_at(1.0 if "still" in path else 1.1):
                kind = "still" if "still" in path else "upload"
                events.emit(
                    kind, {"file": path, "sha256": fingerprint_of(data), "name": "合同?.txt"}
                )
        with clock_at(4.4):
            events.emit("input_off", {"reason": "finished"})

    def _end(self, terminal: str) -> None:
        events = EventLog(self.folder / layout.EVENTS)
        with clock_at(4.6):
            events.emit("ended", {"terminal": terminal, "reason": "finished", "lacking": []})
        events.close()

    def seal(self, terminal: str = "complete", reason: str = "finished") -> bytes:
        """Write the manifest anew, fitting what is there: what a forger would do."""
        about = About(SESSION, {"case": "案件"}, {"fps": FPS}, {"isolation": "bare"})
        with clock_at(5):
            data = build_manifest(self.folder, about, Ending(terminal, reason))
        (self.folder / layout.MANIFEST).write_bytes(data)
        return data

    @property
    def manifest(self) -> bytes:
        return (self.folder / layout.MANIFEST).read_bytes()

    def change_manifest(self, change: Callable[[dict[str, Any]], object]) -> None:
        value = json.loads(self.manifest)
        change(value)
        (self.folder / layout.MANIFEST).write_bytes(rfc8785.dumps(value))

    def lines(self, path: str) -> Lines:
        return [json.loads(line) for line in (self.folder / path).read_bytes().splitlines()]

    def relink(self, path: str, lines: Lines) -> None:
        """Write the log anew with every link right, and the end's head too."""
        head, written = GENESIS, []
        for line in lines:
            value = line | {"prev": head}
            if value.get("type") == "end":
                value["head"] = head
            data = rfc8785.dumps(value)
            head = fingerprint_of(data)
            written.append(data + b"\n")
        (self.folder / path).write_bytes(b"".join(written))

    def flip(self, path: str, at: int = -3) -> None:
        data = bytearray((self.folder / path).read_bytes())
        data[at] ^= 1
        (self.folder / path).write_bytes(bytes(data))


def environment() -> dict[str, Any]:
    results = [{"name": "hosts", "outcome": "pass"}, {"name": "clock", "outcome": "unknown"}]
    at = "2026-11-21T02:00:00.000000Z"
    return {"schema": "notary/environment/v1", "session": SESSION, "at": at, "results": results}


def response(authority: Any, head: str) -> bytes:
    """A token over ``head`` as it lies in the evidence."""
    from chain_adapter.digest import Digest

    der = authority.issue(Digest("sha256", bytes.fromhex(head)), nonce=5)
    return Token.parse(der).response()


def later(moment: dict[str, Any], seconds: float) -> dict[str, Any]:
    """``moment`` as it stands in a log, moved on both clocks."""
    found = Moment.from_json(moment)
    return Moment(found.utc + timedelta(seconds=seconds), found.mono + seconds).to_json()
