"""What proves a record on an EVM chain, as a value and as a file.

RFC 8785 JSON; all bytes in lower-case hexadecimal without ``0x``::

    v        1
    header   RLP of the block's header
    account  nodes of the path to the contract's account under the header's state root (EIP-1186)
    storage  nodes of the path to the record's slot under the account's storage root
    batch    root, first, count; index of the entry in it and the RFC 6962 path to the root

Parsed is not verified: :func:`chain_adapter.verify.verify` decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Self

from chain_adapter._strict import read_object, require_fields
from chain_adapter.canonical import canonical_json
from chain_adapter.errors import InvalidProof

#: No well-formed proof is longer, in bytes.
MAX_EVM_PROOF: Final = 256 * 1024
#: A trie over 32-byte keys has at most 64 nibbles, and a leaf.
MAX_NODES: Final = 65
_MAX_NODE: Final = 1024
_MAX_HEADER: Final = 64 * 1024
_MAX_PATH: Final = 53
_NUMBERS: Final = ("first", "count", "index")
_FIELDS: Final = frozenset(("v", "header", "account", "storage", "batch"))
_BATCH_FIELDS: Final = frozenset((*_NUMBERS, "root", "path"))
_HEX: Final = re.compile(r"(?:[0-9a-f]{2})*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Batch:
    """The contract's record of ``count`` entries under ``root``, from position ``first`` on; the
    entry is ``index`` in it, and ``path`` leads from its leaf to ``root`` (RFC 6962 §2.1.1).

    Raises:
        InvalidProof: a value no batch can have.
    """

    root: bytes
    first: int
    count: int
    index: int
    path: tuple[bytes, ...]

    def __post_init__(self) -> None:
        for name in _NUMBERS:
            value = getattr(self, name)
            if type(value) is not int or not 0 <= value < 2**53:
                raise InvalidProof(f"a batch's {name} cannot be {value!r}")
        if len(self.root) != 32:
            raise InvalidProof("a batch's root has 32 bytes")
        if len(self.path) > _MAX_PATH or any(len(digest) != 32 for digest in self.path):
            raise InvalidProof(f"a batch's path is at most {_MAX_PATH} digests of 32 bytes")

    def to_object(self) -> dict[str, Any]:
        numbers = {name: getattr(self, name) for name in _NUMBERS}
        return {**numbers, "root": self.root.hex(), "path": [each.hex() for each in self.path]}

    @classmethod
    def from_object(cls, value: Any) -> Self:
        """Read :meth:`to_object`.

        Raises:
            InvalidProof, KeyError: it is something else.
        """
        if not isinstance(value, dict):
            raise InvalidProof("a proof's batch must be an object")
        require_fields(value, _BATCH_FIELDS)
        root, path = _unhex(value["root"], 32), _unhex_list(value["path"], 32, _MAX_PATH)
        return cls(root=root, path=path, **{name: value[name] for name in _NUMBERS})


@dataclass(frozen=True, slots=True)
class EvmProof:
    """``header`` is the RLP of the block named by the receipt's note; ``account`` and
    ``storage`` are trie nodes, RLP each, the top one first, as EIP-1186 gives them.

    Raises:
        InvalidProof: a value no proof can have.
    """

    header: bytes
    account: tuple[bytes, ...]
    storage: tuple[bytes, ...]
    batch: Batch

    def __post_init__(self) -> None:
        if len(self.header) > _MAX_HEADER:
            raise InvalidProof(f"a header of {len(self.header)} bytes is too long")
        for nodes in (self.account, self.storage):
            if len(nodes) > MAX_NODES or any(len(node) > _MAX_NODE for node in nodes):
                raise InvalidProof(f"a path is at most {MAX_NODES} nodes of {_MAX_NODE} bytes")

    def encode(self) -> bytes:
        """RFC 8785."""
        nodes = {name: [each.hex() for each in getattr(self, name)] for name in _PATHS}
        return canonical_json(
            {"v": 1, "header": self.header.hex(), **nodes, "batch": self.batch.to_object()}
        )

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a proof; exactly what :meth:`encode` writes, nothing more lenient.

        Raises:
            InvalidProof: naming what is wrong.
        """
        try:
            proof = cls._from_object(read_object(data, MAX_EVM_PROOF))
        except KeyError as error:
            raise InvalidProof(f"proof field {error} is missing or unknown") from error
        except InvalidProof:
            raise
        except ValueError as error:
            raise InvalidProof(f"a proof cannot be read: {error}") from error
        if proof.encode() != data:
            raise InvalidProof("a proof is not in canonical form (RFC 8785)")
        return proof

    @classmethod
    def _from_object(cls, value: dict[str, Any]) -> Self:
        require_fields(value, _FIELDS)
        if value["v"] != 1:
            raise InvalidProof("only version 1 of proofs on an EVM chain is known")
        paths = {name: _unhex_list(value[name], None, MAX_NODES) for name in _PATHS}
        header = _unhex(value["header"], None)
        return cls(header=header, batch=Batch.from_object(value["batch"]), **paths)


_PATHS: Final = ("account", "storage")


def _unhex(text: Any, length: int | None) -> bytes:
    if not isinstance(text, str) or _HEX.fullmatch(text) is None:
        raise InvalidProof("bytes are written as lower-case hexadecimal digits")
    data = bytes.fromhex(text)
    if length is not None and len(data) != length:
        raise InvalidProof(f"{len(data)} bytes stand where {length} must")
    return data


def _unhex_list(value: Any, length: int | None, most: int) -> tuple[bytes, ...]:
    if not isinstance(value, list) or len(value) > most:
        raise InvalidProof(f"a path is a list of at most {most}")
    return tuple(_unhex(each, length) for each in value)
