"""From captures to what pages show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask import url_for
from flask_babel import gettext

from forensics.desktop.interface import Observation, Step
from forensics.environment.report import Row, rows
from portal.captures.asking import Place
from portal.captures.figures import figures_of
from portal.captures.models import Capture, CaptureState
from portal.captures.words import FOLDERS, MARKERS, MOMENTS, STATES, STEPS
from portal.deposits.captured import Captured, Kept, Moment
from portal.ui.locale import language

#: Pictures in a filmstrip, and moments on one page.
_FRAMES: Final = 12
_MOMENTS: Final = 2000
#: The link of the file at a position in the manifest's list.
Address = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step of a start; ``state`` is ``waiting``, ``doing``, ``done`` or ``failed``."""

    name: str
    lead: str
    state: str
    at: datetime | None
    detail: str


@dataclass(frozen=True, slots=True)
class MomentLine:
    """One event; ``clock`` is where in the recording, ``left`` the same in thousandths of its
    length; ``marker``: one of those people look for first."""

    kind: str
    word: str
    icon: str
    text: str
    at: datetime
    start: float
    clock: str
    left: int
    marker: bool


def clock(seconds: float) -> str:
    """``75`` → ``"1:15"``; with hours from one hour on."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, last = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{last:02}" if hours else f"{minutes}:{last:02}"


def name(capture: Capture) -> str:
    """What the capture is called; never empty."""
    return capture.title or str(gettext("Capture without a title"))


def row(capture: Capture) -> dict[str, Any]:
    """One line of a list."""
    figures = figures_of(capture.figures)
    word, icon, look = STATES[CaptureState(capture.state)]
    return {
        "id": capture.id,
        "name": name(capture),
        "word": word,
        "icon": icon,
        "look": look,
        "at": capture.created_at,
        "length": clock(figures["seconds"]) if figures["seconds"] else "",
        "size": capture.size,
        "addresses": len(capture.addresses),
        "interrupted": capture.terminal == "interrupted",
    }


def step_lines(capture: Capture, seen: Observation | None) -> Iterator[StepLine]:
    """The order of a start, each step as it stands; all wait while no host tells."""
    told = {step.step: step for step in seen.steps} if seen is not None else {}
    live = capture.state not in (CaptureState.QUEUED, CaptureState.STARTING)
    for step in Step:
        word, lead = STEPS[step.value]
        report = told.get(step)
        if report is None:
            yield StepLine(str(word), str(lead), "done" if live else "waiting", None, "")
        else:
            failed = report.detail if report.state == "failed" else ""
            yield StepLine(str(word), str(lead), report.state, report.at, failed)


def wait_words(place: Place | None) -> str:
    """Where in the queue, and for how long, in a sentence; empty outside of it."""
    if place is None:
        return ""
    if place.wait is None:
        return str(gettext("Number %(position)s in the queue.", position=place.position))
    minutes = max(1, round(place.wait.total_seconds() / 60))
    return str(
        gettext(
            "Number %(position)s in the queue; a desktop is expected in about %(minutes)s min.",
            position=place.position,
            minutes=minutes,
        )
    )


def status(capture: Capture, seen: Observation | None, limits: tuple[int, int]) -> dict[str, Any]:
    """For the desktop page's script. ``limits`` in seconds: of the session, of idleness."""
    limit, idle = limits
    value: dict[str, Any] = {"state": str(capture.state), "silent": seen is None}
    if seen is None:
        return value
    return value | {
        "phase": seen.phase.value,
        "terminal": seen.terminal.value if seen.terminal else None,
        "recording": seen.recording,
        "input": seen.input_on,
        "seconds": seen.seconds,
        "clock": clock(seen.seconds),
        "left": max(0, round(limit - seen.seconds)),
        "idle_left": max(0, round(idle - seen.idle_seconds)),
        "segments": seen.count,
        "frames": seen.frames,
        "bytes": seen.evidence_bytes,
        "head": seen.head[:16],
        "attested": bool(seen.attested),
        "busy": seen.busy,
        "counts": dict(seen.counts),
        "checks": dict(seen.checks),
        "reason": seen.reason,
    }


