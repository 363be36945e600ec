"""One row of the file to one entry, the long way: any spelling, and a reason for what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lottery.entries.canonical import (
    MAX_FIELDS,
    BadValue,
    canonical_id,
    pool_value,
    public_value,
    trimmed,
    weight_value,
)
from lottery.entries.errors import WrongColumns
from lottery.entries.layout import SEPARATOR
from lottery.entries.model import Layout, Problem, Rules


@dataclass(frozen=True)
class Entry:
    """``fields`` as they are hashed into the leaf: pool, weight and public values."""

    id: str
    pool: int
    weight: int
    fields: str


class BadRow(ValueError):
    """A row that cannot be an entry."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.sentence)
        self.problem = problem


@dataclass(frozen=True)
class Reading:
    """How rows of one file become entries: where each column stands."""

    columns: tuple[str, ...]
    layout: Layout
    rules: Rules
    id: int
    pool: int
    weight: int
    public: tuple[int, ...]

    @classmethod
    def of(cls, columns: Sequence[str], layout: Layout, rules: Rules) -> Reading:
        """Find the layout's columns; -1 stands for a column that is not used.

        Raises:
            WrongColumns: one is missing, there twice, or used twice.
        """
        used = [layout.id, layout.pool, layout.weight, *layout.public]
        for name in used:
            if name is not None and list(columns).count(name) != 1:
                how = "twice" if name in columns else "not"
                raise WrongColumns("wrong-columns", f"column “{name}” is {how} in the file")
        if len(set(layout.public)) != len(layout.public) or len(layout.public) > 8:
            raise WrongColumns("public-columns", "at most 8 columns are public, each once")
        if layout.id in {layout.pool, layout.weight}:
            raise WrongColumns("wrong-columns", "the id's column cannot be pool or weight as well")
        if layout.pool is None and len(rules.pools) > 1:
            raise WrongColumns("pool-column", "several pools need a column that names the pool")
        at = {name: place for place, name in enumerate(columns)}
        return cls(
            tuple(columns),
            layout,
            rules,
            at[layout.id],
            -1 if layout.pool is None else at[layout.pool],
            -1 if layout.weight is None else at[layout.weight],
            tuple(at[name] for name in layout.public),
        )

    def entry(self, row: int, cells: Sequence[str]) -> Entry | None:
        """The entry in a row of cells; None when all of them are empty.

        Raises:
            BadRow: with the first problem from left to right of id, pool, weight, public values.
        """
        if not any(trimmed(cell) for cell in cells):
            return None
        width = len(self.columns)
        if len(cells) < width or any(trimmed(cell) for cell in cells[width:]):
            text = f"the row has {len(cells)} cells, the table {width} columns"
            raise BadRow(Problem("cells", row, "", text))
        at = self.id
        try:
            canonical = canonical_id(cells[at], self.layout.id_kind)
            pool, weight = 0, 1
            if self.pool >= 0:
                at = self.pool
                pool = pool_value(cells[at], self.rules.pools)
            if self.weight >= 0:
                at = self.weight
                weight = weight_value(cells[at], self.rules.max_weight)
            values = []
            for at in self.public:
                values.append(public_value(cells[at]))
        except BadValue as error:
            raise BadRow(_problem(error, row, self.columns[at], cells[at])) from None
        fields = SEPARATOR.join([self.rules.pools[pool], str(weight), *values])
        if len(fields.encode()) > MAX_FIELDS:
            text = f"the public values are longer than {MAX_FIELDS} bytes together"
            raise BadRow(Problem("fields-long", row, "", text))
        return Entry(canonical, pool, weight, fields)


def _problem(error: BadValue, row: int, column: str, cell: str) -> Problem:
    # An id is nobody's business but its owner's, even in a list of problems.
    shown = "" if error.code.startswith("id-") else _printable(cell[:40])
    return Problem(error.code, row, column, str(error), shown)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
