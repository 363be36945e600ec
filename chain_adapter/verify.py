"""Offline verification: entry, receipt and proof against keys one already trusts.

Pure: no network, no database, no clock. The steps, in order; the first that does not pass ends it:

1.  The entry is canonical and well formed.
2.  The platform it names signed it, with a trusted key.
3.  The depositor signed its transaction, when it carries a depositor's signature or names a key.
4.  The receipt speaks of this entry: its key, and its RFC 6962 leaf hash.
5.  The receipt says that the record is final.
6.  The receipt's ledger is a trusted one, of a kind this verifier knows, and of the kind that what
    is demanded of the ledger (deposit nodes, validators) can be shown for.
7.  The receipt's checkpoint is signed by that ledger.
8.  The receipt's time is the time signed with that checkpoint.
9.  The proof's checkpoint is signed by that ledger.
10. The proof is for the receipt's position, and both trees reach it.
11. The proof's tree is not older than the receipt's, and not a fork of the same size.
12. The audit path leads from the entry to the proof's root (RFC 9162 §2.1.3.2).
13. Enough of the ledger's deposit nodes cosigned the trees of proof and receipt. Asked whenever
    nodes are known for the ledger, whatever the receipt says of itself, and whenever it speaks of
    nodes; trees from before the nodes' time need none.

A record on an EVM chain goes from step 6 on through these:

21. The receipt's note is signed by the ledger's observer.
22. The note says that the chain had gone on over the block far enough.
23. The proof is of the batch the note names.
24. The proof's header hashes to the block the note names (for BFT chains: without seals and round).
25. Enough of the trusted validators sealed that header, nobody twice and no stranger. Asked when
    validators are trusted for the ledger, and when the header holds seals.
26. The contract's account is under the header's state root (EIP-1186).
27. The contract's storage holds that batch: root, count and first position.
28. The receipt's position is in the batch, at the proof's index.
29. The audit path leads from the entry to the batch's root.
30. The receipt's time is the one the contract recorded, and not after the block.

Together they bind every byte of entry, receipt and proof, save signatures by keys nobody asked for.
Steps 1 to 6 are those of every record (:mod:`chain_adapter.verification.examination`); the others
belong to the kind of evidence, which the receipt's scheme names: transparency logs
(:mod:`chain_adapter.verification.log`), contracts (:mod:`chain_adapter.evm.proof.steps`), and
plug-ins' kinds (from 41 on, see :mod:`chain_adapter.verification.kinds`).
"""

from __future__ import annotations

from typing import Final

from chain_adapter.entry import Entry
from chain_adapter.errors import Fatal
from chain_adapter.evm.proof.steps import EvmExamination
from chain_adapter.receipt import Receipt
from chain_adapter.trust import Trust
from chain_adapter.verification.examination import Examination, LedgerProof, Result, Verdict
from chain_adapter.verification.kinds import examination_of
from chain_adapter.verification.log import LOG_STEPS

__all__ = ["STEPS", "Result", "Verdict", "verify"]

#: Every step there is, whatever the kind of evidence; for those who need words for each.
STEPS: Final = (*LOG_STEPS, *EvmExamination.steps)


def verify(entry: Entry | bytes, receipt: Receipt, proof: LedgerProof, trust: Trust) -> Verdict:
    """Judge the record by the steps above. Never raises for bad evidence."""
    kind, hindrance = Examination, ""
    try:
        kind = examination_of(receipt.scheme) or Examination
    except Fatal as error:
        hindrance = str(error)
    examination = kind(entry, receipt, proof, trust)
    examination.hindrance = hindrance
    return examination.verdict()
