"""From a node's JSON-RPC answers to what a proof holds: a block's header, EIP-1186 paths.

Nothing a node says is believed here. What is built from its answers is judged like any other proof.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chain_adapter.errors import InvalidProof
from chain_adapter.evm.proof.header import FIELDS
from chain_adapter.evm.proof.rlp import Item, encode
from chain_adapter.evm.proof.value import Batch, EvmProof

#: The name of each field in the answer to ``eth_getBlockByHash``, where it is another.
_NAMES: Final = {
    "parent": "parentHash",
    "ommers": "sha3Uncles",
    "coinbase": "miner",
    "state_root": "stateRoot",
    "transactions": "transactionsRoot",
    "receipts": "receiptsRoot",
    "bloom": "logsBloom",
    "gas_limit": "gasLimit",
    "gas_used": "gasUsed",
    "extra": "extraData",
    "mix": "mixHash",
    "base_fee": "baseFeePerGas",
    "withdrawals": "withdrawalsRoot",
    "blob_gas": "blobGasUsed",
    "excess_blob_gas": "excessBlobGas",
    "beacon_root": "parentBeaconBlockRoot",
    "requests": "requestsHash",
}


def header_of(block: Mapping[str, Any]) -> bytes:
    """RLP of the header in an answer to ``eth_getBlockByHash``: texts in hexadecimal with ``0x``.
    It ends with the first field that the answer lacks.

    Raises:
        InvalidProof: the answer is no block.
    """
    items: list[Item] = []
    for name, length in FIELDS:
        text = block.get(_NAMES.get(name, name))
        if text is None:
            break
        items.append(_quantity(text) if length is None else unprefixed(text))
    return encode(items)


def proof_of(block: Mapping[str, Any], answer: Mapping[str, Any], batch: Batch) -> EvmProof:
    """The proof in an answer to ``eth_getProof`` for the one slot of ``batch``, at ``block``.

    Raises:
        InvalidProof: the answers are not what they should be.
    """
    try:
        (storage,) = answer["storageProof"]
        account, slots = answer["accountProof"], storage["proof"]
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidProof("a node's answer holds no account and no slot") from error
    return EvmProof(
        header_of(block),
        tuple(unprefixed(node) for node in account),
        tuple(unprefixed(node) for node in slots),
        batch,
    )


def unprefixed(text: Any) -> bytes:
    """Bytes as JSON-RPC writes them, ``0x`` and an even number of digits.

    Raises:
        InvalidProof: it is something else.
    """
    if not isinstance(text, str) or not text.startswith("0x"):
        raise InvalidProof("a node's answer holds no 0x… where one must stand")
    try:
        return bytes.fromhex(text[2:])
    except ValueError as error:
        raise InvalidProof(f"a node's answer holds {text[:80]!r}, which is no bytes") from error


def _quantity(text: Any) -> bytes:
    digits = text[2:] if isinstance(text, str) else ""
    return unprefixed(f"0x{digits.zfill(len(digits) + len(digits) % 2)}").lstrip(b"\x00")
