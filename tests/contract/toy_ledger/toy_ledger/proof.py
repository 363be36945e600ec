"""The toy's proof: the hashes of everything that the seal covers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from chain_adapter import InvalidProof


@dataclass(frozen=True, slots=True)
class ToyProof:
    """``hashes`` are the RFC 6962 leaf hashes of all entries under the seal, in order."""

    hashes: tuple[bytes, ...]

    def encode(self) -> bytes:
        return "".join(f"{digest.hex()}\n" for digest in self.hashes).encode()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        try:
            proof = cls(tuple(bytes.fromhex(line) for line in data.decode("ascii").splitlines()))
        except ValueError as error:
            raise InvalidProof("a toy's proof is lines of hexadecimal digits") from error
        if proof.encode() != data:
            raise InvalidProof("a toy's proof has one spelling")
        return proof
