"""What a ledger's parties need beside the entries in order to examine them."""

from __future__ import annotations

from collections.abc import Sequence

from chain_adapter import Ledger, Receipt
from chain_adapter.supplement import Supplement
from portal.deposits.evidence import depositor_key, entry_of
from portal.deposits.models import Deposit


def recorded(ledger: Ledger, rows: Sequence[Deposit]) -> list[Receipt]:
    """Append the entries of ``rows`` with their supplements.

    Raises:
        LedgerError: as :meth:`chain_adapter.Ledger.append`.
    """
    entries = [entry_of(row) for row in rows]
    if ledger.caps.finality == "immediate":  # nobody else is asked
        return ledger.append(entries)
    return ledger.append(entries, [supplement_of(row) for row in rows])


def supplement_of(row: Deposit) -> Supplement:
    """The token whose digest the entry holds, as it came; and the key the depositor signed with."""
    return Supplement(token=row.token or b"", depositor=depositor_key(row))
