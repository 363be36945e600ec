"""One numbered step of a verification, and its three possible outcomes.

Token, ledger and package verifiers all report lists of :class:`Check`, so that a page, a command
line and a court's expert read the same words whichever part spoke them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    #: The step could not be decided with what is at hand. Never to be read as a pass.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """``number`` is the step's place in the verifier's docstring; ``code`` is stable across
    releases (translations and tests hang on it); ``title`` and ``detail`` are for people."""

    number: int
    code: str
    title: str
    outcome: Outcome
    detail: str = ""

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASS

    @property
    def failed(self) -> bool:
        return self.outcome is Outcome.FAIL
