"""Whose seals count on a chain: the validators one trusts, by their addresses, and their file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from chain_adapter._strict import read_object
from chain_adapter.canonical import canonical_json
from chain_adapter.errors import InvalidProof
from chain_adapter.evm.names import read_ledger_id

#: Longest file read, bytes.
MAX_VALIDATORS: Final = 256 * 1024
#: No consortium has more.
_MOST: Final = 256
_ADDRESS: Final = re.compile(r"0x[0-9a-f]{40}", re.ASCII)


def require_validators(ledger: str, validators: tuple[str, ...]) -> None:
    """``validators`` of ``ledger`` are addresses (``0x`` and 40 digits, lower case), at least one
    and nobody twice.

    Raises:
        InvalidProof: they are not, or the ledger is no contract.
    """
    read_ledger_id(ledger)
    if not 0 < len(validators) <= _MOST or len(set(validators)) != len(validators):
        raise InvalidProof(f"the validators of {ledger} are none, or one is listed twice")
    for address in validators:
        if _ADDRESS.fullmatch(address) is None:
            raise InvalidProof(f"{address[:80]!r} is not a validator's address in lower case")


def encode_validators(validators: Mapping[str, tuple[str, ...]]) -> bytes:
    """RFC 8785: ledger id to addresses. Empty for none."""
    value = {ledger: list(addresses) for ledger, addresses in validators.items()}
    return canonical_json(value) if value else b""


def decode_validators(data: bytes) -> dict[str, tuple[str, ...]]:
    """Read exactly what :func:`encode_validators` writes.

    Raises:
        InvalidProof: naming what is wrong.
    """
    if not data:
        return {}
    try:
        value = read_object(data, MAX_VALIDATORS)
    except ValueError as error:
        raise InvalidProof(f"the validators cannot be read: {error}") from error
    found = {ledger: _addresses(ledger, each) for ledger, each in value.items()}
    if encode_validators(found) != data:
        raise InvalidProof("the validators are not in canonical form (RFC 8785)")
    return found


def _addresses(ledger: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidProof(f"the validators of {ledger[:80]} are a list of addresses")
    require_validators(ledger, tuple(value))
    return tuple(value)
