"""The log as a folder of static files, laid out as c2sp.org/tlog-tiles serves them."""

from __future__ import annotations

from pathlib import Path

from chain_adapter.checkpoint import Checkpoint
from chain_adapter.note import Note
from chain_adapter.tlog.adapter import TlogLedger
from chain_adapter.tlog.layout import paths_of


def export_tiles(ledger: TlogLedger, folder: Path) -> int:
    """Write checkpoint, tiles, entry bundles and ``vkey``, for a mirror or an auditor's tool.

    The checkpoint is written last: a folder that has one is complete. Returns its tree size.
    """
    checkpoint = ledger.latest()
    size = Checkpoint.parse(Note.parse(checkpoint).text).size
    for path in map(str, paths_of(size)):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(ledger.tile(path))
    (folder / "vkey").write_text(ledger.vkey + "\n")
    (folder / "checkpoint").write_text(checkpoint)
    return size
