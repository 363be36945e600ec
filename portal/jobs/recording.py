"""Recording one entry on a ledger so that offline verifiers accept it, or saying why it waits."""

from __future__ import annotations

from typing import Final

from chain_adapter import (
    Conflict,
    Entry,
    Fatal,
    Ledger,
    LedgerProof,
    Receipt,
    Result,
    Status,
    Trust,
    verify,
)
from chain_adapter.merkle import leaf_hash
from chain_adapter.supplement import Supplement
from portal.jobs.waiting import not_final

#: It was there and is not: it is given to the ledger again.
LOST: Final = (Status.ORPHANED, Status.REJECTED)


def record_once(ledger: Ledger, entry: Entry, supplement: Supplement) -> Receipt:
    """The entry's receipt as it stands now. The ledger is asked for the entry first: an earlier
    attempt may have been recorded although its answer was lost.

    Raises:
        LedgerError: as the ledger's own methods.
    """
    receipt = ledger.lookup(entry.key)
    if receipt is None or receipt.status in LOST:
        return ledger.append([entry], [supplement])[0]
    return receipt if receipt.status is Status.FINAL else ledger.refresh(receipt)


def prove_final(ledger: Ledger, entry: Entry, receipt: Receipt, trust: Trust) -> LedgerProof:
    """The proof of a record that is final. No receipt that an offline verifier would refuse goes
    any further.

    Raises:
        NotFinal: the ledger has the record and waits, perhaps for somebody it names.
        Conflict: it holds another entry under the same key.
        Fatal: what it gives does not verify.
    """
    _require_of(entry, receipt)
    if receipt.status is not Status.FINAL:
        raise not_final(ledger.awaited(receipt))
    proof = ledger.prove(receipt)
    require_accepted(ledger, entry, receipt, proof, trust)
    return proof


def require_accepted(
    ledger: Ledger, entry: Entry, receipt: Receipt, proof: LedgerProof, trust: Trust
) -> None:
    """Whether an offline verifier accepts the record; errors as in :func:`prove_final`."""
    _require_of(entry, receipt)
    verdict = verify(entry, receipt, proof, trust)
    if verdict.result is Result.PENDING:
        raise not_final(ledger.awaited(receipt))
    if verdict.failed is not None:
        raise Fatal(f"the ledger's receipt does not verify: {verdict.failed.detail}")


def _require_of(entry: Entry, receipt: Receipt) -> None:
    if receipt.entry_hash != leaf_hash(entry.encode()):
        raise Conflict(f"the ledger holds another entry under {entry.key}")
