"""What stands on the chain, as enough endpoints hold it, signed for receipts.

A record counts as *included* when ``agree`` endpoints hold its block, and as *final* when they hold
it ``confirmations`` deep and its EIP-1186 proof verifies under that block's hash: an endpoint that
invents receipts has to bring the others along, and a state root with the record in it. A record is
*orphaned* when so many hold another block at that height that too few can still hold this one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from chain_adapter.errors import LedgerError
from chain_adapter.evm.config import EvmConfig
from chain_adapter.evm.endpoints import Endpoints
from chain_adapter.evm.fetching import fetch_proof
from chain_adapter.evm.layout import AnchorRecord
from chain_adapter.evm.names import ledger_id
from chain_adapter.evm.observation import Observation, sign_observation
from chain_adapter.evm.proof.steps import EvmExamination
from chain_adapter.evm.proof.value import EvmProof
from chain_adapter.evm.rows import Anchor
from chain_adapter.evm.rpc import Endpoint, EndpointTrouble, Refused
from chain_adapter.evm.state import State
from chain_adapter.evm.view import View
from chain_adapter.note import NoteSigner
from chain_adapter.receipt import Receipt, Status
from chain_adapter.trust import Trust
from chain_adapter.verification.examination import RECORD_STEPS

_MOST: Final = 256
#: Where the state keeps the sentence about a broken promise, until an operator has read it.
ALARM: Final = "alarm"
#: Everything but whose signatures the entry bears: that is for whoever verifies.
_STEPS: Final = tuple(step for step in RECORD_STEPS if step.number not in (2, 3))


@dataclass(frozen=True, slots=True)
class Sighting:
    """A record in a block, and who holds that block."""

    record: AnchorRecord
    block: bytes
    holders: tuple[Endpoint, ...]


class Observer:
    """``signer`` bears the ledger's id as its name."""

    def __init__(
        self, config: EvmConfig, endpoints: Endpoints, state: State, signer: NoteSigner
    ) -> None:
        self.trouble = ""
        self._config = config
        self._endpoints = endpoints
        self._state = state
        self._signer = signer
        self._ledger = ledger_id(config.chain_id, config.contract)
        vkey = str(signer.verifier)
        sealed = {self._ledger: config.validators} if config.validators else {}
        self.trust: Final = Trust(ledgers={self._ledger: vkey}, validators=sealed)

    def watch(self) -> dict[int, bool]:
        """Look at everything that is not final, and whether what was final still is.

        Returns, for each anchor that stands in no block, whether enough endpoints say so.
        """
        self.trouble = ""
        view, missing = View(self._endpoints.ready()), {}
        with self._state.read() as session:
            moving = session.anchors((Status.SUBMITTED, Status.ORPHANED), _MOST)
            standing = session.anchors((Status.INCLUDED,), _MOST)
        for anchor in standing:
            if not self._still_there(view, anchor):
                moving.append(anchor)
        for anchor in moving:
            absent = self._look(view, anchor)
            if absent is not None:
                missing[anchor.id] = absent
        self._look_back(view)
        return missing

    def _look(self, view: View, anchor: Anchor) -> bool | None:
        """None when the record was found; else whether enough endpoints say there is none."""
        best, absent = self._search(view, anchor)
        if best is None or len(best.holders) < self._endpoints.agree:
            if anchor.status is Status.INCLUDED and self._denied(view, anchor):
                with self._state.write() as session:
                    session.set_status(anchor.id, Status.ORPHANED)
            return absent >= self._endpoints.agree
        self._settle(view, anchor, best)
        return None

    def _search(self, view: View, anchor: Anchor) -> tuple[Sighting | None, int]:
        """The sighting most endpoints hold, and how many say that there is no such record."""
        best: Sighting | None = None
        absent = 0
        for endpoint in view.endpoints:
            try:
                record = endpoint.record_of(anchor.root, anchor.count)
            except (EndpointTrouble, Refused):
                continue
            if record is None:
                absent += 1
                continue
            block = view.hash_at(endpoint, record.height)
            if block is None or record.count != anchor.count:
                continue
            found = Sighting(record, block, tuple(view.holders(record.height, block)))
            if best is None or len(found.holders) > len(best.holders):
                best = found
            if len(best.holders) >= self._endpoints.agree:
                break
        return best, absent

    def _still_there(self, view: View, anchor: Anchor) -> bool:
        """Whether its block is held as before; makes it final when that is deep enough."""
        if anchor.height is None or anchor.block is None:
            return False
        if self._denied(view, anchor):
            return False
        holders = view.holders(anchor.height, anchor.block)
        depth = view.depth(holders, anchor.height, self._endpoints.agree)
        if depth >= self._config.confirmations and anchor.first is not None:
            record = AnchorRecord(anchor.count, anchor.first, anchor.time or 0, anchor.height)
            self._settle(view, anchor, Sighting(record, anchor.block, tuple(holders)))
        return True

    def _denied(self, view: View, anchor: Anchor) -> bool:
        if anchor.height is None or anchor.block is None:
            return True
        agree = self._endpoints.agree
        held = len(view.holders(anchor.height, anchor.block))
        return view.deniers(anchor.height, anchor.block) >= agree > held

    def _settle(self, view: View, anchor: Anchor, found: Sighting) -> None:
        """Remember the record as included or final, with the observer's note."""
        record = found.record
        depth = view.depth(found.holders, record.height, self._endpoints.agree)
        transaction = self._transaction(anchor, found)
        if transaction is None:
            return  # seen half: the next look sees all of it
        final = depth >= self._config.confirmations
        seen = Observation(
            ledger=self._ledger,
            block=record.height,
            block_hash=found.block,
            transaction=transaction,
            root=anchor.root,
            first=record.first,
            count=record.count,
            agreeing=len(found.holders),
            asked=len(self._endpoints.all),
            confirmations=depth,
            final=final,
        )
        note = sign_observation(self._signer, seen, datetime.now(UTC)).note
        place = (record.first, record.height, found.block, record.time)
        proof = None
        if final:
            proof = self._proven(anchor, found, note)
            if proof is None:
                return
        with self._state.write() as session:
            session.set_seen(anchor, Status.FINAL if final else Status.INCLUDED, place, note)
            session.set_proof(anchor.id, None if proof is None else proof.encode())

    def _transaction(self, anchor: Anchor, found: Sighting) -> bytes | None:
        """By which transaction it came; one of ours where a holder says so."""
        with self._state.read() as session:
            ours = {attempt.hash for attempt in session.attempts(anchor.id)}
        named = None
        for endpoint in found.holders:
            try:
                told = endpoint.anchoring(anchor.root, found.block)
            except (EndpointTrouble, Refused):
                continue
            if told in ours:
                return told
            named = named or told
        return named

    def _proven(self, anchor: Anchor, found: Sighting, note: str) -> EvmProof | None:
        """The proof, judged by the steps every verifier takes; None, and trouble, without one."""
        with self._state.read() as session:
            kept = session.example(anchor.id)
        if kept is None:
            return None
        for endpoint in found.holders:
            try:
                proof = fetch_proof(endpoint, kept, found.record)
            except LedgerError as error:
                self.trouble = str(error)
                continue
            receipt = Receipt(
                ledger=self._ledger,
                scheme="evm",
                key=kept.key,
                entry_hash=kept.leaf,
                position=found.record.first + (kept.place or 0),
                status=Status.FINAL,
                time=datetime.fromtimestamp(found.record.time, UTC),
                checkpoint=note,
            )
            examination = EvmExamination(kept.data, receipt, proof, self.trust)
            failed = examination.run((*_STEPS, *EvmExamination.steps)).failed
            if failed is None:
                return proof
            self.trouble = f"{endpoint.name} proves nothing: {failed.title}: {failed.detail}"
        return None

    def _look_back(self, view: View) -> None:
        """A reorganisation deeper than the confirmations: what was final is not."""
        below = 2**62
        while True:
            with self._state.read() as session:
                anchor = session.deepest(Status.FINAL, below)
            if anchor is None or anchor.height is None:
                return
            if not self._denied(view, anchor):
                self._tell_of_lag(view, anchor.height)
                return
            sentence = (
                f"the chain dropped block {anchor.height}, which was final after "
                f"{self._config.confirmations} confirmations: ask for more of them"
            )
            with self._state.write() as session:
                session.set_status(anchor.id, Status.ORPHANED)
                session.set_about(ALARM, sentence)
            below = anchor.height + 1

    def _tell_of_lag(self, view: View, final: int) -> None:
        heights = [view.height(each) for each in view.endpoints]
        if heights and max(heights) < final:
            self.trouble = f"all nodes are behind block {final}, which was final"
