"""The ledger's part of a letter."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Final

from chain_adapter.errors import InvalidProof
from chain_adapter.evm.observation import Observation
from chain_adapter.note import Note
from chain_adapter.proof import Proof
from chain_adapter.quorum import cosigners, node_keys
from chain_adapter.receipt import Receipt
from chain_adapter.trust import Trust
from chain_adapter.verification.examination import LedgerProof
from timestamping.letter.clock import Clock
from timestamping.letter.data import LetterData
from timestamping.letter.token_view import hex_lines
from timestamping.pdf.text import runs

_ROLES: Final = {"platform": "平台 platform", "depositor": "存证人 depositor"}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a letter shows of a checkpoint (c2sp.org/tlog-checkpoint); not verified here."""

    size: str
    root: bytes
    signers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cosigned:
    """``names`` of the nodes that cosigned a checkpoint, of those ``listed``; ``need`` must."""

    names: tuple[str, ...]
    listed: tuple[str, ...]
    need: int


def read_checkpoint(note: str) -> Checkpoint:
    """Size, root and signers; empty for ledgers whose checkpoint is no signed note."""
    body, _, signatures = note.partition("\n\n")
    lines = body.split("\n")
    signers = tuple(line.split(" ")[1] for line in signatures.split("\n") if line.startswith("— "))
    if len(lines) < 3 or not lines[1].isdigit():
        return Checkpoint("", b"", signers)
    try:
        return Checkpoint(lines[1], base64.b64decode(lines[2], validate=True), signers)
    except binascii.Error:
        return Checkpoint(lines[1], b"", signers)


def signed_note(receipt: Receipt, proof: LedgerProof) -> str:
    """The note that the record is proven under: a log's proof brings its checkpoint, of any other
    ledger the receipt does."""
    return proof.checkpoint if isinstance(proof, Proof) else receipt.checkpoint


def cosigned(ledger: str, note: str, trust: Trust) -> Cosigned | None:
    """How many of a ledger's nodes cosigned ``note``; None where no nodes are known for it."""
    quorum = trust.quorums.get(ledger)
    if quorum is None:
        return None
    try:
        names = cosigners(note, quorum)
    except InvalidProof:
        names = ()
    return Cosigned(names, tuple(key.name for key in node_keys(quorum.nodes)), quorum.need)


def observed(receipt: Receipt) -> Observation | None:
    """What a receipt's note says of block and transaction on an EVM chain; None for other ledgers.
    Not verified here."""
    if receipt.scheme != "evm":
        return None
    try:
        return Observation.parse(Note.parse(receipt.checkpoint).text)
    except InvalidProof:
        return None


def ledger_view(data: LetterData, clock: Clock) -> dict[str, Any]:
    """The primary ledger's record, and those of the further ones."""
    signatures = [
        {
            "role": _ROLES[signature.role],
            "key": signature.key_id,
            "algorithm": signature.algorithm,
        }
        for signature in data.entry.signatures
    ]
    trust = data.trust.ledger
    further = [
        {"number": number, **_record(each.receipt, each.proof, trust, clock)}
        for number, each in enumerate(data.further, start=2)
    ]
    first = _record(data.receipt, data.proof, trust, clock)
    return {**first, "signatures": signatures, "further": further}


def _record(receipt: Receipt, proof: LedgerProof, trust: Trust, clock: Clock) -> dict[str, Any]:
    note = signed_note(receipt, proof)
    checkpoint = read_checkpoint(note)
    nodes = cosigned(receipt.ledger, note, trust)
    return {
        "id": runs(receipt.ledger),
        "scheme": runs(receipt.scheme),
        "key": runs(receipt.key),
        "position": str(receipt.position),
        "time": clock.full(receipt.time),
        "entry-hash": hex_lines(receipt.entry_hash.hex()),
        "size": checkpoint.size,
        "root": hex_lines(checkpoint.root.hex()),
        "path": str(len(proof.path)) if isinstance(proof, Proof) else "",
        "vkey": runs(trust.ledgers.get(receipt.ledger, "")),
        "cosigners": [runs(signer) for signer in dict.fromkeys(checkpoint.signers)],
        "nodes": None if nodes is None else _nodes(nodes),
        "chain": _chain(receipt),
    }


def _nodes(nodes: Cosigned) -> dict[str, Any]:
    """``3 of 4`` with the names, and those that did not."""
    return {
        "count": str(len(nodes.names)),
        "of": str(len(nodes.listed)),
        "need": str(nodes.need),
        "names": [runs(name) for name in nodes.names],
        "absent": [runs(name) for name in nodes.listed if name not in nodes.names],
    }


def _chain(receipt: Receipt) -> dict[str, Any] | None:
    """Transaction, block and contract."""
    seen = observed(receipt)
    if seen is None:
        return None
    _, number, contract = seen.ledger.split(":")
    return {
        "number": number,
        "contract": contract,
        "transaction": hex_lines(seen.transaction.hex()),
        "block": str(seen.block),
        "block-hash": hex_lines(seen.block_hash.hex()),
        "first": str(seen.first),
        "count": str(seen.count),
        "endpoints": f"{seen.agreeing}/{seen.asked}",
        "confirmations": str(seen.confirmations),
    }
