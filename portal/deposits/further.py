"""Where the ledgers after the first one stand with a deposit.

What is final comes first, in the order in which it became so: a letter made at one moment and a
package made later number these ledgers alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from chain_adapter import Entry, Ledger, Receipt, Trust
from chain_adapter.errors import Fatal
from chain_adapter.merkle import leaf_hash
from chain_adapter.verification.examination import LedgerProof
from chain_adapter.verification.kinds import decode_proof
from portal.deposits.public import Proven
from portal.jobs.recording import prove_final
from portal.jobs.waiting import wait_for
from timestamping.letter import Further


@dataclass(frozen=True, slots=True)
class Standing:
    """How far one further ledger is. ``proof`` is there exactly when the record is final and was
    verified; until then ``reason`` says why it waits, as deposits say it, and ``awaited`` for whom.
    """

    ledger: str
    receipt: Receipt | None = None
    proof: LedgerProof | None = None
    reason: str = ""
    awaited: tuple[str, ...] = ()

    @property
    def final(self) -> bool:
        return self.proof is not None

    @classmethod
    def waiting(cls, ledger: str, receipt: Receipt | None, error: Exception) -> Self:
        """It waits, for the reason ``error`` gives."""
        wait = wait_for(error)
        return cls(ledger, receipt, None, wait.code, wait.awaited)

    def to_object(self) -> dict[str, Any]:
        return {
            "receipt": self.receipt.to_json().decode() if self.receipt else None,
            "proof": self.proof.encode().decode() if self.proof else None,
            "reason": self.reason,
            "awaited": list(self.awaited),
        }

    @classmethod
    def from_object(cls, ledger: str, value: dict[str, Any]) -> Self:
        receipt = Receipt.from_json(value["receipt"].encode()) if value["receipt"] else None
        proof = None
        if receipt is not None and value["proof"]:
            proof = decode_proof(receipt.scheme, value["proof"].encode())
        return cls(ledger, receipt, proof, value["reason"], tuple(value["awaited"]))


def standings_of(deposit: Proven) -> dict[str, Standing]:
    """Ledger id → how far it is; final ones first."""
    stored: dict[str, dict[str, Any]] = json.loads(deposit.further or "{}")
    return {name: Standing.from_object(name, value) for name, value in stored.items()}


def finals_of(deposit: Proven) -> tuple[Further, ...]:
    """Those that hold the deposit for good, in the order in which they came to."""
    standings = standings_of(deposit).values() if deposit.further else ()
    return tuple(
        Further(each.receipt, each.proof) for each in standings if each.receipt and each.proof
    )


def standings_json(before: Iterable[Standing], now: Iterable[Standing]) -> str:
    """``now`` joins ``before``: what is final stays where it is, what becomes final goes behind it,
    and the rest follows."""
    known = {each.ledger: each for each in before}
    known |= {each.ledger: each for each in now if not is_final(known.get(each.ledger))}
    ordered = sorted(known.values(), key=lambda each: not each.final)
    return json.dumps({each.ledger: each.to_object() for each in ordered})


def proved(ledger: Ledger, entry: Entry, receipt: Receipt, trust: Trust) -> Standing:
    """The standing of an entry that ``ledger`` has taken. No receipt that an offline verifier would
    refuse is kept.

    Raises:
        NotFinal: it is not final yet.
        Fatal: the receipt is of something else, or does not verify.
        LedgerError: the ledger gives no proof.
    """
    if receipt.entry_hash != leaf_hash(entry.encode()):
        raise Fatal(f"the ledger holds another entry under {entry.key}")
    proof = prove_final(ledger, entry, receipt, trust)
    return Standing(ledger.id, receipt, proof)


def is_final(known: Standing | None) -> bool:
    """Whether that ledger holds it for good."""
    return known is not None and known.final
