"""How a contract on a chain is named as a ledger: ``evm:<chain id>:<contract address>``."""

from __future__ import annotations

import re
from typing import Final

from chain_adapter.errors import InvalidProof

_LEDGER: Final = re.compile(r"evm:([1-9][0-9]{0,18}):0x([0-9a-f]{40})", re.ASCII)


def ledger_id(chain_id: int, contract: str) -> str:
    """The ledger's id; the address (``0x`` and 40 digits) may be in any case.

    Raises:
        InvalidProof: no such ledger is possible.
    """
    name = f"evm:{chain_id}:{contract.lower()}"
    read_ledger_id(name)
    return name


def read_ledger_id(ledger: str) -> tuple[int, bytes]:
    """Chain id and contract address (20 bytes).

    Raises:
        InvalidProof: it names no contract on a chain.
    """
    found = _LEDGER.fullmatch(ledger)
    if found is None:
        raise InvalidProof(f"{ledger[:80]!r} is not evm:<chain id>:<contract address>")
    return int(found[1]), bytes.fromhex(found[2])
