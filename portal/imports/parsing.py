"""From the bytes of a CSV file to rows: each is good, or says what is wrong with it.

Whatever the bytes are, :func:`parse` gives rows or raises BadInput or TooLarge, nothing else. A bad
row never holds up its neighbours.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from portal.cases.tags import read_tags, split
from portal.deposits.drafts import check_size
from portal.deposits.records import Metadata
from portal.imports.columns import Columns, columns
from portal.imports.decoding import Text, decode
from portal.problems import BadInput, PortalError, TooLarge

#: rows of one file, the heading not counted
MAX_ROWS: Final = 10_000
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_NUMBER: Final = re.compile(r"[0-9]{1,16}")
#: what a spreadsheet makes of a digest that looks like a number
_ROUNDED: Final = re.compile(r"[0-9.]+e\+?[0-9]+", re.IGNORECASE)
_GIVEN: Final = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One row. ``given`` is the digest as written; with a ``problem`` the other fields hold what
    could be read."""

    line: int
    given: str
    sha256: str = ""
    sm3: str = ""
    title: str = ""
    filename: str = ""
    note: str = ""
    size: int | None = None
    tags: tuple[str, ...] = ()
    problem: PortalError | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file that could be read. There is at least one row."""

    rows: tuple[Row, ...]
    encoding: str
    separator: str


def parse(data: bytes) -> Parsed:
    """Read a CSV file.

    Raises:
        BadInput: it is none that can be read, or there is nothing in it.
        TooLarge: too many bytes or too many rows.
    """
    text = decode(data)
    records = _records(text)
    first = next(records, None)
    if first is None:
        raise BadInput("csv_empty", "The file is empty.", field="file")
    places, is_heading = columns(first[1])
    rows: list[Row] = [] if is_heading else [_row(*first, places)]
    for line, cells in records:
        rows.append(_row(line, cells, places))
        if len(rows) > MAX_ROWS:
            message = "A file takes at most %(limit)s rows; split it."
            raise TooLarge("csv_rows", message, field="file", limit=MAX_ROWS)
    if not rows:
        raise BadInput("csv_heading_only", "There is a heading, but no row below it.", field="file")
    return Parsed(tuple(rows), text.encoding, text.separator)


def read_digest(text: str) -> str:
    """The 64 digits of a digest, as people and programs write it.

    Raises:
        BadInput: saying what is wrong with it.
    """
    plain = re.sub(r"[\s:]", "", text).lower()
    plain = plain.removeprefix("sha256").removeprefix("sha-256").removeprefix("sm3")
    if _HEX.fullmatch(plain):  # first: a good digest may look like a number, "…0e5"
        return plain
    if not plain:
        raise BadInput("digest_missing", "There is no digest in this row.", field="sha256")
    if _ROUNDED.fullmatch(plain):
        message = (
            "A spreadsheet has made a number of this digest and rounded it. Format the column as "
            "text and enter the digest again."
        )
        raise BadInput("digest_rounded", message, field="sha256")
    if not re.fullmatch(r"[0-9a-f]*", plain):
        message = "A digest consists of the characters 0–9 and a–f only."
        raise BadInput("digest_characters", message, field="sha256")
    message = "A digest has 64 characters; this one has %(length)s."
    raise BadInput("digest_length", message, field="sha256", length=len(plain))


def _records(text: Text) -> Iterator[tuple[int, list[str]]]:
    """Number of the line on which each row that is not empty begins, and its cells."""
    # Line ends only: str.splitlines would also cut at characters that may stand in a title.
    lines = text.content.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=text.separator)
    begins = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            message = "Line %(line)s cannot be read: a cell is too long or a quote is not closed."
            line = begins + text.skipped
            raise BadInput("csv_line", message, field="file", line=line) from error
        if any(cell.strip() for cell in cells):
            yield begins + text.skipped, cells
        begins = reader.line_num + 1


def _row(line: int, cells: Sequence[str], places: Columns) -> Row:
    found = {field: cells[at].strip() for field, at in places.items() if at < len(cells)}
    given = found.get("sha256", "")[:_GIVEN]
    try:
        return Row(line, given, **_good(found))  # type: ignore[arg-type]
    except PortalError as error:
        return Row(line, given, problem=error)


def _good(found: Mapping[str, str]) -> dict[str, object]:
    """The fields of a row that can be deposited. Raises BadInput for the first that cannot."""
    metadata = Metadata(
        title=" ".join(found.get("title", "").split()),
        note=found.get("note", ""),
        filename=found.get("filename", ""),
    )
    sm3 = found.get("sm3", "")
    return {
        "sha256": read_digest(found.get("sha256", "")),
        "sm3": read_digest(sm3) if sm3 else "",
        "title": metadata.title,
        "filename": metadata.filename,
        "note": metadata.note,
        "size": _size(found.get("size", "")),
        "tags": tuple(tag.shown for tag in read_tags(split(found.get("tags", "")))),
    }


def _size(text: str) -> int | None:
    plain = text.replace(",", "").replace(" ", "")
    if not plain:
        return None
    if not _NUMBER.fullmatch(plain):
        message = "A size is a whole number of bytes, at most 2^53 - 1."
        raise BadInput("size", message, field="size")
    check_size(int(plain))
    return int(plain)
