"""timestamped → anchored: on the primary ledger, exactly once, and proved."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from chain_adapter import Conflict, Entry, Fatal, Proof, Receipt, Trust, verify
from chain_adapter.errors import Retryable
from chain_adapter.merkle import leaf_hash
from chain_adapter.verify import Result
from portal.audit.service import Detail
from portal.deposits.batches import attempt
from portal.deposits.evidence import digests_of, entry_of, receipts_json, token_of, verified
from portal.deposits.models import Deposit, State
from portal.deposits.steps import Done, Failed, Steps
from portal.deposits.tools import Tools
from timestamping.trust import TrustStore


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
        known: list[tuple[Deposit, Entry, Receipt]] = []
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
                if receipt is None:
                    missing.append((row, entry))
                else:
                    known.append((row, entry, receipt))
            except Exception as error:  # noqa: BLE001 - recorded as the reason
                failed.append(Failed(row, error))
        for (row, entry), outcome in zip(missing, self._append(missing), strict=True):
            if isinstance(outcome, Exception):
                failed.append(Failed(row, outcome))
            else:
                known.append((row, entry, outcome))
        return self._record(known, failed)

    def _append(self, missing: Sequence[tuple[Deposit, Entry]]) -> list[Receipt | Exception]:
        size = self._tools.ledger.caps.max_batch
        entries = [entry for _, entry in missing]
        outcomes: list[Receipt | Exception] = []
        for start in range(0, len(entries), size):
            # By itself, so that the type of what append gives is not lost in the wider one.
            part = attempt(self._tools.ledger.append, entries[start : start + size])
            outcomes.extend(part)
        return outcomes

    def _record(
        self, known: Sequence[tuple[Deposit, Entry, Receipt]], failed: list[Failed]
    ) -> list[Deposit]:
        done = []
        proofs = attempt(self._tools.ledger.prove_many, [receipt for _, _, receipt in known])
        trust = self._tools.ledger_trust()
        for (row, entry, receipt), proof in zip(known, proofs, strict=True):
            try:
                done.append(self._proved(row, entry, receipt, proof, trust))
            except Exception as error:  # noqa: BLE001 - recorded as the reason
                failed.append(Failed(row, error))
        self._steps.failed(State.TIMESTAMPED, failed)
        return self._steps.done(State.TIMESTAMPED, State.ANCHORED, done)

    def _proved(
        self, row: Deposit, entry: Entry, receipt: Receipt, proof: Proof | Exception, trust: Trust
    ) -> Done:
        """No receipt that an offline verifier would refuse goes any further."""
        ledger = self._tools.ledger
        if isinstance(proof, Exception):
            raise proof
        encoded = entry.encode()
        if receipt.entry_hash != leaf_hash(encoded):
            raise Conflict(f"the ledger holds another entry under {entry.key}")
        verdict = verify(encoded, receipt, proof, trust)
        if verdict.result is Result.PENDING:
            raise Retryable("the ledger has taken the entry, and its record is not final yet")
        if verdict.failed is not None:
            raise Fatal(f"the ledger's receipt does not verify: {verdict.failed.detail}")
        now = self._tools.clock()
        values = {
            "receipts": receipts_json({ledger.id: receipt}),
            "proof": proof.encode().decode(),
            "anchored_at": now,
            "follow_at": now if len(self._tools.ledgers) > 1 else None,
        }
        detail: Detail = {"ledger": ledger.id, "position": receipt.position}
        if not row.letter_on_demand:
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
