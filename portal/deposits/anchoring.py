"""timestamped → anchored: on the primary ledger, exactly once, and proved."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import TypeAlias

from chain_adapter import Entry, Fatal, Receipt, Status, Trust
from chain_adapter.verification.examination import LedgerProof
from portal.audit.service import Detail
from portal.deposits.batches import attempt
from portal.deposits.beside import recorded
from portal.deposits.evidence import digests_of, entry_of, receipts_json, token_of, verified
from portal.deposits.models import Deposit, State
from portal.deposits.signed import depositor_key, trusting
from portal.deposits.steps import Done, Failed, Steps
from portal.deposits.tools import Tools
from portal.jobs.recording import LOST, require_accepted
from portal.jobs.waiting import not_final
from timestamping.trust import TrustStore

#: A row, its entry, and what the ledger says of it.
Known: TypeAlias = tuple[Deposit, Entry, Receipt]


class Anchoring:
    def __init__(self, tools: Tools, steps: Steps) -> None:
        self._tools = tools
        self._steps = steps

    def advance(self, rows: Sequence[Deposit], fresh: Collection[str]) -> list[Deposit]:
        """Anchor ``rows`` together; the ones that are anchored now.

        Args:
            fresh: ids of rows that this very worker has just timestamped. For all others the token
                is verified once more, and the ledger is asked first: an earlier attempt may have
                been recorded although its answer was lost.
        """
        if not rows:
            return []
        failed: list[Failed] = []
        known: list[Known] = []
        missing: list[tuple[Deposit, Entry]] = []
        trust: TrustStore | None = None
        for row in rows:
            try:
                if row.id in fresh:
                    missing.append((row, entry_of(row)))
                    continue
                trust = trust or self._tools.stamper.trust()
                entry = _gate(row, trust)
                receipt = self._tools.ledger.lookup(entry.key)
                if receipt is None or receipt.status in LOST:
                    missing.append((row, entry))
                else:
                    known.append((row, entry, receipt))
            except Exception as error:  # noqa: BLE001 - recorded as the reason
                failed.append(Failed(row, error))
        known = self._refreshed(known, failed)
        for (row, entry), outcome in zip(missing, self._append(missing), strict=True):
            if isinstance(outcome, Exception):
                failed.append(Failed(row, outcome))
            else:
                known.append((row, entry, outcome))
        return self._record(known, failed)

    def _refreshed(self, known: list[Known], failed: list[Failed]) -> list[Known]:
        """Pending receipts as they are now, the newest first: when that one still waits for
        somebody, so do the others, and asking for each of them would only take long."""
        ledger, waiting = self._tools.ledger, False
        now: dict[str, Receipt] = {}
        for row, _, receipt in sorted(known, key=lambda each: -each[2].position):
            try:
                if receipt.status is Status.FINAL or waiting:
                    now[row.id] = receipt
                else:
                    now[row.id] = fresh = ledger.refresh(receipt)
                    waiting = fresh.status is not Status.FINAL and bool(ledger.awaited(fresh))
            except Exception as error:  # noqa: BLE001 - recorded as the reason
                failed.append(Failed(row, error))
        return [(row, entry, now[row.id]) for row, entry, _ in known if row.id in now]

    def _append(self, missing: Sequence[tuple[Deposit, Entry]]) -> list[Receipt | Exception]:
        ledger = self._tools.ledger
        size, rows = ledger.caps.max_batch, [row for row, _ in missing]
        outcomes: list[Receipt | Exception] = []
        for start in range(0, len(rows), size):
            # By itself, so that the type of what append gives is not lost in the wider one.
            part = attempt(partial(recorded, ledger), rows[start : start + size])
            outcomes.extend(part)
        return outcomes

    def _record(self, known: Sequence[Known], failed: list[Failed]) -> list[Deposit]:
        done, ledger = [], self._tools.ledger
        final = [each for each in known if each[2].status is Status.FINAL]
        failed += [
            Failed(row, not_final(ledger.awaited(receipt)))
            for row, _, receipt in known
            if receipt.status is not Status.FINAL
        ]
        proofs = attempt(ledger.prove_many, [receipt for _, _, receipt in final])
        trust = self._tools.ledger_trust()
        for (row, entry, receipt), proof in zip(final, proofs, strict=True):
            try:
                done.append(self._proved(row, entry, receipt, proof, trust))
            except Exception as error:  # noqa: BLE001 - recorded as the reason
                failed.append(Failed(row, error))
        self._steps.failed(State.TIMESTAMPED, failed)
        return self._steps.done(State.TIMESTAMPED, State.ANCHORED, done)

    def _proved(
        self,
        row: Deposit,
        entry: Entry,
        receipt: Receipt,
        proof: LedgerProof | Exception,
        trust: Trust,
    ) -> Done:
        """No receipt that an offline verifier would refuse goes any further."""
        ledger = self._tools.ledger
        if isinstance(proof, Exception):
            raise proof
        require_accepted(ledger, entry, receipt, proof, trusting(trust, depositor_key(row)))
        now = self._tools.clock()
        values = {
            "receipts": receipts_json({ledger.id: receipt}),
            "proof": proof.encode().decode(),
            "anchored_at": now,
            "follow_at": now if len(self._tools.ledgers) > 1 else None,
        }
        detail: Detail = {"ledger": ledger.id, "position": receipt.position}
        if not row.letter_on_demand or self._tools.settings.ledgers_required > 1:
            return Done(row, values, detail)
        # No letter to wait for: it is made when somebody asks, of what is fixed from now on.
        issued = {"state": State.ISSUED, "issued_at": now, "lease": None, "lease_until": None}
        return Done(row, values | issued, detail, {State.ISSUED: {"letter": "on demand"}})


def _gate(row: Deposit, trust: TrustStore) -> Entry:
    """The stored entry, after the stored token passed every check again.

    Raises:
        TokenRefused: no verified token, no ledger write.
        Fatal: the entry speaks of something else than the row.
    """
    token, entry = verified(token_of(row), digests_of(row)[0], trust), entry_of(row)
    if entry.token != token.sha256 or set(entry.digests) != set(digests_of(row)):
        raise Fatal("the stored entry names another token or digest than the deposit's")
    return entry
