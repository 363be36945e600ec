"""What a check found, as values: groups of numbered checks, files side by side, and standing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from chain_adapter.verdict import Check, Outcome
from portal.verification.report import outcome_of

CONTENT, TIME, LEDGER, ORIGIN = "content", "time", "ledger", "origin"
#: The four groups, in the order in which they are shown.
GROUPS: Final = (CONTENT, TIME, LEDGER, ORIGIN)
#: The outcome of a group in which there is nothing that a machine could decide.
NOTHING: Final = "none"
#: Outcomes of a group, the worst first.
OUTCOMES: Final = ("fail", "unknown", "pass", NOTHING)


@dataclass(frozen=True, slots=True)
class Line:
    """A numbered check and what it was asked about: a time-stamping authority, a ledger, a path."""

    check: Check
    about: str = ""

    def document(self) -> dict[str, Any]:
        return {
            "number": self.check.number,
            "code": self.check.code,
            "title": self.check.title,
            "outcome": str(self.check.outcome),
            "detail": self.check.detail,
            "about": self.about,
        }

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Line:
        """Inverse of :meth:`document`."""
        outcome = Outcome(value["outcome"])
        check = Check(value["number"], value["code"], value["title"], outcome, value["detail"])
        return cls(check, value["about"])


@dataclass(frozen=True, slots=True)
class Group:
    """One of :data:`GROUPS`. ``facts`` is what a page shows beside the checks: JSON values."""

    name: str
    lines: tuple[Line, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        """``"pass"``, ``"fail"``, ``"unknown"``; ``"none"`` when there was nothing to decide."""
        if not self.lines:
            return NOTHING
        return str(outcome_of(line.check for line in self.lines))

    def document(self) -> dict[str, Any]:
        lines = [line.document() for line in self.lines]
        return {"outcome": self.outcome, "checks": lines, "facts": dict(self.facts)}

    @classmethod
    def of(cls, name: str, value: Mapping[str, Any]) -> Group:
        """Inverse of :meth:`document`."""
        return cls(name, tuple(map(Line.of, value["checks"])), value["facts"])


def overall(outcomes: Iterable[str]) -> str:
    """What the groups come to: the worst of them; a group with nothing to decide decides nothing.

    >>> overall(["pass", "none", "unknown"])
    'unknown'
    """
    found = set(outcomes)
    return next((each for each in OUTCOMES[:2] if each in found), "pass")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A file of the applicant's, digested in a browser of the office; ``seq`` is the entry of the
    custody log that says so. ``name`` is what the file was called there; ``path`` the file of a
    folder that it was compared with, empty when it is none of them, or there is no folder."""

    seq: int
    at: datetime
    by: str
    sha256: str
    sm3: str | None
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison showed, for the person who asked: ``deposited`` and ``given`` are
    hexadecimal; ``path`` names the file of a folder, ``known`` whether there is such a file."""

    same: bool
    given: str
    deposited: str
    name: str
    path: str = ""
    known: bool = True


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A notary's word on one group."""

    group: str
    by: str
    name: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class CheckView:
    """One run, for pages of the office. ``groups`` is empty until it has ended. ``current``: it is
    of the matter as it stands now, and the newest; ``fresh``: it ended within the last 24 hours.
    """

    id: str
    matter_id: str
    n: int
    revision: int
    state: str
    stage: str
    trouble: str
    attempts: int
    next_attempt_at: datetime
    begun_by: str
    begun_at: datetime
    ended_at: datetime | None
    outcome: str | None
    sha256: str | None
    document: Mapping[str, Any]
    groups: tuple[Group, ...]
    confirmed: tuple[Confirmed, ...]
    current: bool
    fresh: bool

    @property
    def open(self) -> bool:
        """Whether the machine is still to run, or at it."""
        return self.state in ("waiting", "running")

    def group(self, name: str) -> Group | None:
        return next((each for each in self.groups if each.name == name), None)

    def said(self, group: str) -> list[Confirmed]:
        """The confirmations of one group, in their order."""
        return [each for each in self.confirmed if each.group == group]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a matter's check stands, for whoever is about to certify something.

    ``check_id`` is the latest run that ended; ``outcomes`` its groups. ``reasons`` maps each group
    that the machine could not decide to what the handling notary wrote. ``problem`` is None when a
    certificate may be issued, else one English sentence why not (a msgid); ``code`` names it.
    """

    check_id: str | None = None
    n: int | None = None
    revision: int | None = None
    ended_at: datetime | None = None
    outcome: str | None = None
    sha256: str | None = None
    outcomes: Mapping[str, str] = field(default_factory=dict)
    confirmed: Sequence[Confirmed] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    code: str | None = None
    problem: str | None = None

    @property
    def ok(self) -> bool:
        return self.problem is None
