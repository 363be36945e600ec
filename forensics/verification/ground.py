"""What the steps share: the capture under examination, and what earlier steps established."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from forensics import clock
from forensics.clock import Moment
from forensics.desktop.interface import Terminal
from forensics.errors import InvalidEvidence
from forensics.events import Event
from forensics.manifest import read_manifest
from forensics.recording import Entry, Gap, Segment, parse_gap
from timestamping.filelist import BadList, FileList, ListedFile
from timestamping.trust import TrustStore

Opener = Callable[[str], BinaryIO]

_FIELDS: Final[Mapping[str, type | tuple[type, ...]]] = {
    "session": str,
    "subject": dict,
    "asked": dict,
    "desktop": dict,
    "software": dict,
    "began": (dict, type(None)),
    "ended": dict,
    "terminal": str,
    "reason": str,
    "lacking": list,
    "recording": dict,
    "events": dict,
    "cleanliness": dict,
    "logs": dict,
    "files": list,
}
_RECORDING: Final[Mapping[str, type]] = {
    "chain": str,
    "head": str,
    "lines": int,
    "segments": int,
    "frames": int,
    "missed": int,
    "gaps": list,
    "tokens": list,
    "final_token": bool,
    "reason": str,
}
_EVENTS: Final[Mapping[str, type]] = {"file": str, "head": str, "count": int, "kinds": dict}
_CLEANLINESS: Final[Mapping[str, type]] = {"counts": dict, "results": list}


class Refused(Exception):
    """The check fails; the text is one sentence that names the culprit."""


class Undecided(Exception):
    """The check cannot be decided; the text says why."""


@dataclass(frozen=True, slots=True)
class Capture:
    """A manifest whose shape was checked, nothing else."""

    value: Mapping[str, Any]
    files: Mapping[str, ListedFile]
    terminal: Terminal
    began: Moment | None
    ended: Moment
    gaps: tuple[Gap, ...]

    @property
    def session(self) -> str:
        return str(self.value["session"])

    @property
    def recording(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.value["recording"]
        return found


def parse_capture(manifest: bytes) -> Capture:
    """The capture that ``manifest`` describes.

    Raises:
        InvalidEvidence: naming the field that is wrong.
    """
    value = read_manifest(manifest)
    _shaped(value, {"schema": str, **_FIELDS}, "the manifest")
    _shaped(value["recording"], _RECORDING, "the manifest's recording")
    _shaped(value["events"], _EVENTS, "the manifest's events")
    _shaped(value["cleanliness"], _CLEANLINESS, "the manifest's cleanliness")
    try:
        files = {each.path: each for each in FileList.decode(manifest).files}
        terminal = Terminal(value["terminal"])
        gaps = tuple(parse_gap(gap) for gap in value["recording"]["gaps"])
    except KeyError as error:
        raise InvalidEvidence(f"a gap of the manifest has no {error.args[0]}") from error
    except (BadList, ValueError) as error:
        raise InvalidEvidence(str(error)) from error
    began = Moment.from_json(value["began"]) if value["began"] is not None else None
    return Capture(value, files, terminal, began, Moment.from_json(value["ended"]), gaps)


def _shaped(
    value: Mapping[str, Any], fields: Mapping[str, type | tuple[type, ...]], what: str
) -> None:
    strange = sorted(value.keys() ^ fields.keys())
    if strange:
        raise InvalidEvidence(f"{what} lacks {strange[0][:40]}, or must not have it")
    for name, kind in fields.items():
        right = type(value[name]) is kind if kind in {int, bool} else isinstance(value[name], kind)
        if not right:
            raise InvalidEvidence(f"{what} has a strange {name}")


class Ground:
    """One examination. ``names`` are the paths that are there, when somebody knows."""

    def __init__(
        self,
        manifest: bytes,
        opener: Opener | None,
        trust: TrustStore | None,
        expected: str | None,
        names: Iterable[str] | None,
    ) -> None:
        self.manifest, self.trust, self.expected = manifest, trust, expected
        self.names = None if names is None else frozenset(names)
        self._opener = opener
        self.capture: Capture | None = None
        self.entries: tuple[Entry, ...] | None = None
        self.heads: tuple[str, ...] = ()
        self.events: tuple[Event, ...] | None = None

    @property
    def known(self) -> Capture:
        if self.capture is None:
            raise Undecided("not examined, because the manifest cannot be read")
        return self.capture

    @property
    def chain(self) -> tuple[Entry, ...]:
        if self.entries is None:
            raise Undecided("not examined, because the recording's chain does not hold")
        return self.entries

    @property
    def log(self) -> tuple[Event, ...]:
        if self.events is None:
            raise Undecided("not examined, because the event log does not hold")
        return self.events

    @property
    def segments(self) -> list[Segment]:
        return [entry for entry in self.chain if isinstance(entry, Segment)]

    @contextmanager
    def opened(self, path: str) -> Iterator[BinaryIO]:
        """The file listed as ``path``. Raises Refused: it is not there."""
        if self._opener is None:
            raise Undecided("the files are not at hand")
        try:
            stream = self._opener(path)
        except (OSError, LookupError) as error:
            raise Refused(f"{path} is missing") from error
        with stream:
            yield stream


def utc(moment: Moment) -> str:
    """For a sentence."""
    return clock.rfc3339(moment.utc)
