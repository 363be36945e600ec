"""Several TSAs behind one stamper: one for another's absence, or all together."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar, Literal

from chain_adapter.digest import Digest
from timestamping.errors import NoTsaAnswered, TimestampError
from timestamping.stamper import Stamper, StamperHealth
from timestamping.token import Token
from timestamping.trust import TrustStore

Mode = Literal["fallback", "costamp"]


class MultiStamper(Stamper):
    """``fallback``: the first stamper that answers gives the tokens; the others are asked in
    order when it does not. ``costamp``: every stamper stamps every digest; the first one's token
    carries the others in ``also``. Co-stamping is chosen because one TSA is not enough, so there
    the failure of any one fails the whole.

    Raises:
        ValueError: no stampers, or another mode.
    """

    scheme: ClassVar[str] = "multi"

    def __init__(self, stampers: Sequence[Stamper], mode: Mode = "fallback") -> None:
        if not stampers:
            raise ValueError("at least one stamper is needed")
        if mode not in ("fallback", "costamp"):
            raise ValueError(f"{mode!r} is no mode; there are fallback and costamp")
        self.stampers, self.mode = tuple(stampers), mode
        self.label = ", ".join(stamper.label for stamper in stampers)
        # Fallback may end at any of them, so it promises only what all of them are.
        meets = any if mode == "costamp" else all
        self.independent = meets(stamper.independent for stamper in stampers)

    def close(self) -> None:
        for stamper in self.stampers:
            stamper.close()

    def _trust(self) -> TrustStore:
        trust = TrustStore()
        for stamper in self.stampers:
            trust = trust.merge(stamper.trust())
        return trust

    def _stamp_many(self, digests: Sequence[Digest]) -> list[Token]:
        return self._all(digests) if self.mode == "costamp" else self._first(digests)

    def _first(self, digests: Sequence[Digest]) -> list[Token]:
        errors: list[tuple[str, TimestampError]] = []
        for stamper in self.stampers:
            try:
                return stamper.stamp_many(digests)
            except TimestampError as error:
                errors.append((stamper.label, error))
        raise NoTsaAnswered(errors)

    def _all(self, digests: Sequence[Digest]) -> list[Token]:
        """Asked side by side: the slowest sets the pace, not the sum."""
        with ThreadPoolExecutor(len(self.stampers)) as pool:
            asked = [pool.submit(stamper.stamp_many, digests) for stamper in self.stampers]
        errors: list[tuple[str, TimestampError]] = []
        answers: list[list[Token]] = []
        for stamper, answer in zip(self.stampers, asked, strict=True):
            try:
                answers.append(answer.result())
            except TimestampError as error:
                errors.append((stamper.label, error))
        if errors:
            raise NoTsaAnswered(errors)
        return [
            dataclasses.replace(primary, also=tuple(others))
            for primary, *others in zip(*answers, strict=True)
        ]

    def _health(self) -> StamperHealth:
        healths = [stamper.health() for stamper in self.stampers]
        enough = all if self.mode == "costamp" else any
        return StamperHealth(
            enough(health.ok for health in healths),
            "; ".join(f"{health.label}: {health.detail}" for health in healths),
            self.label,
        )
