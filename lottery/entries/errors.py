"""What can be wrong with a list. All of it is permanent: the file or the choices must change.

::

    ListError                   .code (stable, translations hang on it), str() is one clear sentence
    ├── Unreadable              the file as a whole: not a table, too large, empty, encoding
    ├── WrongColumns            the columns chosen are not those of the file
    ├── BadEntries              rows that cannot stand in a draw: .problems, .count
    ├── HasDuplicates           the same person twice, where duplicates are refused: .count
    └── NoFolder                a folder that holds no whole list
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lottery.entries.model import Problem


class ListError(Exception):
    """Root of the tree."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Unreadable(ListError):
    """The file cannot be read as a list of entries at all."""


class WrongColumns(ListError):
    """A column was named that the file does not have, or is needed and was not named."""


class BadEntries(ListError):
    """Some rows cannot be entries; ``problems`` names the first of ``count``."""

    def __init__(self, problems: tuple[Problem, ...], count: int) -> None:
        first = problems[0]
        more = f" ({count - 1} more)" if count > 1 else ""
        super().__init__("bad-entries", f"{first.sentence}{more}")
        self.problems = problems
        self.count = count


class HasDuplicates(ListError):
    """Duplicates were found and the rules refuse them."""

    def __init__(self, text: str, count: int) -> None:
        super().__init__("duplicates", text)
        self.count = count


class NoFolder(ListError):
    """There is no whole list in this folder."""
