"""Untampered or tampered: what is kept, read again from end to end, and the ledger's record.

The steps are those of the notary's check: 131 … 134 (the content), 1 … 12 and further (entry,
receipt and proof verified offline again, under every ledger), 138 … 141 (the metadata, and what the
ledger says when it is asked now). One more is added:

143. ``ledger-entry``  the ledger gives, at the place recorded, the very bytes recorded
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from chain_adapter import LedgerError
from chain_adapter.errors import InvalidReceipt
from chain_adapter.tlog import TlogLedger
from chain_adapter.verdict import Outcome as Passed
from portal.checks.content import judge_content
from portal.checks.evidence import Evidence
from portal.checks.ledgers import judge_ledger
from portal.checks.shapes import Line
from portal.deposits.evidence import receipts_of
from portal.deposits.models import Deposit, State
from portal.deposits.tools import Tools
from portal.storage import VaultError
from portal.vouching.models import Outcome

#: More faults of one reading are counted, not told.
_MOST: Final = 50
#: Told how many bytes were read; may take its time.
Pace = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """What did not hold: the check's number and code, where, and one sentence."""

    number: int
    code: str
    about: str
    detail: str


@dataclass(frozen=True, slots=True)
class Finding:
    """``size``: bytes read again; ``content``: whether there was content to read; ``trouble``:
    why nothing could be decided."""

    outcome: Outcome
    faults: tuple[Fault, ...]
    size: int = 0
    milliseconds: int = 0
    content: bool = False
    trouble: str = ""


def judge(tools: Tools, evidence: Evidence, pace: Pace) -> Finding:
    """Read everything of one deposit again and ask the ledgers. Writes nothing, never raises for
    what is found: a vault or ledger that cannot be asked makes the outcome unknown."""
    began = time.monotonic()
    try:
        ledger = judge_ledger(evidence, tools.ledgers, tools.ledger_trust())
        content = judge_content(evidence, tools.vault, lambda done, _total: pace(done))
        faults = [*_faults(ledger.lines), *_faults(content.lines), *_recorded(tools, evidence)]
    except (VaultError, LedgerError, OSError) as error:
        return Finding(Outcome.UNKNOWN, (), trouble=str(error)[:500], milliseconds=_since(began))
    facts: dict[str, Any] = dict(content.facts)
    return Finding(
        Outcome.TAMPERED if faults else Outcome.UNTAMPERED,
        tuple(faults[:_MOST]),
        size=int(facts.get("bytes", 0)),
        milliseconds=_since(began),
        content=bool(facts.get("at_hand")),
    )


def decidable(deposit: Deposit) -> bool:
    """Whether there is a record to compare with."""
    return deposit.state in (State.ANCHORED, State.ISSUED)


def _faults(lines: tuple[Line, ...]) -> Iterator[Fault]:
    for line in lines:
        if line.check.outcome is Passed.FAIL:
            check = line.check
            yield Fault(check.number, check.code, line.about, check.detail[:500])


def _recorded(tools: Tools, evidence: Evidence) -> Iterator[Fault]:
    """Check 143. Ledgers that hold hashes alone have nothing to give; nor is it asked when there is
    no receipt to go by, which is told elsewhere."""
    ledger, deposit = tools.ledger, evidence.deposit
    try:
        receipt = receipts_of(deposit).get(ledger.id)
    except (InvalidReceipt, ValueError, AttributeError):
        return
    if receipt is None or receipt.position is None or not isinstance(ledger, TlogLedger):
        return
    try:
        at, entry = next(iter(ledger.events(receipt.position)), (-1, None))
    except LedgerError as error:
        yield Fault(143, "ledger-entry", ledger.id, str(error)[:500])
        return
    if at != receipt.position or entry is None or entry.encode() != deposit.entry:
        detail = f"at place {receipt.position} the ledger holds other bytes than were recorded"
        yield Fault(143, "ledger-entry", ledger.id, detail)


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


class Throttle:
    """Keeps a reading below so many bytes a second, so that it delays nobody."""

    def __init__(self, rate: int, sleep: Callable[[float], object] = time.sleep) -> None:
        self._rate, self._sleep = rate, sleep
        self._began = time.monotonic()

    def __call__(self, done: int) -> None:
        ahead = done / self._rate - (time.monotonic() - self._began)
        if ahead > 0:
            self._sleep(min(ahead, 1.0))


def unhurried(_done: int) -> None:
    """Somebody waits: read as fast as it goes."""
