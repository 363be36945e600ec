"""Prove the custody log: the whole chain, and every anchor of it.

For the log as a whole:

1. The chain is intact from the first entry to the head (see :func:`verify_chain`).
2. Every anchor that the log speaks of is at hand: none was taken away.
3. Every anchor of ours on the ledger is at hand (only when the ledger is read through).

For each anchor, in order; the first that does not pass ends it:

4. The chain reaches the anchor's size intact, and has the very hash there that was anchored.
5. The time-stamp and its co-stamps verify over the head's digest (RFC 3161).
6. The ledger entry speaks of this head and this token.
7. Entry, receipt and proof verify offline (:func:`chain_adapter.verify`).

An anchor on its way has nothing to verify yet: steps 5 to 7 are unknown, which is no pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from chain_adapter import Check, Entry, Ledger, LedgerError, Outcome, Receipt, Trust, verify
from chain_adapter.verification.kinds import decode_proof
from portal.audit.anchoring import AnchorState
from portal.audit.heads import KIND, head_digest, head_of, unsigned_entry
from portal.audit.models import AuditAnchor, AuditEntry
from portal.audit.service import ChainReport, verify_chain
from timestamping.errors import TimestampError
from timestamping.stored import from_text
from timestamping.token import Token
from timestamping.trust import TrustStore
from timestamping.verifier import verify_token

TITLES = {
    "chain": "The chain is intact",
    "anchors-kept": "Every anchor that the log names is there",
    "ledger-anchors": "Every anchor on the ledger is there",
    "anchor-head": "The log is what was anchored",
    "anchor-token": "The time-stamp verifies",
    "anchor-entry": "The ledger entry is of this head and token",
    "anchor-ledger": "The ledger holds it",
}
_NUMBERS = {code: number for number, code in enumerate(TITLES, start=1)}


@dataclass(frozen=True)
class AnchorReport:
    """One anchor and its checks, steps 4 to 7."""

    anchor: AuditAnchor
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def failed(self) -> Check | None:
        return next((check for check in self.checks if check.failed), None)


@dataclass(frozen=True)
class CustodyReport:
    """``checks`` are steps 1 to 3; ``proven`` is the number of entries that the last sound anchor
    fixes: nobody rewrote these since, not even whoever owns the database."""

    chain: ChainReport
    checks: tuple[Check, ...]
    anchors: tuple[AnchorReport, ...]

    @property
    def ok(self) -> bool:
        """Nothing failed. Anchors still on their way hold nothing against the log."""
        return self.failed is None

    @property
    def failed(self) -> Check | None:
        """The first check that failed."""
        every = (*self.checks, *(check for each in self.anchors for check in each.checks))
        return next((check for check in every if check.failed), None)

    @property
    def proven(self) -> int:
        return max((each.anchor.size for each in self.anchors if each.ok), default=0)


@dataclass(frozen=True)
class Anchors:
    """What anchors are judged by. ``ledger`` is read through for step 3, None leaves it out;
    ``platform`` is the key id that signs our entries."""

    certificates: TrustStore
    trust: Trust
    ledger: Ledger | None = None
    platform: str = ""


def prove(session: Session, by: Anchors) -> CustodyReport:
    """Prove the log by the seven steps above. Never raises for bad evidence."""
    # What names anchors is read before the anchors themselves: those appear in the other order.
    told = _named_by_log(session)
    recorded = _named_by_ledger(by)
    anchors = list(session.scalars(select(AuditAnchor).order_by(AuditAnchor.size)))
    chain = verify_chain(session, [anchor.size for anchor in anchors])
    done = {each.id for each in anchors if each.state == AnchorState.ANCHORED}
    outcome = Outcome.PASS if chain.ok else Outcome.FAIL
    checks = [_check("chain", outcome, chain.sentence), _complete("anchors-kept", told, done)]
    if by.ledger is not None:
        checks.append(_complete("ledger-anchors", recorded, {each.id for each in anchors}))
    reports = (prove_anchor(each, chain.marks.get(each.size), by) for each in anchors)
    return CustodyReport(chain, tuple(checks), tuple(reports))


def prove_anchor(anchor: AuditAnchor, found: str | None, by: Anchors) -> AnchorReport:
    """Steps 4 to 7 for one anchor. ``found`` is the chain's hash at its size; None when the chain
    does not reach it intact."""
    return AnchorReport(anchor, tuple(_steps(anchor, found, by)))


def stored_hash(session: Session, size: int) -> str | None:
    """The hash that the entry ``size`` bears: enough for a list, no proof of what is before it."""
    return session.scalar(select(AuditEntry.hash).where(AuditEntry.seq == size))


def _steps(anchor: AuditAnchor, found: str | None, by: Anchors) -> Iterator[Check]:
    yield (step := _head_check(anchor, found))  # 4
    if not step.passed:
        return
    if anchor.stamps is None or anchor.entry is None:
        why = anchor.wait_detail or "it is on its way"
        yield _check("anchor-token", Outcome.UNKNOWN, f"there is no time-stamp yet: {why}")
        return
    try:
        token = from_text(anchor.stamps)
    except (ValueError, KeyError, TypeError, TimestampError) as error:
        yield _check("anchor-token", Outcome.FAIL, f"the stored token cannot be read: {error}")
        return
    for step in (_token_check(anchor, token, by), _entry_check(anchor, token)):  # 5, 6
        yield step
        if not step.passed:
            return
    yield _ledger_check(anchor, by)  # 7


def _head_check(anchor: AuditAnchor, found: str | None) -> Check:
    if found is None:
        detail = f"the log is damaged or ends before entry {anchor.size}, which was anchored"
        return _check("anchor-head", Outcome.FAIL, detail)
    if found != anchor.hash:
        detail = f"entry {anchor.size} is another than the one anchored: the log was rewritten"
        return _check("anchor-head", Outcome.FAIL, detail)
    return _check("anchor-head", Outcome.PASS, f"{anchor.size} entries, {found}")


def _token_check(anchor: AuditAnchor, token: Token, by: Anchors) -> Check:
    digest = head_digest(head_of(anchor))
    for each in (token, *token.also):
        verdict = verify_token(each.der, by.certificates, digest=digest)
        if not verdict.ok:
            bad = next(check for check in verdict.checks if not check.passed)
            return _check("anchor-token", Outcome.FAIL, f"{bad.code}: {bad.detail}")
    return _check("anchor-token", Outcome.PASS, f"{token.gen_time.isoformat()} {token.tsa}")


def _entry_check(anchor: AuditAnchor, token: Token) -> Check:
    try:
        entry = Entry.decode(anchor.entry or b"")
        told = unsigned_entry(anchor, token, entry.platform)
    except LedgerError as error:
        return _check("anchor-entry", Outcome.FAIL, str(error))
    for name in ("kind", "id", "digests", "token", "meta", "by"):
        if getattr(entry, name) != getattr(told, name):
            return _check("anchor-entry", Outcome.FAIL, f"the entry has another {name}")
    return _check("anchor-entry", Outcome.PASS, entry.key)


def _ledger_check(anchor: AuditAnchor, by: Anchors) -> Check:
    if anchor.receipt is None or anchor.proof is None:
        why = anchor.wait_detail or "it is on its way"
        return _check("anchor-ledger", Outcome.UNKNOWN, f"there is no receipt yet: {why}")
    try:
        receipt = Receipt.from_json(anchor.receipt.encode())
        proof = decode_proof(receipt.scheme, anchor.proof.encode())
    except LedgerError as error:
        return _check("anchor-ledger", Outcome.FAIL, str(error))
    verdict = verify(anchor.entry or b"", receipt, proof, by.trust)
    bad = verdict.failed
    if bad is not None:
        return _check("anchor-ledger", Outcome.FAIL, f"{bad.code}: {bad.detail}")
    detail = f"{receipt.ledger}, place {receipt.position}"
    return _check("anchor-ledger", Outcome.PASS, detail)


def _named_by_log(session: Session) -> set[str]:
    """Entries cannot be taken out of the chain unseen, rows of anchors can."""
    query = select(AuditEntry.subject).where(AuditEntry.action == "audit.anchored")
    return {subject.removeprefix("anchor:") for subject in session.scalars(query)}


def _named_by_ledger(by: Anchors) -> set[str] | LedgerError:
    """Only what our own key signed is ours: others may write to the same ledger."""
    if by.ledger is None:
        return set()
    try:
        return {
            entry.id
            for _, entry in by.ledger.events()
            if entry.kind == KIND and entry.platform == by.platform
        }
    except LedgerError as error:
        return error


def _complete(code: str, named: set[str] | LedgerError, present: set[str]) -> Check:
    if isinstance(named, LedgerError):
        return _check(code, Outcome.UNKNOWN, str(named))
    lost = sorted(named - present)
    if lost:
        return _check(code, Outcome.FAIL, f"anchor {lost[0]} is gone ({len(lost)} in all)")
    return _check(code, Outcome.PASS, f"{len(named)} anchors")


def _check(code: str, outcome: Outcome, detail: str) -> Check:
    return Check(_NUMBERS[code], code, TITLES[code], outcome, detail)
