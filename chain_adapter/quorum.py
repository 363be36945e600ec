"""Which deposit nodes must have cosigned a ledger's checkpoint, and who has.

A cosignature (c2sp.org/tlog-cosignature, type 0x04) says that its node saw the checkpoint and found
it to extend everything it had cosigned before; a node of ours also says that it examined each
entry. A quorum is the demand that enough of the named nodes say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from chain_adapter._strict import read_object, require_fields
from chain_adapter.canonical import canonical_json
from chain_adapter.checkpoint import verify_cosignature
from chain_adapter.errors import InvalidProof
from chain_adapter.note import COSIGNATURE, Note, SignatureLine, VerifierKey

#: As many as a note has room for, beside the ledger's own two lines.
MAX_NODES: Final = 32
#: Longest file of quorums read, bytes.
MAX_POLICY: Final = 256 * 1024
_FIELDS: Final = frozenset(("need", "nodes", "since"))


@dataclass(frozen=True, slots=True)
class Quorum:
    """``need`` of ``nodes`` must cosign every tree of more than ``since`` entries. ``nodes`` are
    cosigner vkeys (type 0x04), one node each: no name and no key occurs twice.

    Raises:
        InvalidProof: a vkey that cannot be read, a node listed twice, or a number out of range.
    """

    need: int
    nodes: tuple[str, ...]
    since: int = 0

    def __post_init__(self) -> None:
        keys = node_keys(self.nodes)
        names, publics = {key.name for key in keys}, {key.public for key in keys}
        if len(names) != len(keys) or len(publics) != len(keys):
            raise InvalidProof("a deposit node is listed twice")
        if len(keys) > MAX_NODES:
            raise InvalidProof(f"{len(keys)} deposit nodes are more than {MAX_NODES}")
        if not 1 <= self.need <= len(keys):
            raise InvalidProof(f"{self.need} of {len(keys)} deposit nodes is no quorum")
        if not 0 <= self.since < 2**53:
            raise InvalidProof(f"a quorum cannot begin after {self.since} entries")


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A node's verified word on a checkpoint, and when it gave it (UTC, whole seconds)."""

    name: str
    time: datetime


@lru_cache(maxsize=256)
def node_keys(vkeys: tuple[str, ...]) -> tuple[VerifierKey, ...]:
    """The keys of ``vkeys``, in order.

    Raises:
        InvalidProof: one of them is no cosigner's vkey.
    """
    return tuple(VerifierKey.parse(vkey, COSIGNATURE) for vkey in vkeys)


@lru_cache(maxsize=1024)
def cosignatures(note: str, quorum: Quorum) -> tuple[Cosignature, ...]:
    """The quorum's nodes that have cosigned ``note``, in the quorum's order.

    Lines by anybody else are ignored, as signed-note demands. Whether the ledger signed the note is
    not asked here. Pure, hence cached: one checkpoint covers many entries.

    Raises:
        InvalidProof: not a note, or a line that claims to be a listed node's is not, or a node's
            line stands twice.
    """
    parsed = Note.parse(note)
    found = []
    for key in node_keys(quorum.nodes):
        lines = lines_of(parsed, key)
        if len(lines) > 1:
            raise InvalidProof(f"the cosignature of {key.name} stands {len(lines)} times")
        found += [
            Cosignature(key.name, verify_cosignature(key, parsed.text, line)) for line in lines
        ]
    return tuple(found)


def cosigners(note: str, quorum: Quorum) -> tuple[str, ...]:
    """The names of the quorum's nodes that have cosigned ``note``; errors as in
    :func:`cosignatures`."""
    return tuple(each.name for each in cosignatures(note, quorum))


def lines_of(note: Note, key: VerifierKey) -> list[SignatureLine]:
    """The lines that claim to be this node's cosignature. Claimed is not verified."""
    wanted = (key.name, key.key_id(COSIGNATURE))
    return [each for each in note.signatures if (each.name, each.key_id) == wanted]


def encode_quorums(quorums: Mapping[str, Quorum]) -> bytes:
    """RFC 8785: ledger id → ``{need, nodes, since}``. Nothing at all when there are none."""
    if not quorums:
        return b""
    return canonical_json(
        {
            ledger: {"need": each.need, "nodes": list(each.nodes), "since": each.since}
            for ledger, each in quorums.items()
        }
    )


def decode_quorums(data: bytes) -> dict[str, Quorum]:
    """Read exactly what :func:`encode_quorums` writes.

    Raises:
        InvalidProof: naming what is wrong.
    """
    if not data:
        return {}
    try:
        value = read_object(data, MAX_POLICY)
        quorums = {ledger: _quorum(each) for ledger, each in value.items()}
        canonical = encode_quorums(quorums) == data
    except InvalidProof:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidProof(f"the deposit nodes cannot be read: {error}") from error
    if not canonical:
        raise InvalidProof("the deposit nodes are not in canonical form (RFC 8785)")
    return quorums


def _quorum(value: Any) -> Quorum:
    if not isinstance(value, dict):
        raise ValueError("a quorum is an object")
    require_fields(value, _FIELDS)
    need, nodes, since = value["need"], value["nodes"], value["since"]
    if type(need) is not int or type(since) is not int:
        raise ValueError("need and since are whole numbers")
    if not isinstance(nodes, list) or not all(isinstance(node, str) for node in nodes):
        raise ValueError("nodes are a list of verifier keys")
    return Quorum(need, tuple(nodes), since)
