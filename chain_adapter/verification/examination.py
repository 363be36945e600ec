"""Steps 1 to 6, which every record goes through, and the frame in which all steps are taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Final

from chain_adapter.entry import Entry, Signature
from chain_adapter.errors import InvalidEntry
from chain_adapter.keys import verify_signature
from chain_adapter.merkle import leaf_hash
from chain_adapter.note import VerifierKey
from chain_adapter.proof import LedgerProof as LedgerProof
from chain_adapter.receipt import Receipt, Status
from chain_adapter.trust import Trust
from chain_adapter.verdict import Check, Outcome

#: Steps of plug-ins are numbered from here; smaller numbers are ours.
FIRST_FOREIGN: Final = 41


class Result(StrEnum):
    """UNTRUSTED_KEY: all may be well, but by a key that the caller does not trust."""

    UNTAMPERED = "untampered"
    TAMPERED = "tampered"
    NOT_FOUND = "not_found"
    PENDING = "pending"
    UNTRUSTED_KEY = "untrusted_key"


@dataclass(frozen=True, slots=True)
class Verdict:
    """``checks`` in order; the last one is the one that failed, when one did."""

    result: Result
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        return self.result is Result.UNTAMPERED

    @property
    def failed(self) -> Check | None:
        """The step that did not pass."""
        return next((check for check in self.checks if not check.passed), None)


class Stop(Exception):
    """The step did not pass."""

    def __init__(self, result: Result, detail: str) -> None:
        super().__init__(detail)
        self.result = result
        self.detail = detail
        # A missing key or an unfinished record decides nothing against the evidence.
        undecided = result in (Result.UNTRUSTED_KEY, Result.PENDING)
        self.outcome = Outcome.UNKNOWN if undecided else Outcome.FAIL


@dataclass(frozen=True, slots=True)
class Step:
    """``number`` and ``code`` as in :class:`~chain_adapter.verdict.Check`. ``take`` gets the
    examination and gives the detail, or raises :class:`Stop`. ``asked`` says whether the step
    concerns this evidence at all; one that does not leaves no check behind."""

    number: int
    code: str
    title: str
    take: Callable[[Any], str]
    asked: Callable[[Any], bool] = lambda _: True


class Examination:
    """What the steps share. Later steps use only what earlier ones established.

    A class of its own for each kind of evidence: ``schemes`` are the receipts it judges, ``proof``
    the class of its proofs, ``steps`` what follows steps 1 to 6.
    """

    schemes: ClassVar[tuple[str, ...]] = ()
    #: Which of trust's further demands on a ledger the steps judge: "quorums", "validators".
    judges: ClassVar[frozenset[str]] = frozenset()
    proof_type: ClassVar[type[LedgerProof]]
    steps: ClassVar[tuple[Step, ...]] = ()

    #: Why the verifier of this kind cannot be used here, when that is so.
    hindrance: str = ""
    entry: Entry
    leaf: bytes
    ledger_key: VerifierKey

    def __init__(
        self, entry: Entry | bytes, receipt: Receipt, proof: LedgerProof, trust: Trust
    ) -> None:
        self.data = entry if isinstance(entry, bytes) else entry.encode()
        self.receipt = receipt
        self.proof: Any = proof
        self.trust = trust

    def verdict(self) -> Verdict:
        return self.run((*RECORD_STEPS, *self.steps))

    def run(self, steps: Sequence[Step]) -> Verdict:
        """Take ``steps`` in order; the first that does not pass ends it."""
        checks: list[Check] = []
        for step in steps:
            if not step.asked(self):
                continue
            try:
                detail = _taken(step, self)
            except Stop as stop:
                checks.append(Check(step.number, step.code, step.title, stop.outcome, stop.detail))
                return Verdict(stop.result, tuple(checks))
            checks.append(Check(step.number, step.code, step.title, Outcome.PASS, detail))
        return Verdict(Result.UNTAMPERED, tuple(checks))

    def entry_is_canonical(self) -> str:
        try:
            self.entry = Entry.decode(self.data)
        except InvalidEntry as error:
            raise Stop(Result.TAMPERED, str(error)) from error
        self.leaf = leaf_hash(self.data)
        return f"{len(self.data)} bytes, {self.entry.key}"

    def platform_signed(self) -> str:
        signature = self.entry.signature("platform")
        if signature is None:
            raise Stop(Result.TAMPERED, "the platform's signature is missing")
        if signature.key_id != self.entry.platform:
            raise Stop(Result.TAMPERED, f"signed by {signature.key_id}, not {self.entry.platform}")
        public = self.trust.platforms.get(signature.key_id)
        if public is None:
            raise Stop(Result.UNTRUSTED_KEY, f"platform key {signature.key_id} is not trusted")
        return self._signed(signature, public)

    def depositor_signed(self) -> str:
        signature = self.entry.signature("depositor")
        if signature is None and self.entry.cosigned:
            raise Stop(Result.TAMPERED, f"the signature of {self.entry.by} is missing")
        if signature is None:
            return "the entry carries no depositor's signature"
        if signature.key_id != self.entry.by:
            raise Stop(Result.TAMPERED, f"signed by {signature.key_id}, not {self.entry.by}")
        public = self.trust.depositors.get(signature.key_id)
        if public is None:
            raise Stop(Result.UNTRUSTED_KEY, f"depositor's key {signature.key_id} is not at hand")
        return self._signed(signature, public)

    def receipt_is_of_entry(self) -> str:
        if self.receipt.key != self.entry.key:
            raise Stop(
                Result.TAMPERED, f"the receipt is for {self.receipt.key}, not {self.entry.key}"
            )
        if self.receipt.entry_hash != self.leaf:
            raise Stop(Result.TAMPERED, "the receipt is for other content under the same key")
        return self.leaf.hex()

    def receipt_is_final(self) -> str:
        status = self.receipt.status
        if status in (Status.ORPHANED, Status.REJECTED):
            raise Stop(Result.NOT_FOUND, f"the ledger does not hold it: {status}")
        if status is not Status.FINAL:
            raise Stop(Result.PENDING, f"the record is not final yet: {status}")
        return str(status)

    def ledger_is_trusted(self) -> str:
        if self.hindrance:  # says nothing against the evidence
            raise Stop(Result.UNTRUSTED_KEY, self.hindrance)
        if self.receipt.scheme not in self.schemes:
            raise Stop(Result.TAMPERED, f"ledgers of kind {self.receipt.scheme!r} are not known")
        if not isinstance(self.proof, self.proof_type):
            raise Stop(Result.TAMPERED, "the proof is of another kind than the receipt")
        vkey = self.trust.ledgers.get(self.receipt.ledger)
        if vkey is None:
            raise Stop(Result.UNTRUSTED_KEY, f"ledger {self.receipt.ledger} is not trusted")
        for demand in ("quorums", "validators"):
            # Whoever holds the ledger's key must not escape the demand under another scheme.
            if demand not in self.judges and self.receipt.ledger in getattr(self.trust, demand):
                detail = f"such receipts do not show the {demand} that this ledger needs"
                raise Stop(Result.TAMPERED, detail)
        self.ledger_key = VerifierKey.parse(vkey)
        return vkey

    def _signed(self, signature: Signature, public: bytes) -> str:
        if not verify_signature(self.entry, signature, public):
            raise Stop(Result.TAMPERED, f"the signature by {signature.key_id} does not fit")
        return signature.key_id


def _taken(step: Step, examination: Examination) -> str:
    """What the step says. One that others wrote refuses the evidence when it breaks down over it;
    our own may not break down."""
    try:
        return step.take(examination)
    except Stop:
        raise
    except Exception as error:
        if step.number < FIRST_FOREIGN:
            raise
        detail = f"the verifier broke down over it: {type(error).__name__}: {error}"
        raise Stop(Result.TAMPERED, detail) from error


RECORD_STEPS: Final = (
    Step(1, "entry_canonical", "The entry is well formed", Examination.entry_is_canonical),
    Step(2, "platform_signature", "The platform signed the entry", Examination.platform_signed),
    Step(3, "depositor_signature", "The depositor signed the entry", Examination.depositor_signed),
    Step(4, "receipt_entry", "The receipt is for this entry", Examination.receipt_is_of_entry),
    Step(5, "receipt_final", "The record is final", Examination.receipt_is_final),
    Step(6, "ledger_trusted", "The ledger is a trusted one", Examination.ledger_is_trusted),
)
