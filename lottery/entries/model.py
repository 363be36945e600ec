"""The values that go in and come out: what a list is made of, and what was found in it.

Rows are counted as a spreadsheet does: the line of column names is row 1, the first entry row 2.
Positions are places in the canonical order, from 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

IdKind = Literal["text", "prc-id"]
Policy = Literal["refuse", "first"]
#: (done, total, stage): bytes or entries of a stage that has a name.
Progress = Callable[[int, int, str], None]

#: How many problems and duplicates a survey names; all are counted.
NAMED: Final = 200
MAX_POOLS: Final = 64
MAX_WEIGHT: Final = 10_000


@dataclass(frozen=True)
class Layout:
    """Which column of the file is what.

    ``public`` names the columns that are published, in leaf order. Without ``pool`` all entries
    belong to the first pool, without ``weight`` all weigh 1.
    """

    id: str
    public: tuple[str, ...] = ()
    pool: str | None = None
    weight: str | None = None
    id_kind: IdKind = "text"

    def document(self) -> dict[str, Any]:
        return asdict(self) | {"public": list(self.public)}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Layout:
        """The layout :meth:`document` wrote."""
        return cls(**{**document, "public": tuple(document.get("public", ()))})


@dataclass(frozen=True)
class Rules:
    """What the draw's configuration asks of a list."""

    pools: tuple[str, ...]
    max_weight: int = 1
    max_rows: int = 50_000_000
    duplicates: Policy = "refuse"

    def __post_init__(self) -> None:
        if not 1 <= len(self.pools) <= MAX_POOLS or not 1 <= self.max_weight <= MAX_WEIGHT:
            raise ValueError("1 to 64 pools, and weights of at most 1 to 10,000")

    def document(self) -> dict[str, Any]:
        return asdict(self) | {"pools": list(self.pools)}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Rules:
        """The rules :meth:`document` wrote."""
        return cls(**{**document, "pools": tuple(document["pools"])})


@dataclass(frozen=True)
class Problem:
    """Why a row cannot be an entry. ``code`` is stable; ``value`` is what stands there, shortened.

    ``column`` is empty when the whole row is meant.
    """

    code: str
    row: int
    column: str
    text: str
    value: str = ""

    @property
    def sentence(self) -> str:
        """Row, column and reason in one English sentence."""
        place = f"Row {self.row}" + (f", column “{self.column}”" if self.column else "")
        return f"{place}: {self.text}"


@dataclass(frozen=True)
class Duplicate:
    """The id of ``row`` has stood in ``first_row`` already; ``id`` is masked."""

    row: int
    first_row: int
    id: str


@dataclass(frozen=True)
class PoolCount:
    """Entries of one pool. ``weights``: (weight, entries of that weight), ascending."""

    id: str
    entries: int
    tickets: int
    weights: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Survey:
    """What a file holds, before anything is committed to.

    ``rows`` are those that could be read as entries or have a problem; duplicates are among them.
    ``problems`` and ``duplicates`` name the first few, their counts count all. ``per_pool`` is what
    a commitment would hold: under the policy "first" without later duplicates.
    """

    encoding: str
    columns: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    rows: int
    problems: tuple[Problem, ...]
    problem_count: int
    problem_counts: Mapping[str, int]
    duplicates: tuple[Duplicate, ...]
    duplicate_count: int
    per_pool: tuple[PoolCount, ...]
    guess: Layout | None
    file_bytes: int
    file_sha256: str

    def document(self) -> dict[str, Any]:
        """As JSON; :meth:`of` reads it again."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Survey:
        """The survey :meth:`document` wrote, from before or after JSON."""
        value = dict(document)
        return cls(
            **value
            | {
                "columns": tuple(value["columns"]),
                "sample": tuple(tuple(row) for row in value["sample"]),
                "problems": tuple(Problem(**one) for one in value["problems"]),
                "duplicates": tuple(Duplicate(**one) for one in value["duplicates"]),
                "per_pool": tuple(_pool_count(one) for one in value["per_pool"]),
                "guess": None if value["guess"] is None else Layout.of(value["guess"]),
            }
        )


def _pool_count(document: Mapping[str, Any]) -> PoolCount:
    weights = tuple((int(weight), int(count)) for weight, count in document["weights"])
    return PoolCount(**{**document, "weights": weights})


@dataclass(frozen=True)
class ListKeys:
    """32 bytes each; tags need the first two, which are kept apart from each other."""

    organiser: bytes = field(repr=False)
    notary: bytes = field(repr=False)
    salt: bytes = field(repr=False)
    lookup: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if any(len(key) != 32 for key in (self.organiser, self.notary, self.salt, self.lookup)):
            raise ValueError("a list's keys have 32 bytes each")


@dataclass(frozen=True)
class Opened:
    """What a leaf was hashed from; ``fields`` are pool, weight and the public values."""

    position: int
    salt: bytes
    tag: bytes
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Identity:
    """Who stands behind a position, read from the organiser's file. For the notary's eyes only.

    ``id`` is the canonical one, ``cells`` the row as it stands in the file.
    """

    position: int
    row: int
    id: str
    cells: tuple[str, ...]
