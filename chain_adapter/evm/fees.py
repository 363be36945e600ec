"""What a transaction offers for its gas, and how the offer rises. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from chain_adapter.evm.config import Fee


@dataclass(frozen=True, slots=True)
class Price:
    """``fee`` is the most that is paid for one gas in wei, ``tip`` the block maker's part of it;
    None for a legacy transaction, whose ``fee`` is its gas price."""

    fee: int
    tip: int | None


def offer(policy: Fee, base: int | None, asked: int) -> Price:
    """A first offer. ``base`` is the newest block's base fee, None where there is none; ``asked``
    what nodes would ask for a legacy transaction. Twice the base fee outlasts six full blocks."""
    if policy.mode == "legacy" or (policy.mode == "auto" and base is None):
        return Price(min(policy.most, asked), None)
    fee = min(policy.most, 2 * (base or 0) + policy.priority)
    return Price(fee, min(fee, policy.priority))


def raised(policy: Fee, before: Price, fresh: Price) -> Price | None:
    """A better offer than ``before``, at least as good as ``fresh``; None when the policy's limit
    leaves no room for one that nodes would take as a replacement (a tenth more of each part)."""
    fee = min(policy.most, max(_more(before.fee, policy), fresh.fee))
    if fee < _least(before.fee):
        return None
    if before.tip is None:
        return Price(fee, None)
    tip = max(_more(before.tip, policy), fresh.tip or 0)
    return Price(fee, min(fee, tip))


def _more(amount: int, policy: Fee) -> int:
    return max(_least(amount), -(-amount * (100 + policy.bump_percent) // 100))


def _least(amount: int) -> int:
    return max(amount + 1, -(-amount * 110 // 100))
