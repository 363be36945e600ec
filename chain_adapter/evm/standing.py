"""How an EVM ledger stands, for operators."""

from __future__ import annotations

from datetime import UTC, datetime

from chain_adapter.errors import LedgerError, Retryable
from chain_adapter.evm import calls
from chain_adapter.evm.moving import Mover
from chain_adapter.evm.observer import ALARM
from chain_adapter.evm.rpc import EndpointTrouble, Refused
from chain_adapter.evm.state import State
from chain_adapter.ledger import Health
from chain_adapter.receipt import Status


def health_of(mover: Mover, state: State) -> Health:
    """Whether the ledger could take an entry now, and everything that troubles it."""
    now = datetime.now(UTC)
    with state.read() as session:
        alarm = session.about(ALARM)
        lost = alarm is not None and bool(session.anchors((Status.ORPHANED,), 1))
    try:
        mover.require_ready()
        size = mover.endpoints.median(lambda each: int.from_bytes(each.ask(calls.size()), "big"))
        height = mover.endpoints.agreed(lambda each: each.height())
    except (LedgerError, EndpointTrouble, Refused) as error:
        return Health(False, str(error), None, now)
    ready, all_of_them = len(mover.endpoints.ready()), len(mover.endpoints.all)
    said = [
        f"{size} entries, block {height} on {ready} of {all_of_them} nodes",
        alarm,
        mover.observer.trouble,
        mover.sender.trouble,
        mover.endpoints.troubles(),
    ]
    return Health(not lost, "; ".join(filter(None, said)), size, now)


def status_of(ledger: str, mover: Mover, state: State) -> dict[str, object]:
    """Everything an operator asks, as JSON has it."""
    health = health_of(mover, state)
    with state.read() as session:
        counts = session.counts()
    return {
        "ledger": ledger,
        "ok": health.ok,
        "detail": health.detail,
        "entries_on_chain": health.size,
        "entries": counts,
        "sender": mover.sender.address,
        "balance_wei": _balance(mover),
        "vkey": mover.observer.trust.ledgers[ledger],
        "endpoints": [
            {"name": each.name, "trouble": each.trouble or None} for each in mover.endpoints.all
        ],
    }


def _balance(mover: Mover) -> int | None:
    try:
        return mover.endpoints.median(lambda each: each.balance(mover.sender.address))
    except Retryable:
        return None
