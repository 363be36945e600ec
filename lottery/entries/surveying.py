"""A file looked at before anything is committed to."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

from lottery.entries.guess import guess_layout
from lottery.entries.ingest import folder_for, ingested
from lottery.entries.model import Layout, Progress, Rules, Survey
from lottery.entries.rows import Reading
from lottery.entries.table import open_table


def survey_of(path: Path, layout: Layout | None, rules: Rules, progress: Progress) -> Survey:
    """See :func:`lottery.entries.survey`.

    Without a layout, and when none can be guessed, nothing but columns and sample are known, and
    the rows are not counted.
    """
    table = open_table(path)
    guess = guess_layout(table.columns, table.sample)
    if layout is None and guess is not None and guess.pool is None and len(rules.pools) > 1:
        guess = None
    chosen = layout or guess
    if chosen is None:
        return Survey(
            encoding=table.encoding,
            columns=table.columns,
            sample=table.sample,
            rows=0,
            problems=(),
            problem_count=0,
            problem_counts={},
            duplicates=(),
            duplicate_count=0,
            per_pool=(),
            guess=None,
            file_bytes=path.stat().st_size,
            file_sha256=_digest(path),
        )
    reading = Reading.of(table.columns, chosen, rules)
    key = secrets.token_bytes(32)
    with ingested(table, reading, "", key, folder_for(path), progress) as found:
        return Survey(
            encoding=table.encoding,
            columns=table.columns,
            sample=table.sample,
            rows=found.rows,
            problems=tuple(found.problems.named),
            problem_count=found.problems.count,
            problem_counts=dict(found.problems.counts),
            duplicates=found.repeats.named(found.spool),
            duplicate_count=found.repeats.count,
            per_pool=found.per_pool(rules),
            guess=guess,
            file_bytes=table.file_bytes,
            file_sha256=table.file_digest.hexdigest(),
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
