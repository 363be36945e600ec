"""The contract ``DepositAnchor`` as bytes: its code, what is sent to it, what it answers.

Pure: needs no library of the extra ``evm``. The selectors are held against the artefact by a test.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from chain_adapter.evm.layout import AnchorRecord, keccak256

_ARTEFACT: Final = Path(__file__).with_name("contracts") / "DepositAnchor.json"
#: Topic of the event ``Anchored``.
ANCHORED: Final = keccak256(b"Anchored(bytes32,address,uint64,uint64)")


@cache
def artefact() -> dict[str, Any]:
    """The committed artefact of the contract (see ``scripts/evm/compile.mjs``)."""
    value: dict[str, Any] = json.loads(_ARTEFACT.read_bytes())
    return value


@cache
def code_hash() -> bytes:
    """Keccak-256 of the code that must stand at the contract's address."""
    return keccak256(bytes.fromhex(artefact()["deployedBytecode"][2:]))


def creation_code() -> bytes:
    return bytes.fromhex(artefact()["bytecode"][2:])


def single(leaf: bytes) -> bytes:
    return _selector("single(bytes32)") + leaf


def many(leaves: list[bytes]) -> bytes:
    return _selector("many(bytes32[])") + word(32) + word(len(leaves)) + b"".join(leaves)


def batch(root: bytes, count: int) -> bytes:
    return _selector("batch(bytes32,uint64)") + root + word(count)


def record_of(root: bytes, count: int) -> bytes:
    return _selector("recordOf(bytes32,uint64)") + root + word(count)


def read_record(answer: bytes) -> AnchorRecord | None:
    """What ``recordOf`` answered.

    Raises:
        ValueError: it is no such answer.
    """
    count, first, time, height = words(answer, 4)
    return AnchorRecord(count, first, time, height) if count else None


def size() -> bytes:
    return _selector("size()")


def platforms(address: str) -> bytes:
    return _selector("platforms(address)") + address_word(address)


def set_platform(address: str, permitted: bool) -> bytes:
    return _selector("setPlatform(address,bool)") + address_word(address) + word(int(permitted))


def deposit_cosigned(
    leaf: bytes, user: str, platform: str, user_signature: bytes, platform_signature: bytes
) -> bytes:
    """``depositCosigned``; signatures of 65 bytes each (r ‖ s ‖ v)."""
    head = leaf + address_word(user) + address_word(platform) + word(160) + word(160 + 128)
    tail = b"".join(
        word(65) + each.ljust(96, b"\0") for each in (user_signature, platform_signature)
    )
    return _selector("depositCosigned(bytes32,address,address,bytes,bytes)") + head + tail


def cosigned(leaf: bytes, user: str) -> bytes:
    return _selector("cosigned(bytes32,address)") + leaf + address_word(user)


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def address_word(address: str) -> bytes:
    return bytes.fromhex(address[2:]).rjust(32, b"\0")


def words(answer: bytes, count: int) -> list[int]:
    """The answer's words as numbers.

    Raises:
        ValueError: there are not ``count`` of them.
    """
    if len(answer) != 32 * count:
        raise ValueError(f"an answer of {len(answer)} bytes, not of {32 * count}")
    return [int.from_bytes(answer[i : i + 32], "big") for i in range(0, len(answer), 32)]


@cache
def _selector(signature: str) -> bytes:
    return keccak256(signature.encode())[:4]
