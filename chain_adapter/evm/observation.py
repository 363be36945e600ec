"""What the adapter saw on the chain, signed: the note that stands in a receipt as its checkpoint.

A text of labelled lines, signed by the adapter's observer key (an Ed25519 verifier key whose name
is the ledger id) twice, as a log signs its checkpoints::

    evm:31337:0x5fbdb2315678afecb367f032d93f642f64180aa3
    block 17
    hash <64 hexadecimal digits>
    transaction <64 hexadecimal digits>
    root <64 hexadecimal digits>
    entries 4096 128
    endpoints 2/3
    confirmations 12
    final

``block`` is the block under whose header the record is proven: that of the transaction, or a later
one; ``root`` and ``entries`` (first position, count) are the contract's record; ``endpoints`` says
how many of those asked hold the block; the last line is ``final``, or ``included`` while the chain
might still drop it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from chain_adapter._strict import decimal
from chain_adapter.checkpoint import open_timed, sign_timed
from chain_adapter.errors import InvalidProof
from chain_adapter.evm.names import read_ledger_id
from chain_adapter.note import NoteSigner, VerifierKey

_LABELS: Final = (
    "block",
    "hash",
    "transaction",
    "root",
    "entries",
    "endpoints",
    "confirmations",
)
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Observation:
    """``block_hash``, ``transaction`` and ``root`` are 32 bytes each; ``agreeing`` of the ``asked``
    endpoints hold the block; ``final`` as the adapter's configuration demands.

    Raises:
        InvalidProof: a value no observation can have.
    """

    ledger: str
    block: int
    block_hash: bytes
    transaction: bytes
    root: bytes
    first: int
    count: int
    agreeing: int
    asked: int
    confirmations: int
    final: bool

    def __post_init__(self) -> None:
        read_ledger_id(self.ledger)
        if any(len(each) != 32 for each in (self.block_hash, self.transaction, self.root)):
            raise InvalidProof("block, transaction and root are named by 32 bytes each")
        numbers = (self.block, self.first, self.count, self.confirmations)
        if any(not 0 <= each < 2**53 for each in numbers):
            raise InvalidProof("an observation's numbers are between 0 and 2⁵³")
        if not 1 <= self.agreeing <= self.asked < 1000:
            raise InvalidProof(f"{self.agreeing} of {self.asked} endpoints cannot hold a block")

    def text(self) -> str:
        values = (
            str(self.block),
            self.block_hash.hex(),
            self.transaction.hex(),
            self.root.hex(),
            f"{self.first} {self.count}",
            f"{self.agreeing}/{self.asked}",
            str(self.confirmations),
        )
        lines = [f"{label} {value}" for label, value in zip(_LABELS, values, strict=True)]
        return "\n".join([self.ledger, *lines, "final" if self.final else "included"]) + "\n"

    @classmethod
    def parse(cls, text: str) -> Observation:
        """Read exactly what :meth:`text` writes.

        Raises:
            InvalidProof: naming what is wrong.
        """
        lines = text.split("\n")
        if len(lines) != len(_LABELS) + 3 or lines[-1] or lines[-2] not in ("final", "included"):
            raise InvalidProof("an observation has nine lines: ledger, block … final or included")
        value = dict(zip(_LABELS, map(_labelled, lines[1:-2], _LABELS), strict=True))
        first, _, count = value["entries"].partition(" ")
        agreeing, _, asked = value["endpoints"].partition("/")
        try:
            return cls(
                ledger=lines[0],
                block=decimal(value["block"]),
                block_hash=_unhex(value["hash"]),
                transaction=_unhex(value["transaction"]),
                root=_unhex(value["root"]),
                first=decimal(first),
                count=decimal(count),
                agreeing=decimal(agreeing),
                asked=decimal(asked),
                confirmations=decimal(value["confirmations"]),
                final=lines[-2] == "final",
            )
        except InvalidProof:
            raise
        except ValueError as error:
            raise InvalidProof(f"an observation cannot be read: {error}") from error


@dataclass(frozen=True, slots=True)
class SignedObservation:
    """An observation whose signatures were verified; ``time`` is when it was made, UTC, in whole
    seconds (the block's own time stands in its header)."""

    observation: Observation
    time: datetime
    note: str


def sign_observation(
    signer: NoteSigner, observation: Observation, time: datetime
) -> SignedObservation:
    """Sign as the observer; ``signer`` bears the ledger's id, ``time`` is aware.

    Raises:
        InvalidProof: the signer is another ledger's.
    """
    _require_observer(observation, signer.verifier)
    note, moment = sign_timed(signer, observation.text(), time)
    return SignedObservation(observation, moment, note)


@lru_cache(maxsize=1024)
def open_observation(note: str, key: VerifierKey) -> SignedObservation:
    """Verify both of the observer's signatures and read what it saw.

    Raises:
        InvalidProof: malformed, of another ledger, or a signature is missing or wrong.
    """
    text, moment = open_timed(note, key)
    observation = Observation.parse(text)
    _require_observer(observation, key)
    return SignedObservation(observation, moment, note)


def _require_observer(observation: Observation, key: VerifierKey) -> None:
    if observation.ledger != key.name:
        raise InvalidProof(f"an observation of {observation.ledger} is not {key.name}'s")


def _labelled(line: str, label: str) -> str:
    found, separator, value = line.partition(" ")
    if found != label or not separator:
        raise InvalidProof(f"{line[:80]!r} stands where {label} must")
    return value


def _unhex(text: str) -> bytes:
    if _HASH.fullmatch(text) is None:
        raise InvalidProof(f"{text[:80]!r} is not 64 hexadecimal digits")
    return bytes.fromhex(text)
