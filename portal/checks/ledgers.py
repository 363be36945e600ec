"""The third group: the record on the primary ledger, as it was proved then and as it is told now;
then on every further ledger.

1 … 12 are the steps of :mod:`chain_adapter.verify`, for each ledger with its name; and

138. ``metadata``           what was said at the deposit is what the entry commits to
139. ``ledger-known``       asked now, the ledger acknowledges this very record
140. ``ledger-latest``      the ledger's latest checkpoint is signed by its key
141. ``ledger-consistent``  the tree of the latest checkpoint extends that of the one recorded
                            (RFC 9162 §2.1.4.2)
142. ``ledger-receipt``     the ledger has given a receipt, and is still one we can ask
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final, Protocol, runtime_checkable

from chain_adapter import (
    Entry,
    Ledger,
    LedgerError,
    LedgerProof,
    NotFound,
    Proof,
    Receipt,
    Trust,
    decode_proof,
    meta_digest,
    verify,
)
from chain_adapter.checkpoint import SignedCheckpoint, open_checkpoint
from chain_adapter.errors import InvalidProof, InvalidReceipt, Retryable
from chain_adapter.merkle import verify_consistency
from chain_adapter.note import VerifierKey
from chain_adapter.verdict import Check, Outcome
from portal.checks.evidence import Evidence
from portal.checks.shapes import LEDGER, Group, Line
from portal.deposits.evidence import digests_of, receipts_of, record_of
from portal.deposits.models import ENTRY_KIND

_TITLES: Final = {
    "metadata": (138, "What was said at the deposit is what the entry commits to"),
    "ledger-known": (139, "The ledger acknowledges this record now"),
    "ledger-latest": (140, "The ledger signed its latest checkpoint"),
    "ledger-consistent": (141, "The ledger has only grown since"),
    "ledger-receipt": (142, "The ledger gave a receipt"),
}


@runtime_checkable
class Consistent(Protocol):
    """A ledger that proves its own growth, as transparency logs do."""

    def latest(self) -> str: ...

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]: ...


def judge_ledger(subject: Evidence, ledgers: tuple[Ledger, ...], trust: Trust) -> Group:
    """Every ledger the portal uses, and every other that a receipt names.

    Raises:
        LedgerError: a ledger cannot be asked now; nothing is decided by that.
    """
    judging = _Judging(subject, trust)
    lines: list[Line] = []
    asked: list[dict[str, Any]] = []
    for place, ledger in enumerate(ledgers):
        found, facts = judging.ledger(ledger, primary=place == 0)
        lines += [Line(check, ledger.id) for check in found]
        asked.append({"ledger": ledger.id, "primary": place == 0, **facts})
    for name in judging.receipts.keys() - {ledger.id for ledger in ledgers}:
        detail = "this ledger is no longer among those the portal uses"
        lines.append(Line(_check("ledger-receipt", detail, Outcome.UNKNOWN), name))
    if (entry := judging.entry) is not None:
        lines.append(Line(_metadata(subject, entry)))
    return Group(LEDGER, tuple(lines), {"ledgers": asked})


class _Judging:
    def __init__(self, subject: Evidence, trust: Trust) -> None:
        self._subject, self._trust = subject, trust
        self._data = subject.deposit.entry or b""
        self.entry = _entry(self._data)
        self.receipts: dict[str, Receipt] = {}
        self._unreadable = ""
        try:
            self.receipts = receipts_of(subject.deposit)
        except (InvalidReceipt, ValueError, AttributeError) as error:
            self._unreadable = str(error)

    def ledger(self, ledger: Ledger, *, primary: bool) -> tuple[list[Check], dict[str, Any]]:
        """The checks of one ledger, and what was compared there."""
        receipt = self.receipts.get(ledger.id)
        if receipt is None:
            return [self._no_receipt(primary)], {}
        checks: list[Check] = []
        facts: dict[str, Any] = {"position": receipt.position, "time": receipt.time.isoformat()}
        known, detail = self._known(ledger, receipt)
        proof = self._proof(ledger, receipt, known=known, primary=primary)
        told = _check("ledger-known", detail, Outcome.PASS if known else Outcome.FAIL)
        if isinstance(proof, str):
            return [_check("ledger-receipt", proof, Outcome.FAIL), told], facts
        checks += verify(self._data, receipt, proof, self._trust).checks
        checks += [told, *self._grown(ledger, proof, facts)]
        return checks, facts

    def _no_receipt(self, primary: bool) -> Check:
        if primary:
            detail = self._unreadable or "there is no receipt of the primary ledger"
            return _check("ledger-receipt", detail, Outcome.FAIL)
        detail = self._unreadable or "this further ledger has not answered yet"
        outcome = Outcome.FAIL if self._unreadable else Outcome.UNKNOWN
        return _check("ledger-receipt", detail, outcome)

    def _known(self, ledger: Ledger, receipt: Receipt) -> tuple[bool, str]:
        """Check 139, asked by the key that the deposit has, whatever the receipt says."""
        key = f"{ENTRY_KIND}:{self._subject.deposit.id}"
        current = ledger.lookup(key)
        if current is None:
            return False, f"the ledger holds nothing under {key}"
        same = (current.entry_hash, current.position) == (receipt.entry_hash, receipt.position)
        if not same:
            return False, f"the ledger holds another record under {key}, at {current.position}"
        return True, f"place {current.position}"

    def _proof(
        self, ledger: Ledger, receipt: Receipt, *, known: bool, primary: bool
    ) -> LedgerProof | str:
        """The proof recorded with the deposit; of a further ledger the one it gives now. A sentence
        when there is none."""
        try:
            if primary:
                recorded = (self._subject.deposit.proof or "").encode()
                return decode_proof(self.receipts[ledger.id].scheme, recorded)
            if not known:
                return "without this record there is nothing to prove"
            return ledger.prove(receipt)
        except (InvalidProof, NotFound) as error:
            return str(error)

    def _grown(self, ledger: Ledger, proof: LedgerProof, facts: dict[str, Any]) -> Iterator[Check]:
        """Checks 140 and 141, of ledgers that have checkpoints of one growing tree. A chain has
        none; its record is proven anew under a block of today."""
        if not isinstance(proof, Proof):
            return
        vkey = self._trust.ledgers.get(ledger.id)
        if vkey is None or not isinstance(ledger, Consistent):
            detail = "this ledger gives no proof of its growth"
            yield _check("ledger-consistent", detail, Outcome.UNKNOWN)
            return
        key = VerifierKey.parse(vkey)
        try:
            recorded = open_checkpoint(proof.checkpoint, key)
        except InvalidProof:
            return  # told by step 9
        note = _asked(ledger)
        try:
            latest = open_checkpoint(note, key)
        except InvalidProof as error:
            yield _check("ledger-latest", str(error), Outcome.FAIL)
            return
        facts |= {"recorded": _tree(recorded), "latest": _tree(latest)}
        yield _check("ledger-latest", f"{latest.checkpoint.size} entries")
        yield _consistent(ledger, recorded, latest)


def _asked(ledger: Consistent) -> str:
    """The latest checkpoint. Raises LedgerError, also for trouble with the world outside."""
    try:
        return ledger.latest()
    except OSError as error:
        raise Retryable(f"the ledger cannot be reached: {error}") from error


def _consistent(ledger: Consistent, recorded: SignedCheckpoint, latest: SignedCheckpoint) -> Check:
    old, new = recorded.checkpoint, latest.checkpoint
    if new.size < old.size:
        detail = f"the latest checkpoint has {new.size} entries, fewer than the {old.size} recorded"
        return _check("ledger-consistent", detail, Outcome.FAIL)
    try:
        path = ledger.consistency(old.size, new.size)
    except NotFound as error:
        return _check("ledger-consistent", str(error), Outcome.FAIL)
    except OSError as error:
        raise Retryable(f"the ledger cannot be reached: {error}") from error
    if not verify_consistency(old.size, new.size, path, old.root, new.root):
        detail = f"the tree of {new.size} entries does not extend the one of {old.size}"
        return _check("ledger-consistent", detail, Outcome.FAIL)
    return _check("ledger-consistent", f"from {old.size} to {new.size} entries")


def _tree(signed: SignedCheckpoint) -> dict[str, Any]:
    return {
        "size": signed.checkpoint.size,
        "root": signed.checkpoint.root.hex(),
        "time": signed.time.isoformat(),
        "sha256": hashlib.sha256(signed.note.encode()).hexdigest(),
    }


def _metadata(subject: Evidence, entry: Entry) -> Check:
    """Check 138: title, note, names and size in the database are those committed to."""
    deposit = subject.deposit
    try:
        said = record_of(deposit)
        digest = meta_digest(deposit.salt, said)
    except (ValueError, TypeError) as error:
        detail = f"what was said cannot be read: {error}"
        return _check("metadata", detail, Outcome.FAIL)
    fields = {name: getattr(deposit, name) for name in ("title", "note", "filename", "media_type")}
    fields |= {"kind": deposit.kind, "size": deposit.size}
    differs = next((name for name, value in fields.items() if said.get(name) != value), None)
    if digest != entry.meta:
        detail = "what was said is not what the entry commits to"
        return _check("metadata", detail, Outcome.FAIL)
    if differs is not None:
        detail = f"the database names another {differs} than was committed to"
        return _check("metadata", detail, Outcome.FAIL)
    if entry.id != deposit.id or set(entry.digests) != set(digests_of(deposit)):
        return _check("metadata", "the entry is of another deposit", Outcome.FAIL)
    return _check("metadata", digest.hex())


def _entry(data: bytes) -> Entry | None:
    try:
        return Entry.decode(data)
    except LedgerError:
        return None  # told by step 1


def _check(code: str, detail: str, outcome: Outcome = Outcome.PASS) -> Check:
    number, title = _TITLES[code]
    return Check(number, code, title, outcome, detail)
