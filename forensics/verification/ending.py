"""40 and 41: the cleanliness results, and whether the session ended as it says."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Final

from forensics.desktop import layout
from forensics.desktop.interface import Terminal
from forensics.events import Event
from forensics.recorder.limits import GAP, HEARTBEAT, STALL
from forensics.recording import Gap
from forensics.verification.ground import Ground, Refused
from forensics.verification.recorded import gaps_of

_MAX_RESULTS: Final = 8 << 20
#: A round of the keeper and a tick of the recorder.
_ROUND: Final = 0.35


def cleanliness(ground: Ground) -> str:  # 40
    capture = ground.known
    counts = capture.value["cleanliness"]["counts"]
    if layout.ENVIRONMENT not in capture.files:
        if capture.terminal is Terminal.COMPLETE or counts:
            raise Refused(f"{layout.ENVIRONMENT} is missing: nothing was checked")
        return "the session ended before the checks"
    found = Counter(_outcome(each) for each in _results(ground))
    if dict(found) != counts:
        raise Refused(f"the manifest says {counts}, {layout.ENVIRONMENT} says {dict(found)}")
    return ", ".join(f"{number} {outcome}" for outcome, number in sorted(found.items()))


def _results(ground: Ground) -> list[Any]:
    with ground.opened(layout.ENVIRONMENT) as stream:
        data = stream.read(_MAX_RESULTS)
    try:
        value = json.loads(data)
        session, results = value["session"], value["results"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Refused(f"{layout.ENVIRONMENT} has no results") from error
    if session != ground.known.session or not isinstance(results, list) or not results:
        raise Refused(f"{layout.ENVIRONMENT} is of another session, or has no results")
    return results


def _outcome(result: Any) -> str:
    outcome = result.get("outcome") if isinstance(result, dict) else None
    if outcome not in {"pass", "fail", "unknown"}:
        raise Refused(f"{layout.ENVIRONMENT} has a result without an outcome")
    return str(outcome)


def terminal(ground: Ground) -> str:  # 41
    capture = ground.known
    last = ground.log[-1] if ground.log else None
    said = (capture.terminal.value, capture.value["reason"])
    if last is None or last.kind != "ended":
        raise Refused(f"{layout.EVENTS} does not end with the session's end")
    if (last.fields.get("terminal"), last.fields.get("reason")) != said:
        raise Refused(f"the manifest says {said[0]}, the last event {last.fields.get('terminal')}")
    if ground.chain and capture.recording["reason"] != said[1]:
        raise Refused("the recording's chain gives another reason for the end")
    if capture.terminal is Terminal.COMPLETE:
        _require_complete(ground)
    elif not said[1]:
        raise Refused(f"the session is {said[0]}, and nothing says why")
    was_used = any(event.kind == "input_on" for event in ground.log)
    if capture.terminal is Terminal.FAILED and was_used:
        raise Refused("the session is said to have failed before it began, but it was used")
    return f"{said[0]}: {said[1]}"


def _require_complete(ground: Ground) -> None:
    """Every second from the first frame to the last, and nothing else missing."""
    if not ground.segments:
        raise Refused("the session is called complete, but nothing was recorded")
    lacking = ground.known.value["lacking"]
    if lacking:
        raise Refused(f"the session is called complete, but: {lacking[0]}")
    for segment in ground.segments:
        if not segment.whole:
            raise Refused(f"the session is called complete, but {segment.file} breaks off")
    for gap in gaps_of(ground):
        if gap.seconds > STALL + _ROUND or _ends_recording(ground, gap):
            raise Refused(
                f"the session is called complete, but the screen was not seen for {gap.seconds} s"
            )
    for event in ground.log:
        _require_input_recorded(ground, event)


def _ends_recording(ground: Ground, gap: Gap) -> bool:
    return any(entry is gap for entry in ground.chain)


def _require_input_recorded(ground: Ground, event: Event) -> None:
    first, last = ground.segments[0].first.mono, ground.segments[-1].last.mono
    early = event.kind == "input_on" and event.mono < first
    late = event.kind == "input_off" and event.mono > last + GAP + HEARTBEAT + _ROUND
    if early or late:
        raise Refused(f"event {event.n}: there was input that is not on the recording")
