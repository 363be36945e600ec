"""The list, the simple way: all in memory, one entry after the other, standard library alone.

It shares with the real one what a single row means (``rows.py``) and nothing else.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain_adapter.canonical import canonical_json
from lottery.entries import layout as names
from lottery.entries.canonical import masked
from lottery.entries.encoding import detect
from lottery.entries.errors import BadEntries, HasDuplicates, Unreadable
from lottery.entries.folder import lookup_of
from lottery.entries.guess import guess_layout
from lottery.entries.model import (
    NAMED,
    Duplicate,
    Layout,
    ListKeys,
    PoolCount,
    Problem,
    Progress,
    Rules,
    Survey,
)
from lottery.entries.rows import BadRow, Entry, Reading


@dataclass(frozen=True)
class Numbered:
    row: int
    entry: Entry


def _table(path: Path) -> tuple[str, list[tuple[int, list[str]]]]:
    data, encoding = path.read_bytes(), detect(path)
    text = data[encoding.skip :].decode(encoding.name, "surrogateescape")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t|", key="".join(first.split('"')[::2]).count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    return encoding.name, list(enumerate(rows, 1))


def _entries(
    reading: Reading, rows: Sequence[tuple[int, list[str]]]
) -> Iterator[Numbered | Problem]:
    for row, cells in rows:
        try:
            entry = reading.entry(row, cells)
        except BadRow as error:
            yield error.problem
        else:
            if entry is not None:
                yield Numbered(row, entry)


def _split(found: list[Numbered]) -> tuple[list[Numbered], list[Duplicate]]:
    first: dict[str, int] = {}
    kept, duplicates = [], []
    for one in found:
        if one.entry.id in first:
            duplicates.append(Duplicate(one.row, first[one.entry.id], masked(one.entry.id)))
        else:
            first[one.entry.id] = one.row
            kept.append(one)
    return kept, duplicates


def survey_of(path: Path, layout: Layout | None, rules: Rules, progress: Progress) -> Survey:
    encoding, rows = _table(path)
    columns = tuple(cell.strip() for cell in rows[0][1])
    sample = tuple(tuple(cells) for _, cells in rows[1:11])
    guess = guess_layout(columns, sample)
    chosen = layout or guess
    found: list[Numbered | Problem] = []
    if chosen is not None:
        found = list(_entries(Reading.of(columns, chosen, rules), rows[1:]))
    problems = [one for one in found if isinstance(one, Problem)]
    entries = [one for one in found if isinstance(one, Numbered)]
    kept, duplicates = _split(entries)
    counted = kept if rules.duplicates == "first" else entries
    data = path.read_bytes()
    return Survey(
        encoding,
        columns,
        sample,
        len(found),
        tuple(problems[:NAMED]),
        len(problems),
        dict(Counter(problem.code for problem in problems)),
        tuple(duplicates[:NAMED]),
        len(duplicates),
        tuple(
            _count(pool, [one.entry for one in counted if one.entry.pool == at])
            for at, pool in enumerate(rules.pools)
        ),
        guess,
        len(data),
        hashlib.sha256(data).hexdigest(),
    )


def _count(pool: str, entries: list[Entry]) -> PoolCount:
    weights = Counter(entry.weight for entry in entries)
    tickets = sum(entry.weight for entry in entries)
    return PoolCount(pool, len(entries), tickets, tuple(sorted(weights.items())))


def commit_to(
    path: Path,
    layout: Layout,
    rules: Rules,
    keys: ListKeys,
    draw_id: str,
    folder: Path,
    progress: Progress,
) -> dict[str, Any]:
    _, rows = _table(path)
    reading = Reading.of([cell.strip() for cell in rows[0][1]], layout, rules)
    found = list(_entries(reading, rows[1:]))
    problems = [one for one in found if isinstance(one, Problem)]
    if problems:
        raise BadEntries(tuple(problems[:NAMED]), len(problems))
    entries = [one for one in found if isinstance(one, Numbered)]
    if not entries:
        raise Unreadable("no-entries", "the file has no entries")
    if len(entries) > rules.max_rows:
        raise Unreadable("too-many-rows", f"the list has more than {rules.max_rows} entries")
    kept, duplicates = _split(entries)
    if duplicates and rules.duplicates == "refuse":
        raise HasDuplicates(f"{len(duplicates)} entries are duplicates", len(duplicates))
    kept.sort(key=lambda one: (one.entry.pool, one.entry.weight, one.row))
    data = path.read_bytes()
    return _write(kept, len(duplicates), data, layout, rules, keys, draw_id, folder)


def tag_of(keys: ListKeys, draw_id: str, canonical: str) -> bytes:
    inner = hmac.digest(keys.organiser, (draw_id + canonical).encode(), "sha256")
    return hmac.digest(keys.notary, inner, "sha256")


def _write(
    kept: list[Numbered],
    duplicates: int,
    data: bytes,
    layout: Layout,
    rules: Rules,
    keys: ListKeys,
    draw_id: str,
    folder: Path,
) -> dict[str, Any]:
    temporary = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    leaves, tags, lines = [], [], []
    for position, one in enumerate(kept):
        index = position.to_bytes(8, "big")
        salt = hmac.digest(keys.salt, index, "sha256")[:16]
        tags.append(tag_of(keys, draw_id, one.entry.id))
        fields = one.entry.fields.encode()
        leaves.append(hashlib.sha256(b"\0" + index + salt + tags[-1] + fields).digest())
        lines.append(fields + b"\n")
    levels = _levels(leaves)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    (temporary / names.LEAVES).write_bytes(b"".join(leaves))
    (temporary / names.TAGS).write_bytes(b"".join(tags))
    (temporary / names.FIELDS).write_bytes(b"".join(lines))
    (temporary / names.LEVELS).write_bytes(b"".join(levels))
    _numbers(temporary / names.FIELDS_INDEX, starts[:-1][:: names.STRIDE], 8)
    rows = [one.row for one in kept]
    if rows != list(range(names.FIRST_ROW, len(rows) + names.FIRST_ROW)):
        _numbers(temporary / names.ROWS, rows, 4)
    _index(temporary, kept, keys, draw_id)
    document = {
        "count": len(kept),
        "list_root": levels[-1].hex(),
        "leaves_sha256": hashlib.sha256(b"".join(leaves)).hexdigest(),
        "file_sha256": hashlib.sha256(data).hexdigest(),
        "file_bytes": len(data),
        "columns": {
            "id": layout.id,
            "pool": layout.pool,
            "weight": layout.weight,
            "public": list(layout.public),
        },
        "id_kind": layout.id_kind,
        "pools": _pools(kept, rules),
        "tickets": sum(one.entry.weight for one in kept),
        "duplicates": {"policy": rules.duplicates, "found": duplicates},
        "keys": {
            "organiser": hashlib.sha256(b"lottery/key/v1\n" + keys.organiser).hexdigest(),
            "notary": hashlib.sha256(b"lottery/key/v1\n" + keys.notary).hexdigest(),
        },
    }
    secret = {
        "draw": draw_id,
        "layout": layout.document(),
        "salt": keys.salt.hex(),
        "lookup": keys.lookup.hex(),
    }
    (temporary / names.LIST).write_bytes(canonical_json(document))
    (temporary / names.SECRET).write_text(json.dumps(secret, ensure_ascii=False))
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)
    return document


def _levels(leaves: list[bytes]) -> list[bytes]:
    stored: list[bytes] = []
    row, height = leaves, 0
    while len(row) > 1 or height <= names.HEIGHT:
        if height >= names.HEIGHT:
            stored += row
            if len(row) == 1:
                break
        pairs = [
            hashlib.sha256(b"\1" + row[at] + row[at + 1]).digest()
            for at in range(0, len(row) - 1, 2)
        ]
        row, height = pairs + row[len(row) & ~1 :], height + 1
    return stored if len(row) == 1 and stored[-1:] == row else [*stored, *row]


def _index(folder: Path, kept: list[Numbered], keys: ListKeys, draw_id: str) -> None:
    found = []
    for position, one in enumerate(kept):
        key = hashlib.sha256(keys.lookup + lookup_of(draw_id, one.entry.id)).digest()[:8]
        found.append((int.from_bytes(key, "big"), position))
    bits = names.bucket_bits(len(found))
    found.sort()
    _numbers(folder / names.LOOKUP_KEYS, [key for key, _ in found], 8)
    _numbers(folder / names.LOOKUP_POSITIONS, [position for _, position in found], 4)
    counts = Counter(key >> (64 - bits) for key, _ in found)
    offsets = [0]
    for bucket in range(1 << bits):
        offsets.append(offsets[-1] + counts[bucket])
    _numbers(folder / names.LOOKUP_OFFSETS, offsets, 4)


def _pools(kept: list[Numbered], rules: Rules) -> list[dict[str, Any]]:
    pools, start = [], 0
    for at, pool in enumerate(rules.pools):
        count = _count(pool, [one.entry for one in kept if one.entry.pool == at])
        weights = [list(pair) for pair in count.weights]
        pools.append({"id": pool, "start": start, "end": start + count.entries, "weights": weights})
        start += count.entries
    return pools


def _numbers(path: Path, numbers: Sequence[int], width: int) -> None:
    path.write_bytes(b"".join(number.to_bytes(width, "little") for number in numbers))
