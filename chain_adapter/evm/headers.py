"""Block headers as nodes state them in JSON, back in the bytes whose hash names the block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chain_adapter.evm.proof.rlp import encode

#: The names of JSON-RPC in the header's order, and whether the field is a number. Those from the
#: base fee on came with later changes of the protocol, one after the other.
_FIELDS: Final = (
    ("parentHash", False),
    ("sha3Uncles", False),
    ("miner", False),
    ("stateRoot", False),
    ("transactionsRoot", False),
    ("receiptsRoot", False),
    ("logsBloom", False),
    ("difficulty", True),
    ("number", True),
    ("gasLimit", True),
    ("gasUsed", True),
    ("timestamp", True),
    ("extraData", False),
    ("mixHash", False),
    ("nonce", False),
    ("baseFeePerGas", True),
    ("withdrawalsRoot", False),
    ("blobGasUsed", True),
    ("excessBlobGas", True),
    ("parentBeaconBlockRoot", False),
    ("requestsHash", False),
)
_ALWAYS: Final = 15


def header_rlp(block: Mapping[str, Any]) -> bytes:
    """RLP of the header of ``block``, as web3 gives it: bytes, numbers, or text in hexadecimal.
    Whether its hash is the block's is for the verifier to say.

    Raises:
        KeyError, ValueError: a field is missing or is not what it should be.
    """
    items = []
    for place, (name, is_number) in enumerate(_FIELDS):
        value = _value(block, name)
        if value is None:
            if place < _ALWAYS:
                raise KeyError(name)
            break
        items.append(_number(value) if is_number else _bytes(value))
    return encode(items)


def _value(block: Mapping[str, Any], name: str) -> Any:
    if name == "extraData":  # renamed where validators stand in it, by ExtraDataToPOAMiddleware
        return block.get("proofOfAuthorityData", block.get(name))
    return block.get(name)


def _number(value: Any) -> bytes:
    number = int(value, 16) if isinstance(value, str) else int(value)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _bytes(value: Any) -> bytes:
    return bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else bytes(value)
