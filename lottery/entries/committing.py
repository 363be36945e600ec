"""From a file to a committed list: both passes, the tree, and the folder that appears whole."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from chain_adapter.canonical import canonical_json
from lottery.entries import layout as names
from lottery.entries.disk import save, sync
from lottery.entries.errors import BadEntries, HasDuplicates, Unreadable
from lottery.entries.ingest import Ingested, ingested
from lottery.entries.model import Layout, ListKeys, PoolCount, Progress, Rules
from lottery.entries.rows import Reading
from lottery.entries.table import Table, open_table
from lottery.entries.tree import Tree
from lottery.entries.writing import write_entries

#: Tickets of all pools together are numbered in 32 bits.
_TICKETS: Final = 2**32 - 1


def commit_to(
    path: Path,
    layout: Layout,
    rules: Rules,
    keys: ListKeys,
    draw_id: str,
    folder: Path,
    progress: Progress,
) -> dict[str, Any]:
    """See :func:`lottery.entries.commit`."""
    table = open_table(path)
    reading = Reading.of(table.columns, layout, rules)
    with _appearing(folder) as part:
        with ingested(table, reading, draw_id, keys.lookup, part, progress) as found:
            _refuse(found, rules)
            pools = found.per_pool(rules)
            _write_lookup(found, part)
            tree = write_entries(found, rules, keys, draw_id, part, progress)
            duplicates = found.repeats.count
        (part / names.LEVELS).write_bytes(tree.levels)
        document = _document(table, layout, rules, keys, pools, tree)
        document["duplicates"] = {"policy": rules.duplicates, "found": duplicates}
        (part / names.LIST).write_bytes(canonical_json(document))
        _write_secret(part, layout, keys, draw_id)
    return document


def _refuse(found: Ingested, rules: Rules) -> None:
    if found.problems.count:
        raise BadEntries(tuple(found.problems.named), found.problems.count)
    if not found.spool.count:
        raise Unreadable("no-entries", "the file has no entries below the names of its columns")
    if found.repeats.count and rules.duplicates == "refuse":
        first = found.repeats.named(found.spool)[0]
        count = found.repeats.count
        more = f" ({count - 1} more)" if count > 1 else ""
        text = f"Row {first.row} has the same id as row {first.first_row}{more}"
        raise HasDuplicates(text, count)
    if sum(pool.tickets for pool in found.per_pool(rules)) > _TICKETS:
        raise Unreadable("too-many-tickets", "the weights add up to more than 4,294,967,295")


def _write_lookup(found: Ingested, folder: Path) -> None:
    """Keys and offsets; afterwards the keys are not held any more."""
    save(folder / names.LOOKUP_KEYS, found.buckets.keys)
    save(folder / names.LOOKUP_OFFSETS, found.buckets.offsets)
    found.buckets.release()


def _document(
    table: Table,
    layout: Layout,
    rules: Rules,
    keys: ListKeys,
    pools: tuple[PoolCount, ...],
    tree: Tree,
) -> dict[str, Any]:
    ranges, start = [], 0
    for pool in pools:
        weights = [list(pair) for pair in pool.weights]
        end = start + pool.entries
        ranges.append({"id": pool.id, "start": start, "end": end, "weights": weights})
        start = end
    return {
        "count": start,
        "list_root": tree.root.hex(),
        "leaves_sha256": tree.leaves_sha256,
        "file_sha256": table.file_digest.hexdigest(),
        "file_bytes": table.file_bytes,
        "columns": {
            "id": layout.id,
            "pool": layout.pool,
            "weight": layout.weight,
            "public": list(layout.public),
        },
        "id_kind": layout.id_kind,
        "pools": ranges,
        "tickets": sum(pool.tickets for pool in pools),
        "keys": {"organiser": key_hash(keys.organiser), "notary": key_hash(keys.notary)},
    }


def key_hash(key: bytes) -> str:
    """What the record names a key of tags by."""
    return hashlib.sha256(b"lottery/key/v1\n" + key).hexdigest()


def _write_secret(folder: Path, layout: Layout, keys: ListKeys, draw_id: str) -> None:
    secret = {
        "draw": draw_id,
        "layout": layout.document(),
        "salt": keys.salt.hex(),
        "lookup": keys.lookup.hex(),
    }
    path = folder / names.SECRET
    path.touch(mode=0o600)
    path.write_text(json.dumps(secret, ensure_ascii=False), encoding="utf-8")


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """A folder to write to that becomes ``folder`` when all has gone well, and is gone otherwise.

    What a killed process has left is removed by the next one.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    for name in (f".{folder.name}.part-", f".{folder.name}.old-"):
        for left in folder.parent.glob(f"{name}*"):
            shutil.rmtree(left, ignore_errors=True)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.part-", dir=folder.parent))
    try:
        yield part
        for file in part.iterdir():
            sync(file)
        sync(part)
        if folder.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.old-", dir=folder.parent))
            folder.rename(old / folder.name)
        part.rename(folder)
        sync(folder.parent)
        for old in folder.parent.glob(f".{folder.name}.old-*"):
            shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
