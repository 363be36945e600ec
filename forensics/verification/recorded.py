"""35 to 37: the recording's chain, its order, and its segments."""

from __future__ import annotations

from typing import Any

from forensics.chained import Line, read_lines
from forensics.desktop import layout
from forensics.errors import InvalidEvidence
from forensics.recorder.fragments import Contents, read_contents
from forensics.recording import End, Gap, Segment, Start, Token, parse_entry
from forensics.verification.ground import Ground, Refused

#: How far the length inside a segment may be from the length its line states, seconds.
_ROUNDING = 0.05


def chain(ground: Ground) -> str:  # 35
    said = ground.known.recording
    try:
        with ground.opened(layout.CHAIN) as stream:
            lines = list(read_lines(stream, layout.CHAIN))
    except InvalidEvidence as error:
        raise Refused(str(error)) from error
    head = lines[-1].sha256 if lines else ""
    if len(lines) != said["lines"] or head != said["head"]:
        raise Refused(
            f"{layout.CHAIN} ends with line {len(lines)}, not with the line {said['lines']} that "
            "the manifest names"
        )
    ground.entries = tuple(_parsed(line) for line in lines)
    ground.heads = tuple(line.sha256 for line in lines)
    return f"{len(lines)} lines, head {head}" if lines else "nothing was recorded"


def _parsed(line: Line) -> Any:
    try:
        return parse_entry(line)
    except InvalidEvidence as error:
        raise Refused(f"{layout.CHAIN}: {error}") from error


def order(ground: Ground) -> str:  # 36
    entries, said = ground.chain, ground.known.recording
    if not entries:
        return "nothing was recorded"
    start, end = entries[0], entries[-1]
    if not isinstance(start, Start) or start.session != ground.known.session:
        raise Refused(f"{layout.CHAIN}: line 1 is not this session's start")
    if not isinstance(end, End):
        raise Refused(f"{layout.CHAIN}: the last line is not the end; the chain is cut off")
    for number, entry in enumerate(entries[1:-1], start=2):
        if isinstance(entry, (Start, End)):
            raise Refused(f"{layout.CHAIN}: line {number} is a second start or end")
    for seq, segment in enumerate(ground.segments, start=1):
        if segment.seq != seq or segment.file != layout.segment(seq):
            raise Refused(f"{layout.CHAIN}: segment {segment.seq} stands where {seq} belongs")
    if end.count != len(ground.segments) or end.head != ground.heads[-2]:
        raise Refused(f"{layout.CHAIN}: the end counts {end.count} segments or names another head")
    for name, found in _sums(ground).items():
        if said[name] != found:
            raise Refused(f"the manifest says {name} {said[name]}, the chain {found}")
    return f"{end.count} segments from start to end"


def _sums(ground: Ground) -> dict[str, Any]:
    segments = ground.segments
    tokens = [entry for entry in ground.chain if isinstance(entry, Token)]
    end = ground.chain[-1]
    return {
        "segments": len(segments),
        "frames": sum(each.frames for each in segments),
        "missed": sum(each.missed for each in segments),
        "tokens": [
            {"file": each.file, "head": each.head, "sha256": each.sha256} for each in tokens
        ],
        "reason": end.reason if isinstance(end, End) else "",
    }


def segments(ground: Ground) -> str:  # 37
    files = ground.known.files
    named = {segment.file for segment in ground.segments}
    for path in files:
        is_segment = path.startswith(f"{layout.RECORDING}/") and path.endswith(".mp4")
        if is_segment and path not in named:
            raise Refused(f"{path} stands in no line of the chain")
    for segment in ground.segments:
        listed = files.get(segment.file)
        if listed is None:
            raise Refused(f"{segment.file} is missing")
        if (listed.sha256, listed.size) != (segment.sha256, segment.size):
            raise Refused(f"{segment.file} is not the segment that the chain names")
        _require_contents(ground, segment)
    return f"{len(ground.segments)} segments, {sum(s.frames for s in ground.segments)} frames"


def _require_contents(ground: Ground, segment: Segment) -> None:
    try:
        with ground.opened(segment.file) as stream:
            found = read_contents(stream)
    except InvalidEvidence as error:
        raise Refused(f"{segment.file}: {error}") from error
    if (found.note.session, found.note.seq) != (ground.known.session, segment.seq):
        raise Refused(f"{segment.file} says that it is segment {found.note.seq} of another order")
    for what, differs in _differences(segment, found):
        if differs:
            raise Refused(f"{segment.file} has other {what} than its line in the chain says")


def _differences(segment: Segment, found: Contents) -> tuple[tuple[str, bool], ...]:
    length = segment.last.mono - segment.first.mono
    return (
        ("frames", found.frames != segment.frames),
        ("times", found.note.first != segment.first),
        ("length", abs(length - found.seconds) > _ROUNDING),
        ("an end", segment.whole and not found.whole),
    )


def gaps_of(ground: Ground) -> list[Gap]:
    """Every gap of the chain, in order of the lines."""
    found: list[Gap] = []
    for entry in ground.chain:
        if isinstance(entry, Segment):
            found.extend(entry.gaps)
        elif isinstance(entry, Gap):
            found.append(entry)
    return found
