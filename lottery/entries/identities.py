"""From positions back to people, for the audit: the organiser's file read once more."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from lottery.entries.canonical import canonical_id
from lottery.entries.errors import Unreadable
from lottery.entries.model import Identity, Layout
from lottery.entries.plain import _table


def identities_of(
    source: Path, layout: Layout, rows: Mapping[int, int], digest: str
) -> dict[int, Identity]:
    """``rows``: row of the file by position."""
    if hashlib.sha256(source.read_bytes()).hexdigest() != digest:
        raise Unreadable("other-file", "this is not the file the list was made of")
    _, table = _table(source)
    cells = dict(table)
    at = [cell.strip() for cell in cells[1]].index(layout.id)
    return {
        position: Identity(
            position, row, canonical_id(cells[row][at], layout.id_kind), tuple(cells[row])
        )
        for position, row in rows.items()
    }