# -- Review ---------------------------------------------------------------------------------------


def player(capture: Capture, found: Captured, address: Address | None = None) -> dict[str, Any]:
    """What the player's script reads: the segments in order, where each begins, and gaps.
    ``address`` gives the link of the file at a position, for pages of other features."""
    address = address or _addresses(capture)
    return {
        "seconds": round(found.seconds, 2),
        "width": capture.width,
        "height": capture.height,
        "segments": [
            {
                "url": address(each.file.position),
                "start": round(each.start, 3),
                "seconds": round(each.seconds, 3),
            }
            for each in found.segments
        ],
        "gaps": [{"start": each.start, "seconds": each.seconds} for each in found.gaps],
    }


def filmstrip(
    capture: Capture, found: Captured, address: Address | None = None
) -> list[dict[str, Any]]:
    """Segments at even distances, to be seen by their first frames."""
    address = address or _addresses(capture)
    count = len(found.segments)
    step = max(1, -(-count // _FRAMES))
    return [
        {
            "url": address(each.file.position),
            "start": round(each.start, 2),
            "clock": clock(each.start),
        }
        for each in found.segments[::step]
    ]


def moment_lines(found: Captured) -> list[MomentLine]:
    """The events that a timeline shows, in order."""
    shown = [each for each in found.moments if each.kind in MOMENTS]
    return [_moment(each, found.seconds) for each in shown[:_MOMENTS]]


def checks(found: Captured) -> tuple[Row, ...]:
    """The cleanliness report in the visitor's language."""
    return rows(found.results, language())


def counts(found: Captured) -> dict[str, int]:
    """How many checks ended how."""
    outcomes = [each.outcome.value for each in found.results]
    return {outcome: outcomes.count(outcome) for outcome in ("pass", "fail", "unknown")}


def folders(files: Sequence[Kept]) -> list[tuple[str, list[Kept]]]:
    """The files by the folder they lie in, those of none last."""
    found: dict[str, list[Kept]] = {}
    for each in files:
        top = each.path.partition("/")[0] if "/" in each.path else ""
        found.setdefault(top, []).append(each)
    order = [*FOLDERS, *sorted(found.keys() - FOLDERS.keys() - {""}), ""]
    words = {top: str(word) for top, word in FOLDERS.items()} | {"": str(gettext("Reports"))}
    return [(words.get(top, top), found[top]) for top in order if top in found]


def _addresses(capture: Capture) -> Address:
    def address(position: int) -> str:
        return url_for("captures.shown", capture_id=capture.id, position=position)

    return address


def _moment(moment: Moment, seconds: float) -> MomentLine:
    word, icon = MOMENTS[moment.kind]
    place = min(1000, max(0, round(1000 * moment.start / seconds))) if seconds else 0
    return MomentLine(
        moment.kind,
        str(word),
        icon,
        _said(moment),
        moment.at,
        max(0.0, round(moment.start, 2)),
        clock(moment.start),
        place,
        moment.kind in MARKERS,
    )


def _said(moment: Moment) -> str:
    """What there is to say beside the kind."""
    if moment.kind == "viewer":
        came = gettext("came") if moment.fields.get("joined") else gettext("left")
        roles = {"driver": gettext("at the keyboard"), "viewer": gettext("watching")}
        return f"{roles.get(moment.text('role'), moment.text('role'))}: {came}"
    if moment.kind == "paste":
        return str(gettext("%(count)s characters", count=moment.text("characters")))
    if moment.kind in ("still", "page"):
        return moment.text("url", "title") or f"#{moment.text('number')}"
    return moment.text("note", "name", "title", "url", "what", "reason", "detail")[:500]
