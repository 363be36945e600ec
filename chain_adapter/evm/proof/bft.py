"""Blocks that validators agreed on: QBFT and IBFT 2.0, as Besu and GoQuorum run them.

The header's extra data is an RLP list of five: 32 bytes of vanity, the validators' addresses, a
vote, the round, and the seals with which validators committed to the block. Which hash is which
(QBFT specification, "Block header"; Besu's ``BftBlockHashing``):

- validators seal the hash of the header whose extra data has no seals but the round;
- the block is named by the hash of the header whose extra data has neither (QBFT: an empty list
  and round 0; IBFT 2.0: both left out), since each node may hold other seals of the same block.

QBFT writes the round as a scalar and no vote as an empty list, IBFT 2.0 the round in four bytes and
no vote as an empty string.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from coincurve import PublicKey

from chain_adapter.errors import InvalidProof
from chain_adapter.evm.layout import keccak256
from chain_adapter.evm.proof.header import Header
from chain_adapter.evm.proof.rlp import Item, decode_list, encode, number, text

_VANITY: Final = 32
_SEAL: Final = 65
#: No consortium has more; what is recovered costs time.
_MAX_VALIDATORS: Final = 256


@dataclass(frozen=True, slots=True)
class Sealing:
    """A header's extra data, read. ``validators`` are addresses (20 bytes each), none when a
    contract names them; ``seals`` 65 bytes each: r, s, recovery id. ``round`` as it was written:
    four bytes in IBFT 2.0, a scalar in QBFT."""

    vanity: bytes
    validators: tuple[bytes, ...]
    vote: Item
    round: bytes
    seals: tuple[bytes, ...]

    @property
    def is_ibft2(self) -> bool:
        return len(self.round) == 4

    def without_seals(self) -> bytes:
        """The extra data that validators seal."""
        seals: list[Item] = [] if self.is_ibft2 else [[]]
        return encode([*self._head(), self.round, *seals])

    def without_round(self) -> bytes:
        """The extra data of the block's name."""
        return encode(self._head() if self.is_ibft2 else [*self._head(), b"", []])

    def _head(self) -> list[Item]:
        return [self.vanity, list(self.validators), self.vote]


def sealing_of(header: Header) -> Sealing | None:
    """What the header's extra data says of validators; None when it is nothing of the kind."""
    try:
        vanity, validators, vote, turn, seals = decode_list(header.extra)
        read = Sealing(
            text(vanity, _VANITY),
            _strings(validators, 20),
            vote,
            text(turn),
            _strings(seals, _SEAL),
        )
        if not read.is_ibft2:
            number(read.round)
            _require_vote(vote)
    except (InvalidProof, ValueError):
        return None
    return read


def names_of(header: Header) -> frozenset[bytes]:
    """The hashes by which a node may call this block: that of the header as it is, and without
    what differs between nodes. Each binds everything but seals and round."""
    sealing = sealing_of(header)
    names = {keccak256(header.encode())}
    if sealing is not None:
        names.add(keccak256(header.encode(sealing.without_round())))
    return frozenset(names)


def signers_of(header: Header, sealing: Sealing) -> tuple[bytes, ...]:
    """The addresses whose keys made the seals, in order.

    Raises:
        InvalidProof: a seal that no key makes.
    """
    digest = keccak256(header.encode(sealing.without_seals()))
    return tuple(_signer(seal, digest) for seal in sealing.seals)


def address_of(public: PublicKey) -> bytes:
    """The last 20 bytes of the hash of the uncompressed point (Yellow Paper, appendix F)."""
    return keccak256(public.format(compressed=False)[1:])[-20:]


def quorum_of(count: int) -> int:
    """How many of ``count`` validators must seal a block: two thirds, rounded up."""
    return -(-2 * count // 3)


def _signer(seal: bytes, digest: bytes) -> bytes:
    if seal[64] > 1:
        raise InvalidProof(f"a seal's recovery id is 0 or 1, not {seal[64]}")
    try:
        return address_of(PublicKey.from_signature_and_message(seal, digest, hasher=None))
    except Exception as error:  # coincurve raises bare exceptions
        raise InvalidProof("a seal is no signature") from error


def _strings(item: Item, length: int) -> tuple[bytes, ...]:
    if not isinstance(item, list) or len(item) > _MAX_VALIDATORS:
        raise InvalidProof("a list of validators or seals is no list, or too long")
    return tuple(text(each, length) for each in item)


def _require_vote(vote: Item) -> None:
    if not isinstance(vote, list) or len(vote) not in (0, 2):
        raise InvalidProof("a QBFT vote is a list of none or two")
