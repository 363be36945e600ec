"""When the keeper itself was killed: what it left is sealed as it is, and says so."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from pathlib import Path
from typing import Any, Final

from chain_adapter.durable import write_new
from forensics.clock import Moment
from forensics.desktop import layout
from forensics.desktop.interface import Observation, Phase, Terminal
from forensics.desktop.layout import SessionFolder
from forensics.errors import InvalidEvidence
from forensics.events import EventLog
from forensics.manifest import About, Ending, build_manifest, read_manifest
from forensics.recorder.fragments import read_contents
from forensics.session.chain import RecordingChain
from forensics.session.spec import KeeperSpec
from forensics.session.status import write_status

REASON: Final = "what watched over the session ended unexpectedly"
_SEGMENT: Final = re.compile(r"segment-(\d{6})\.mp4", re.ASCII)
#: Seconds a recorder may take to notice that its keeper is gone.
_RECORDER_ENDS: Final = 12.0


def contents_of(evidence: Path, seq: int) -> dict[str, Any]:
    """What a segment that nobody closed says itself: ``seq, frames, first, last, whole``. The
    beginning of a fragment's header at its end is cut off, or players refuse all of it.

    Raises:
        InvalidEvidence: it breaks off before its first frame.
        OSError: it cannot be read.
    """
    path = evidence / layout.segment(seq)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_NOFOLLOW), "r+b") as stream:
        found = read_contents(stream)
        stream.truncate(found.playable)
    if found.note.seq != seq:
        raise InvalidEvidence(f"segment {seq} says that it is segment {found.note.seq}")
    first = found.note.first
    last = first.later(found.seconds)
    said: dict[str, Any] = {"seq": seq, "frames": found.frames, "whole": found.whole}
    return said | {"first": first.to_json(), "last": last.to_json()}


def salvage(folder: SessionFolder, spec: KeeperSpec, about: About) -> Terminal:
    """Seal what a dead keeper left; harmless to repeat. Returns how the session is called.

    Raises:
        OSError: the evidence cannot be read or written.
        InvalidEvidence: a log was changed.
    """
    _end_recorder(folder, spec.desktop.session)
    _tidy(folder)
    manifest = folder.evidence / layout.MANIFEST
    if manifest.exists():
        return _report(folder, spec.desktop.session)
    for name in layout.EVIDENCE_FOLDERS:
        (folder.evidence / name).mkdir(parents=True, exist_ok=True)
    chain = RecordingChain(folder.evidence)
    _add_segments(folder.evidence, spec, chain)
    terminal = Terminal.INTERRUPTED if chain.count else Terminal.FAILED
    events = EventLog(folder.evidence / layout.EVENTS)
    events.emit("ended", {"terminal": terminal.value, "reason": REASON, "lacking": []})
    events.close()
    if chain.head and not chain.ended:
        chain.end(REASON)
    chain.close()
    data = build_manifest(folder.evidence, about, Ending(terminal.value, REASON))
    write_new(manifest, data, mode=0o640)
    return _report(folder, spec.desktop.session)


def _end_recorder(folder: SessionFolder, session: str) -> None:
    """It ends by itself, because its standard input closed; one that stands still is ended."""
    try:
        pid = int((folder.run / "recorder.pid").read_text())
    except (OSError, ValueError):
        return
    deadline = time.monotonic() + _RECORDER_ENDS
    while _is_recorder(pid, session):
        if time.monotonic() > deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.1)


def _is_recorder(pid: int, session: str) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"forensics.recorder" in words and session.encode() in words


def _tidy(folder: SessionFolder) -> None:
    """What was only for the living: room kept free, uploads that never ended."""
    for path in (folder.run / "reserve", *folder.run.glob("upload-*")):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
    for path in folder.evidence.glob(".*"):
        path.unlink()


def _add_segments(evidence: Path, spec: KeeperSpec, chain: RecordingChain) -> None:
    """Lines for the segments that have none, in order; tokens that have none were never told."""
    names = sorted(path.name for path in (evidence / layout.RECORDING).glob("segment-*.mp4"))
    for name in names:
        match = _SEGMENT.fullmatch(name)
        if match is None or int(match[1]) <= chain.count:
            continue
        try:
            closed = contents_of(evidence, int(match[1]))
        except InvalidEvidence:
            (evidence / layout.RECORDING / name).unlink()  # not one frame of it was on the disk
            continue
        if not chain.head:
            _start(spec, chain, Moment.from_json(closed["first"]))
        whole = bool(closed["whole"])
        chain.segment(closed | {"missed": 0, "gaps": []}, whole=whole)
    for path in (evidence / layout.TOKENS).glob("*.tsr"):
        if path.name > Path(layout.token(chain.tokens)).name:
            path.unlink()


def _start(spec: KeeperSpec, chain: RecordingChain, first: Moment) -> None:
    desktop = spec.desktop
    said = {
        "width": desktop.width,
        "height": desktop.height,
        "fps": desktop.fps,
        "codec": "libx264",
    }
    chain.start(desktop.session, said | {"at": first.to_json()})


def _report(folder: SessionFolder, session: str) -> Terminal:
    """A last status, so that whoever asks hears that it is over."""
    said = read_manifest((folder.evidence / layout.MANIFEST).read_bytes())
    recording = said["recording"]
    tokens = recording["tokens"]
    last = Observation(
        session=session,
        phase=Phase.ENDED,
        terminal=Terminal(said["terminal"]),
        count=recording["segments"],
        attested=tokens[-1]["head"] if tokens else "",
        final=True,
        frames=recording["frames"],
        missed=recording["missed"],
        reason=said["reason"],
    )
    write_status(folder.status, last)
    return Terminal(said["terminal"])
