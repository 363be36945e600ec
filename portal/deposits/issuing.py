"""anchored → issued: the letter, sealed and kept."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from portal.deposits.further import finals_of
from portal.deposits.letters import Letters
from portal.deposits.models import Deposit, State
from portal.deposits.steps import Done, Failed, Steps
from portal.deposits.tools import Tools
from portal.jobs.waiting import NotFinal


class Issuing:
    def __init__(self, tools: Tools, steps: Steps, letters: Letters) -> None:
        self._tools = tools
        self._steps = steps
        self._letters = letters

    def advance(self, rows: Sequence[Deposit]) -> list[Deposit]:
        """Issue letters for ``rows``, one by one; the rows that have theirs now."""
        issued = []
        for row in rows:
            try:
                self._gate(row)
                done = self._sealed(row)
            except Exception as error:  # noqa: BLE001 - recorded as the reason
                self._steps.failed(State.ANCHORED, [Failed(row, error)])
                continue
            moved = self._steps.done(State.ANCHORED, State.ISSUED, [done])
            if not moved:  # somebody else's letter is the deposit's; ours was never shown
                self._tools.vault.delete(done.values["letter_key"])
            issued += moved
        return issued

    def pass_on(self, rows: Sequence[Deposit]) -> list[Deposit]:
        """Those of ``rows`` whose letters are made on demand: issued as soon as enough ledgers hold
        them."""
        done, failed = [], []
        values = {"issued_at": self._tools.clock(), "lease": None, "lease_until": None}
        for row in rows:
            try:
                self._gate(row)
                done.append(Done(row, values, {"letter": "on demand"}))
            except Exception as error:  # noqa: BLE001 - recorded as the reason
                failed.append(Failed(row, error))
        self._steps.failed(State.ANCHORED, failed)
        return self._steps.done(State.ANCHORED, State.ISSUED, done)

    def _gate(self, row: Deposit) -> None:
        """Whether enough ledgers hold the deposit for good.

        Raises:
            NotFinal: naming those that do not yet.
        """
        need = self._tools.settings.ledgers_required
        if need == 1:  # the primary one does, or the deposit were not anchored
            return
        final = {each.ledger for each in finals_of(row)}
        if 1 + len(final) >= need:
            return
        awaited = tuple(each.id for each in self._tools.ledgers[1:] if each.id not in final)
        have, names = 1 + len(final), ", ".join(awaited)
        sentence = f"{have} of the {need} needed ledgers hold it for good; it waits for {names}"
        raise NotFinal("ledger_further", sentence, awaited)

    def _sealed(self, row: Deposit) -> Done:
        moment = self._tools.clock()
        letter = self._letters.issue(row, moment)
        # Each attempt has its own key: a letter left by an attempt that died is not in the way.
        stored = self._tools.vault.put(f"letter/{row.id}/{secrets.token_hex(8)}", letter)
        digest = stored.content.sha256.hex
        values = {
            "letter_key": stored.key,
            "letter_sha256": digest,
            "issued_at": moment,
            "lease": None,
            "lease_until": None,
        }
        return Done(row, values, {"letter_sha256": digest})
