"""Packages of draws: the checks of the draw behind those of the package.

No web framework in here: the page and the command line ask the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from chain_adapter.verdict import Check
from lottery.bundle import verify_bundle
from timestamping.filelist import DRAW
from timestamping.package import Carried


def draw_checks(carried: Carried, most: int | None = None) -> Sequence[Check]:
    """Checks 51 to 82 (:mod:`lottery.bundle.verifying`) when a draw was deposited, else none;
    at ``most`` so many tickets are recomputed."""
    try:
        value = json.loads(carried.listed)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(value, dict) or value.get("schema") != DRAW:
        return ()
    return verify_bundle(
        carried.listed,
        carried.open,
        certificates=carried.trust,
        ledger=carried.ledger,
        most=most,
    )
