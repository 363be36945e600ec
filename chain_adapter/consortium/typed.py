"""EIP-712: what every signature of the consortium signs.

A digest is ``keccak(0x1901 ‖ domain ‖ hash of the struct)``. The domain binds the consortium (its
first rule's digest as the salt), the chain and the contract, so a signature for one is none for
another.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from chain_adapter.consortium.keccak import keccak, word

NAME: Final = "Notary Consortium"
VERSION: Final = "1"
_LOG_CONTEXT: Final = b"notary/consortium/log/v1\n"

DOMAIN: Final = (
    "EIP712Domain(string name,string version,uint256 chainId,"
    "address verifyingContract,bytes32 salt)"
)
APPLICATION: Final = (
    "Application(bytes32 identity,address account,bytes32 key,uint8 kind,bytes32 parent,"
    "uint8 level,uint32 round)"
)
CERTIFICATE: Final = (
    "Certificate(Application application,address authority,uint64 from,uint64 until)" + APPLICATION
)
REGISTRATION: Final = (
    "Registration(Application application,bytes32 nonce,uint64 expires)" + APPLICATION
)
ACT: Final = (
    "Act(uint8 method,bytes32 member,uint32 value,bytes32 reason,bytes32 nonce,uint64 expires)"
)
ROTATION: Final = "Rotation(uint8 role,address from,address to,bytes32 nonce,uint64 expires)"
REPLACEMENT: Final = (
    "Replacement(bytes32 identity,address account,bytes32 key,bytes32 nonce,uint64 expires)"
)
CHANGE: Final = "Change(bytes32 rule,uint32 version,bytes32 nonce,uint64 expires)"

_HASHES: Final = {
    text: keccak(text.encode())
    for text in (DOMAIN, APPLICATION, CERTIFICATE, REGISTRATION, ACT, ROTATION, REPLACEMENT, CHANGE)
}


@dataclass(frozen=True)
class Domain:
    """``chain`` 0 and a derived ``contract`` (20 bytes) for the execution beside a log;
    ``consortium`` is the first rule's digest (32 bytes)."""

    consortium: bytes
    chain: int
    contract: bytes

    @classmethod
    def of_log(cls, consortium: bytes, origin: str) -> Domain:
        """The domain of the ledger with this id (a tlog's origin)."""
        return cls(consortium, 0, keccak(_LOG_CONTEXT + origin.encode())[12:])

    @cached_property
    def separator(self) -> bytes:
        return keccak(
            _HASHES[DOMAIN]
            + keccak(NAME.encode())
            + keccak(VERSION.encode())
            + word(self.chain)
            + word(self.contract)
            + self.consortium
        )

    def digest(self, struct: bytes) -> bytes:
        """What is signed for the struct with this hash."""
        return keccak(b"\x19\x01" + self.separator + struct)


def struct_hash(type_text: str, *fields: int | bytes) -> bytes:
    """``hashStruct`` of fields that are each one word."""
    return keccak(_HASHES[type_text] + b"".join(map(word, fields)))
