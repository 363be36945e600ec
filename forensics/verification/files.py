"""31 to 34: the manifest, its fingerprint, every file, and the event log."""

from __future__ import annotations

from typing import Final

from forensics.chained import read_lines
from forensics.desktop import layout
from forensics.errors import InvalidEvidence
from forensics.events import Event, read_events
from forensics.fingerprint import digest_stream, fingerprint_of
from forensics.listing import files_of
from forensics.verification.ground import Ground, Refused, parse_capture

#: Kinds of event that say a file's digest.
_DIGESTED: Final = frozenset({"still", "upload", "download", "page"})


def manifest(ground: Ground) -> str:  # 31
    try:
        ground.capture = parse_capture(ground.manifest)
    except InvalidEvidence as error:
        raise Refused(str(error)) from error
    return f"session {ground.capture.session}, {len(ground.capture.files)} files"


def is_fingerprint(ground: Ground) -> str:  # 32
    found = fingerprint_of(ground.manifest)
    if found != ground.expected:
        raise Refused(f"the manifest's SHA-256 is {found}, not {ground.expected}")
    return found


def files(ground: Ground) -> str:  # 33
    capture = ground.known
    if ground.names is not None:
        for extra in sorted(ground.names - capture.files.keys() - {layout.MANIFEST}):
            raise Refused(f"{extra} is not in the manifest")
    size = 0
    for path, listed in capture.files.items():
        with ground.opened(path) as stream:
            sha256, length = digest_stream(stream, listed.size)
        if length != listed.size:
            more = "more" if length > listed.size else f"{length}"
            raise Refused(f"{path} has {more} bytes, the manifest says {listed.size}")
        if sha256 != listed.sha256:
            raise Refused(f"{path} is not the file listed: its SHA-256 differs")
        size += length
    return f"all {len(capture.files)} files, {size} bytes"


def events(ground: Ground) -> str:  # 34
    said = ground.known.value["events"]
    try:
        with ground.opened(layout.EVENTS) as stream:
            found = tuple(read_events(stream, layout.EVENTS))
        with ground.opened(layout.EVENTS) as stream:
            heads = [line.sha256 for line in read_lines(stream, layout.EVENTS)]
    except InvalidEvidence as error:
        raise Refused(str(error)) from error
    head = heads[-1] if heads else ""
    if len(found) != said["count"] or head != said["head"]:
        raise Refused(
            f"{layout.EVENTS} ends with line {len(found)}, not with the line {said['count']} that "
            "the manifest names"
        )
    for event in found:
        _require_listed(ground, event)
    ground.events = found
    return f"{len(found)} events, head {head}"


def _require_listed(ground: Ground, event: Event) -> None:
    """Files that an event names by digest are the ones listed."""
    if event.kind not in _DIGESTED:
        return
    for path, sha256 in files_of(event).items():
        listed = ground.known.files.get(path)
        if sha256 and (listed is None or listed.sha256 != sha256):
            state = "missing" if listed is None else "another file"
            raise Refused(f"{path}, which event {event.n} names, is {state}")
