"""The manifest of a capture: what it is, how it ended, and every file of the evidence.

RFC 8785, schema ``notary/capture/v1``; its SHA-256 is the fingerprint. Built from the evidence
folder alone, so that a session whose keeper died is sealed by the same code::

    schema, session, subject     whose and what for, as asked
    asked                        resolution, language, addresses, limits
    desktop                      the desktop service's facts: isolation, versions …
    software                     the recorder's libraries with their versions
    began, ended                 {utc, mono}; began is null when nothing was ever seen
    terminal, reason, lacking    complete | interrupted | failed, and why; what is not there
    recording                    chain's head and lines, segments, frames, missed, gaps, tokens
    events                       head and count of the event log, and counts by kind
    cleanliness                  counts by outcome, and each result in short
    logs                         which files hold DNS, egress, TLS, pages visited, web archive
    files                        [{path, size, sha256, origin, at, …}] in code point order of paths
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import rfc8785

from chain_adapter.canonical import read_canonical
from forensics import clock
from forensics.canonical import storable
from forensics.chained import Line, read_lines
from forensics.desktop import layout
from forensics.errors import InvalidEvidence
from forensics.events import Event, read_events
from forensics.listing import list_files

SCHEMA: Final = "notary/capture/v1"
#: Longest manifest, bytes; most files.
MAX_MANIFEST: Final = 8 << 20
MAX_FILES: Final = 10_000
_MAX_ENVIRONMENT: Final = 8 << 20
#: What of a cleanliness result the manifest repeats.
_SHORT: Final = ("name", "outcome", "found", "expected", "reason", "detail")
_LOGS: Final = {
    "dns": layout.DNS,
    "egress": layout.EGRESS,
    "tls": layout.TLS,
    "visited": layout.VISITED,
    "web": layout.WACZ,
}


@dataclass(frozen=True, slots=True)
class Ending:
    """How the session ended: ``terminal`` and its reason, what is ``lacking``, and the clock."""

    terminal: str
    reason: str
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class About:
    """What the manifest repeats of the session's specification."""

    session: str
    subject: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[str, Any] = field(default_factory=dict)
    desktop: Mapping[str, Any] = field(default_factory=dict)


def build_manifest(evidence: Path, about: About, ending: Ending) -> bytes:
    """The manifest of the folder ``evidence`` as it is now.

    Raises:
        InvalidEvidence: a log does not hold, or there is too much.
        OSError: a file cannot be read.
    """
    events = _events(evidence)
    lines = _chain(evidence)
    value = {
        "schema": SCHEMA,
        "session": about.session,
        "subject": dict(about.subject),
        "asked": dict(about.asked),
        "desktop": storable(about.desktop),
        "software": next((dict(e.fields) for e in events if e.kind == "software"), {}),
        "began": _began(lines),
        "ended": clock.now().to_json(),
        "terminal": ending.terminal,
        "reason": ending.reason,
        "lacking": list(ending.lacking),
        "recording": _recording(lines),
        "events": _told(evidence, events),
        "cleanliness": _cleanliness(evidence),
    }
    files = list(list_files(evidence, events))
    paths = {each["path"] for each in files}
    value["logs"] = {name: path for name, path in _LOGS.items() if path in paths}
    value["files"] = files
    data = rfc8785.dumps(value)
    if len(data) > MAX_MANIFEST or len(files) > MAX_FILES:
        raise InvalidEvidence("there are too many files for one manifest")
    return data


def read_manifest(data: bytes) -> dict[str, Any]:
    """The manifest, when these are the bytes of one. Its values are not looked at.

    Raises:
        InvalidEvidence: too long, not canonical, or of another schema.
    """
    try:
        value = read_canonical(data) if len(data) <= MAX_MANIFEST else None
    except ValueError as error:
        raise InvalidEvidence("the manifest is not JSON") from error
    if value is None:
        raise InvalidEvidence("the manifest is not a canonical object (RFC 8785)")
    if value.get("schema") != SCHEMA:
        raise InvalidEvidence(f"the manifest's schema is not {SCHEMA}")
    return value


def _events(evidence: Path) -> list[Event]:
    with (evidence / layout.EVENTS).open("rb") as stream:
        return list(read_events(stream, layout.EVENTS))


def _chain(evidence: Path) -> list[Line]:
    try:
        with (evidence / layout.CHAIN).open("rb") as stream:
            return list(read_lines(stream, layout.CHAIN))
    except FileNotFoundError:
        return []


def _began(lines: list[Line]) -> dict[str, Any] | None:
    start = next((line.value for line in lines if line.value.get("type") == "start"), None)
    return {"utc": start["at"], "mono": start["mono"]} if start else None


def _recording(lines: list[Line]) -> dict[str, Any]:
    """The chain's end and sums, as its lines say."""
    by_type: dict[str, list[Mapping[str, Any]]] = {}
    for line in lines:
        by_type.setdefault(str(line.value["type"]), []).append(line.value)
    segments, tokens = by_type.get("segment", []), by_type.get("token", [])
    gaps = [gap for segment in segments for gap in segment["gaps"]]
    gaps += [
        {k: gap[k] for k in ("from", "to", "seconds", "reason")} for gap in by_type.get("gap", [])
    ]
    end = by_type.get("end", [{}])[-1]
    return {
        "chain": layout.CHAIN,
        "head": lines[-1].sha256 if lines else "",
        "lines": len(lines),
        "segments": len(segments),
        "frames": sum(segment["frames"] for segment in segments),
        "missed": sum(segment["missed"] for segment in segments),
        "gaps": gaps,
        "tokens": [{name: token[name] for name in ("file", "head", "sha256")} for token in tokens],
        "final_token": bool(tokens) and tokens[-1]["head"] == _last_stampable(lines),
        "reason": end.get("reason", ""),
    }


def _last_stampable(lines: list[Line]) -> str:
    """The newest head a token may be over: tokens and the end follow it."""
    stampable = [line.sha256 for line in lines if line.value["type"] not in {"token", "end"}]
    return stampable[-1] if stampable else ""


def _told(evidence: Path, events: list[Event]) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for event in events:
        counts[event.kind] = counts.get(event.kind, 0) + 1
    with (evidence / layout.EVENTS).open("rb") as stream:
        heads = [line.sha256 for line in read_lines(stream, layout.EVENTS)]
    head = heads[-1] if heads else ""
    return {"file": layout.EVENTS, "head": head, "count": len(events), "kinds": counts}


def _cleanliness(evidence: Path) -> dict[str, Any]:
    """In short; the whole of it is the file."""
    try:
        with (evidence / layout.ENVIRONMENT).open("rb") as stream:
            results = json.loads(stream.read(_MAX_ENVIRONMENT))["results"]
    except FileNotFoundError:
        return {"counts": {}, "results": []}
    counts: dict[str, int] = {}
    for each in results:
        counts[each["outcome"]] = counts.get(each["outcome"], 0) + 1
    short = [{k: each[k] for k in _SHORT if k in each} for each in results]
    return {"counts": counts, "results": storable(short)}
