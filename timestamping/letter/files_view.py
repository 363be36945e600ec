"""The list of a folder's files as a letter prints it."""

from __future__ import annotations

from typing import Any, Final

from timestamping.filelist import FileList
from timestamping.letter.token_view import hex_lines
from timestamping.pdf.text import runs

#: So many files are printed; the list attached to the letter always names every one.
MAX_PRINTED: Final = 1000


def files_view(files: FileList | None) -> dict[str, Any] | None:
    """None for a letter about a single file."""
    if files is None:
        return None
    count = len(files.files)
    return {
        "count": f"{count:,}",
        "size": f"{files.size:,}",
        "printed": f"{min(count, MAX_PRINTED):,}",
        "cut": count > MAX_PRINTED,
        "sm3": files.files[0].sm3 is not None,
        "rows": [
            {
                "number": str(number),
                "path": runs(each.path),
                "size": f"{each.size:,}",
                "sha256": hex_lines(each.sha256),
            }
            for number, each in enumerate(files.files[:MAX_PRINTED], start=1)
        ],
    }
