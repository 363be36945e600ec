"""Many at once, without one bad item holding up its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from portal.jobs.waiting import wait_for

Item = TypeVar("Item")
Result = TypeVar("Result")
#: So many single failures in a row mean that the other side is at fault, not the items.
_ENOUGH: Final = 3


def attempt(
    call: Callable[[Sequence[Item]], list[Result]], items: Sequence[Item]
) -> Sequence[Result | Exception]:
    """``call(items)``; when it fails for good, each item by itself, and per item what came of it.

    A failure that may pass by itself is everybody's: asking one by one would only take long.
    """
    try:
        return list(call(items))
    except Exception as error:  # noqa: BLE001 - told per item
        if len(items) <= 1 or wait_for(error).passing:
            return [error] * len(items)
    outcomes: list[Result | Exception] = []
    failed = 0
    for item in items:
        if failed == _ENOUGH:
            outcomes.append(outcomes[-1])
            continue
        try:
            outcomes.extend(call([item]))
            failed = 0
        except Exception as error:  # noqa: BLE001 - told per item
            outcomes.append(error)
            failed += 1
    return outcomes
