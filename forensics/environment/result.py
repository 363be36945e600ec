"""What one cleanliness check found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chain_adapter.verdict import Outcome
from forensics.environment.words import REASONS

__all__ = ["Outcome", "Result", "counts", "from_json", "to_json"]

#: What stands for nothing found.
NOTHING = "—"
#: Characters of ``found`` and ``expected`` that are kept: what stands in a desktop is hostile.
SHORT = 400


@dataclass(frozen=True, slots=True)
class Result:
    """``name`` is the check's stable name, ``reason`` the stable code of the sentence that says why
    (:data:`forensics.environment.words.REASONS`). ``found`` and ``expected`` are short plain text
    for people; ``data`` has everything behind them as JSON values, bounded in size.
    """

    name: str
    outcome: Outcome
    found: str = ""
    expected: str = ""
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def detail(self) -> str:
        """The reason as one English sentence."""
        return REASONS[self.reason].en if self.reason in REASONS else ""

    def to_json(self) -> dict[str, Any]:
        """As it stands in ``environment.json`` and in the manifest."""
        return {
            "name": self.name,
            "outcome": self.outcome.value,
            "found": self.found,
            "expected": self.expected,
            "reason": self.reason,
            "detail": self.detail,
            "data": dict(self.data),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Result:
        """The inverse of :meth:`to_json`.

        Raises:
            KeyError, ValueError: no such thing.
        """
        return cls(
            name=str(value["name"]),
            outcome=Outcome(value["outcome"]),
            found=str(value.get("found", "")),
            expected=str(value.get("expected", "")),
            reason=str(value.get("reason", "")),
            data=dict(value.get("data", {})),
        )


def short(text: str, limit: int = SHORT) -> str:
    """``text`` as one printable line of at most ``limit`` characters."""
    line = "".join(one if one.isprintable() else "�" for one in text[: limit + 1])
    return line if len(line) <= limit else line[: limit - 1] + "…"


def to_json(results: Iterable[Result]) -> list[dict[str, Any]]:
    return [each.to_json() for each in results]


def from_json(values: Iterable[Mapping[str, Any]]) -> tuple[Result, ...]:
    """Raises KeyError or ValueError for what are no results."""
    return tuple(Result.from_json(each) for each in values)


def counts(results: Iterable[Result]) -> dict[str, int]:
    """How many checks ended how: ``pass``, ``fail`` and ``unknown``, zeros too."""
    outcomes = [each.outcome for each in results]
    return {each.value: outcomes.count(each) for each in Outcome}
