"""Whose signatures count: the keys a verification starts from, obtained out of band."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from chain_adapter.errors import InvalidProof
from chain_adapter.evm.validators import require_validators
from chain_adapter.keys import key_id_of
from chain_adapter.note import VerifierKey
from chain_adapter.quorum import Quorum, node_keys


@dataclass(frozen=True)
class Trust:
    """``ledgers``: ledger id (the log's origin) → vkey. ``platforms``: key id → raw Ed25519 public
    key. ``depositors``: key id → raw Ed25519 public key, or the DER of a certificate; they need no
    other warrant than the entry itself, which names them by a digest of the key.

    ``quorums``: ledger id → the deposit nodes that must have cosigned its trees. ``validators``:
    ledger id of a contract → the addresses (``0x`` and 40 digits, lower case) of whom two thirds
    must have sealed the blocks of its chain.

    Raises:
        ValueError: a key that cannot be read or does not bear the name it is listed under.
    """

    ledgers: Mapping[str, str] = field(default_factory=dict)
    platforms: Mapping[str, bytes] = field(default_factory=dict)
    depositors: Mapping[str, bytes] = field(default_factory=dict)
    quorums: Mapping[str, Quorum] = field(default_factory=dict)
    validators: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for ledger, vkey in self.ledgers.items():
            if VerifierKey.parse(vkey).name != ledger:
                raise InvalidProof(f"the key listed for ledger {ledger} is another's: {vkey}")
        for key_id, public in (*self.platforms.items(), *self.depositors.items()):
            if key_id_of(public) != key_id:
                raise InvalidProof(f"the key listed as {key_id} is {key_id_of(public)}")
        for ledger, quorum in self.quorums.items():
            self._require_others(ledger, quorum)
        for ledger, validators in self.validators.items():
            require_validators(ledger, validators)
        for name in ("ledgers", "platforms", "depositors", "quorums", "validators"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def __or__(self, other: Trust) -> Trust:
        """Both together; where they differ, ``other`` counts."""
        return Trust(
            {**self.ledgers, **other.ledgers},
            {**self.platforms, **other.platforms},
            {**self.depositors, **other.depositors},
            {**self.quorums, **other.quorums},
            {**self.validators, **other.validators},
        )

    def _require_others(self, ledger: str, quorum: Quorum) -> None:
        """A ledger that is its own witness is watched by nobody."""
        vkey = self.ledgers.get(ledger)
        own = VerifierKey.parse(vkey).public if vkey else None
        if any(key.name == ledger or key.public == own for key in node_keys(quorum.nodes)):
            raise InvalidProof(f"ledger {ledger} is listed as a deposit node of its own")
