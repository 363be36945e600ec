"""From positions back to people, for the audit: the organiser's file read once more."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lottery.entries.canonical import canonical_id
from lottery.entries.errors import Unreadable
from lottery.entries.model import Identity, Layout
from lottery.entries.table import open_table


def identities_of(
    source: Path, layout: Layout, rows: Mapping[int, int], file_sha256: str
) -> dict[int, Identity]:
    """Whoever stands in ``rows``, which are rows of the file by position.

    Raises:
        Unreadable: ``source`` is not the file with this digest.
    """
    table = open_table(source)
    cells = table.cells(set(rows.values()))
    if table.file_digest.hexdigest() != file_sha256:
        raise Unreadable("other-file", "this is not the file the list was made of")
    at = table.columns.index(layout.id)
    return {
        position: Identity(position, row, canonical_id(cells[row][at], layout.id_kind), cells[row])
        for position, row in rows.items()
    }
