"""All endpoints together: who can be used now, and what enough of them agree on."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Final, TypeVar

from chain_adapter.errors import Fatal, Retryable
from chain_adapter.evm.config import EvmConfig
from chain_adapter.evm.rpc import Endpoint, EndpointTrouble, Refused

T = TypeVar("T")


class Endpoints:
    """``agree`` of them must say the same before it counts."""

    def __init__(self, config: EvmConfig) -> None:
        self.all: Final = tuple(Endpoint(url, config) for url in config.endpoints)
        self.agree: Final = config.agree

    def ready(self) -> list[Endpoint]:
        return [each for each in self.all if each.ready()]

    def require(self) -> list[Endpoint]:
        """Those that answer just now, when they are enough.

        Raises:
            Fatal: so many are on another chain, or know no such contract, that enough cannot agree.
            Retryable: too few answer just now.
        """
        ready = [each for each in self.ready() if each.answers()]
        if len(ready) >= self.agree:
            return ready
        reasons = self.troubles()
        if len(self.all) - sum(each.wrong for each in self.all) < self.agree:
            raise Fatal(f"the chain's endpoints are not the right ones: {reasons}")
        raise self._too_few(len(ready))

    def troubles(self) -> str:
        return "; ".join(each.trouble for each in self.all if each.trouble)

    def agreed(self, ask: Callable[[Endpoint], int]) -> int:
        """The greatest number that enough endpoints reach, and at least half of those who answer:
        one that exaggerates counts for nothing.

        Raises:
            Retryable: too few answer.
        """
        numbers = sorted(self._answers(ask), reverse=True)
        if len(numbers) < self.agree:
            raise self._too_few(len(numbers))
        return numbers[max(self.agree - 1, len(numbers) // 2)]

    def some(self, ask: Callable[[Endpoint], bool]) -> bool:
        """Whether one of them says so, for what the chain itself judges in the end.

        Raises:
            Retryable: too few answer.
        """
        answers = self._answers(ask)
        if len(answers) < self.agree:
            raise self._too_few(len(answers))
        return any(answers)

    def median(self, ask: Callable[[Endpoint], int]) -> int:
        """The middle of what they say, for what is a matter of degree.

        Raises:
            Retryable: too few answer.
        """
        numbers = self._answers(ask)
        if len(numbers) < self.agree:
            raise self._too_few(len(numbers))
        return statistics.median_low(numbers)

    def _answers(self, ask: Callable[[Endpoint], T]) -> list[T]:
        numbers = []
        for endpoint in self.ready():
            try:
                numbers.append(ask(endpoint))
            except (EndpointTrouble, Refused):
                continue
        return numbers

    def _too_few(self, got: int) -> Retryable:
        reasons = self.troubles()
        return Retryable(
            f"only {got} of the {self.agree} needed endpoints of the chain can be used now"
            + (f": {reasons}" if reasons else "")
        )
