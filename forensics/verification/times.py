"""38: gaps and missed ticks agree with the times; both clocks tell the same."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from forensics.clock import Moment
from forensics.recorder.limits import GAP, HEARTBEAT
from forensics.recording import Gap, Segment, Start
from forensics.verification.ground import Ground, Refused, utc
from forensics.verification.recorded import gaps_of

#: Two frames stand no farther apart, unless a gap says so: the screen was seen within ``GAP``, and
#: what did not change is written every ``HEARTBEAT``.
_APART: Final = GAP + HEARTBEAT + 0.1
_ROUNDING: Final = 0.002
#: How far the time of day may drift from the monotonic clock, unless an event says that it jumped.
_DRIFT: Final = 1.0
#: Ticks a gap may have had without one being missed: those at its two ends.
_ENDS: Final = 2


def times(ground: Ground) -> str:
    segments, gaps = ground.segments, gaps_of(ground)
    if list(ground.known.gaps) != [*_in_segments(gaps), *_of_their_own(gaps)]:
        raise Refused("the manifest names other gaps than the chain")
    for segment in segments:
        _require_sound(ground, segment)
    for before, after in pairwise(segments):
        _require_next(before, after)
    for gap in gaps:
        _require_gap(gap)
    _require_clocks(ground)
    missed = sum(segment.missed for segment in segments)
    return f"{len(gaps)} gaps, {missed} ticks missed"


def _in_segments(gaps: list[Gap]) -> list[Gap]:
    return [gap for gap in gaps if not gap.reason]


def _of_their_own(gaps: list[Gap]) -> list[Gap]:
    return [gap for gap in gaps if gap.reason]


def _fps(ground: Ground) -> int:
    start = ground.chain[0]
    return start.fps if isinstance(start, Start) else 1


def _require_sound(ground: Ground, segment: Segment) -> None:
    """Within itself: frames and missed ticks fit into its time, and each gap accounts for some."""
    fps, name = _fps(ground), segment.file
    length = segment.last.mono - segment.first.mono
    if length < 0:
        raise Refused(f"{name} ends before it begins")
    if segment.frames > length * fps + _ENDS:
        raise Refused(f"{name} has more frames ({segment.frames}) than its time has ticks")
    least = sum(max(0, int(gap.seconds * fps) - _ENDS) for gap in segment.gaps)
    if segment.missed < least:
        raise Refused(f"{name} says that {segment.missed} ticks were missed, its gaps say {least}")
    for gap in segment.gaps:
        if gap.since.mono < segment.first.mono:
            raise Refused(f"{name} names a gap at {utc(gap.since)}, before it began")


def _require_next(before: Segment, after: Segment) -> None:
    apart = after.first.mono - before.last.mono
    if apart <= 0:
        raise Refused(f"{after.file} begins before {before.file} ends")
    told = any(gap.until == after.first for gap in before.gaps)
    if apart > _APART and not told:
        raise Refused(
            f"{apart:.1f} seconds between {before.file} and {after.file} are not accounted for"
        )
    for gap in before.gaps:
        if gap.until.mono > after.first.mono:
            raise Refused(f"{before.file} names a gap at {utc(gap.since)}, after it ended")


def _require_gap(gap: Gap) -> None:
    length = gap.until.mono - gap.since.mono
    if length <= GAP or abs(length - gap.seconds) > _ROUNDING:
        raise Refused(f"the gap at {utc(gap.since)} says {gap.seconds} seconds, not {length:.3f}")


def _require_clocks(ground: Ground) -> None:
    """UTC and monotonic clock advance together, unless a jump was noted."""
    if any(event.kind == "clock" for event in ground.log):
        return
    moments = list(_moments(ground))
    for moment in moments:
        drift = _offset(moment) - _offset(moments[0])
        if abs(drift) > _DRIFT:
            raise Refused(f"the clocks differ by {drift:.1f} seconds at {utc(moment)}")


def _moments(ground: Ground) -> Iterator[Moment]:
    if ground.known.began is not None:
        yield ground.known.began
    for segment in ground.segments:
        yield from (segment.first, segment.last)
    yield from (Moment(event.at, event.mono) for event in ground.log)
    yield ground.known.ended


def _offset(moment: Moment) -> float:
    return moment.utc.timestamp() - moment.mono
