"""received → timestamped: a verified token over each digest, and the entry that names it."""

from __future__ import annotations

from collections.abc import Sequence

from portal.deposits.batches import attempt
from portal.deposits.evidence import digests_of, new_entry, token_columns, verified
from portal.deposits.models import Deposit, State
from portal.deposits.steps import Done, Failed, Steps
from portal.deposits.tools import Tools
from timestamping.token import Token
from timestamping.trust import TrustStore


class Stamping:
    def __init__(self, tools: Tools, steps: Steps) -> None:
        self._tools = tools
        self._steps = steps

    def advance(self, rows: Sequence[Deposit]) -> list[Deposit]:
        """Stamp ``rows`` together; the ones that are timestamped now. Tokens made for rows that
        were moved by somebody else meanwhile are dropped and harm nobody."""
        if not rows:
            return []
        done: list[Done] = []
        rows, failed = self._cut(rows)
        outcomes = attempt(self._tools.stamper.stamp_many, [digests_of(row)[0] for row in rows])
        try:
            trust = self._tools.stamper.trust()
        except Exception as error:  # noqa: BLE001 - the reason; without trust nothing holds
            outcomes = [error] * len(rows)
            trust = TrustStore()
        for row, outcome in zip(rows, outcomes, strict=True):
            try:
                done.append(self._stamped(row, outcome, trust))
            except Exception as error:  # noqa: BLE001 - recorded as the reason
                failed.append(Failed(row, error))
        self._steps.failed(State.RECEIVED, failed)
        return self._steps.done(State.RECEIVED, State.TIMESTAMPED, done)

    def _cut(self, rows: Sequence[Deposit]) -> tuple[list[Deposit], list[Failed]]:
        """Those whose content is cut into packets, or need not be; no token is spent on others."""
        ready: list[Deposit] = []
        failed: list[Failed] = []
        for row in rows:
            try:
                self._tools.data_root(row)
                ready.append(row)
            except Exception as error:  # noqa: BLE001 - recorded as the reason
                failed.append(Failed(row, error))
        return ready, failed

    def _stamped(self, row: Deposit, outcome: Token | Exception, trust: TrustStore) -> Done:
        if isinstance(outcome, Exception):
            raise outcome
        token = verified(outcome, digests_of(row)[0], trust)
        values = {**token_columns(token), "entry": new_entry(self._tools, row, token).encode()}
        return Done(row, values, {"tsa": token.tsa, "serial": f"{token.serial:x}"})
