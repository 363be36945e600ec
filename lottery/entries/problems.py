"""Problems of rows, gathered: the first few by name, all of them counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from lottery.entries.model import NAMED, Problem


@dataclass
class Problems:
    """Filled while a file is read."""

    named: list[Problem] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, problem: Problem) -> None:
        """Count it, and keep it when it is among the first."""
        self.counts[problem.code] += 1
        if len(self.named) < NAMED:
            self.named.append(problem)

    @property
    def count(self) -> int:
        return self.counts.total()
