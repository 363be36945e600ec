"""Lists of entries: read, surveyed, committed to, opened entry by entry.

::

    survey(path, layout | None, rules, progress) -> Survey          what the file holds
    commit(path, layout, rules, keys, draw_id, folder, progress)    the list document, and a folder
    ListFolder.open(folder)                                         receipts, lookups, winners
    python -m lottery.entries survey|commit                         the same in a process of its own

Reading needs numpy and numba (extra ``draws``) and takes seconds to minutes; both are imported only
when something is read, so that what merely shows a list does without.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lottery.entries.canonical import BadValue, canonical_id
from lottery.entries.errors import (
    BadEntries,
    HasDuplicates,
    ListError,
    NoFolder,
    Unreadable,
    WrongColumns,
)
from lottery.entries.folder import ListFolder, lookup_of
from lottery.entries.model import (
    Duplicate,
    Identity,
    Layout,
    ListKeys,
    Opened,
    PoolCount,
    Problem,
    Progress,
    Rules,
    Survey,
)

__all__ = [
    "BadEntries",
    "BadValue",
    "Duplicate",
    "HasDuplicates",
    "Identity",
    "Layout",
    "ListError",
    "ListFolder",
    "ListKeys",
    "NoFolder",
    "Opened",
    "PoolCount",
    "Problem",
    "Rules",
    "Survey",
    "Unreadable",
    "WrongColumns",
    "canonical_id",
    "commit",
    "lookup_of",
    "survey",
]


def survey(
    path: Path, layout: Layout | None, rules: Rules, progress: Progress | None = None
) -> Survey:
    """Read the whole file and say what it holds; without ``layout`` by the columns' names.

    Raises:
        Unreadable: not a list at all.
        WrongColumns: ``layout`` names a column that is not there.
    """
    from lottery.entries.surveying import survey_of

    return survey_of(path, layout, rules, progress or _silent)


def commit(
    path: Path,
    layout: Layout,
    rules: Rules,
    keys: ListKeys,
    draw_id: str,
    folder: Path,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Commit to every entry of the file; the list document of the record.

    ``folder`` appears whole or not at all, and replaces one of that name. The same input gives the
    same folder and the same document.

    Raises:
        Unreadable, WrongColumns: as for :func:`survey`.
        BadEntries: rows that cannot be entries.
        HasDuplicates: and the rules refuse them.
    """
    from lottery.entries.committing import commit_to

    return commit_to(path, layout, rules, keys, draw_id, folder, progress or _silent)


def _silent(done: int, total: int, stage: str) -> None:
    """Nobody watches."""
