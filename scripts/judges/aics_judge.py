"""Judge a C2SP tlog-tiles folder with aics-tlog, which shares no code with the log under judgement.

    .judges/aics/bin/python scripts/judges/aics_judge.py FOLDER [PROOFS]

FOLDER holds checkpoint, tile/… and vkey; PROOFS are JSON lines made by the log itself, as for the
``sumdb`` judge. Prints what was checked; any failure is an exception and exit status 1.
"""

from __future__ import annotations

import base64
import json
import random
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from aics_tlog import (
    FileSystemTileReader,
    MerkleTree,
    audit_tiles,
    parse_note,
    parse_vkey,
    verify_checkpoint,
    verify_consistency,
    verify_leaf_inclusion,
)
from aics_tlog.cosign import cosignature_vkey
from aics_tlog.tiles import parse_entry_bundle, tile_width_at
from aics_tlog.verified import VerifiedTileReader

LEAVES = 1000
PAIRS = 300


def main(folder: Path, proofs: Path | None) -> None:
    size, root = open_checkpoint(folder)
    print(f"checkpoint of {size} entries: both signatures good")
    reader = VerifiedTileReader(FileSystemTileReader(folder), size, root)
    report = audit_tiles(FileSystemTileReader(folder), size, root)
    print(f"{report.tiles} tiles and {report.bundles} bundles: every hash good")
    # From here on with a tree of the judge's own, over entries that belong to the checkpoint.
    tree = MerkleTree(entries(reader, size))
    require(tree.root() == root, "the entries do not have the checkpoint's root")
    if proofs is not None:
        print(f"{check_proofs(proofs, tree)} proofs of the log: checked")
    for _ in range(LEAVES):
        index = random.randrange(size)  # noqa: S311 - a sample, not a secret
        path = tree.inclusion_proof(index)
        require(verify_leaf_inclusion(tree.leaf_data(index), index, size, path, root))
    print(f"{LEAVES} random leaves: proved and checked")
    print(f"{check_pairs(tree)} pairs of sizes: proved and checked")


def entries(reader: VerifiedTileReader, size: int) -> Iterator[bytes]:
    for number in range(-(-size // 256)):
        data = reader.read_entry_bundle(number, tile_width_at(size, 0, number))
        if data is None:
            raise SystemExit(f"bundle {number} is missing")
        yield from parse_entry_bundle(data)


def check_pairs(tree: MerkleTree) -> int:
    largest = min(PAIRS, tree.size)
    roots = [tree.root(size) for size in range(largest + 1)]
    for new in range(1, largest + 1):
        for old in range(1, new + 1):
            path = tree.consistency_proof(old, new)
            require(verify_consistency(old, new, roots[old], roots[new], path))
    return largest * (largest + 1) // 2


def open_checkpoint(folder: Path) -> tuple[int, bytes]:
    """Size and root of the checkpoint, which the log must have signed plainly and with a time."""
    key = parse_vkey((folder / "vkey").read_text().strip())
    note = parse_note((folder / "checkpoint").read_bytes())
    witness = cosignature_vkey(key.name, key.public_key)
    result = verify_checkpoint(note, key, [witness], 1, expected_origin=key.name)
    if not result.ok or result.size is None or result.root is None:
        raise SystemExit(result.error or "the checkpoint is not signed")
    return result.size, result.root


def check_proofs(proofs: Path, tree: MerkleTree) -> int:
    root = cache(tree.root)
    lines = proofs.read_text().splitlines()
    for line in lines:
        proof = json.loads(line)
        path = [base64.b64decode(each) for each in proof["path"]]
        if "index" in proof:
            index, size = proof["index"], proof["size"]
            leaf = tree.leaf_data(index)
            require(verify_leaf_inclusion(leaf, index, size, path, root(size)), line)
        else:
            old, new = proof["old"], proof["new"]
            require(verify_consistency(old, new, root(old), root(new), path), line)
    return len(lines)


def require(holds: bool, what: str = "a proof does not hold") -> None:
    if not holds:
        raise SystemExit(what)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
