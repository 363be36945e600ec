"""What every ledger's proof can do; inclusion proofs in the format c2sp.org/tlog-proof@v1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, Self

from chain_adapter._strict import base64, decimal, unbase64
from chain_adapter.errors import InvalidProof
from chain_adapter.note import MAX_NOTE

_HEADER: Final = "c2sp.org/tlog-proof@v1"
#: Trees are smaller than 2⁶³ leaves, so no audit path is longer.
_MAX_PATH: Final = 63
_MAX_PROOF: Final = MAX_NOTE + 4096


class LedgerProof(Protocol):
    """What every kind of proof can do. ``decode`` reads what ``encode`` writes, strictly, and
    raises :class:`~chain_adapter.errors.InvalidProof`; the bytes are UTF-8 text."""

    def encode(self) -> bytes: ...

    @classmethod
    def decode(cls, data: bytes) -> Self: ...


@dataclass(frozen=True, slots=True)
class Proof:
    """``index`` is the leaf's position, ``path`` the RFC 6962 §2.1.1 audit path (32 bytes each,
    the leaf's sibling first), ``checkpoint`` the signed note of the tree it leads to.

    Raises:
        InvalidProof: a value no proof can have.
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: str

    def __post_init__(self) -> None:
        if not 0 <= self.index < 2**63:
            raise InvalidProof(f"a proof's index cannot be {self.index}")
        if len(self.path) > _MAX_PATH or any(len(digest) != 32 for digest in self.path):
            raise InvalidProof(f"a proof's path is at most {_MAX_PATH} digests of 32 bytes")

    def encode(self) -> bytes:
        lines = [_HEADER, f"index {self.index}", *map(base64, self.path), "", self.checkpoint]
        return "\n".join(lines).encode()

    @classmethod
    def decode(cls, data: bytes) -> Proof:
        """Read a proof. A line of ``extra`` data is refused: nothing vouches for it, and we never
        write one.

        Raises:
            InvalidProof: naming what is wrong.
        """
        if len(data) > _MAX_PROOF:
            raise InvalidProof(f"a proof of {len(data)} bytes is too long")
        try:
            head, separator, checkpoint = data.decode("utf-8").partition("\n\n")
        except UnicodeDecodeError as error:
            raise InvalidProof("a proof must be UTF-8 text") from error
        lines = head.split("\n")
        if not separator or len(lines) < 2 or lines[0] != _HEADER:
            raise InvalidProof(f"a proof begins with {_HEADER} and ends with a checkpoint")
        if not lines[1].startswith("index "):
            raise InvalidProof("a proof's second line is its index")
        try:
            index = decimal(lines[1].removeprefix("index "))
            path = tuple(unbase64(line) for line in lines[2:])
        except ValueError as error:
            raise InvalidProof(f"a proof cannot be read: {error}") from error
        return cls(index, path, checkpoint)
