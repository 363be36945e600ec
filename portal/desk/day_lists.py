"""Lists of holidays as offices get them: CSV as spreadsheets write it, or JSON.

CSV: ``date, off|working, note``, a heading or none. JSON: a list of objects, or an object whose
``days`` is one; each names ``date``, and ``working`` or ``isOffDay`` (true or false), and ``note``
or ``name``. Nothing is taken of a list with a line that cannot be read.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from portal.problems import BadInput, PortalError
from portal.texts import line

MAX_BYTES: Final = 262_144
MAX_LINES: Final = 2_000
MAX_NOTE: Final = 100
FIRST, LAST = date(2000, 1, 1), date(2100, 12, 31)
_SHOWN: Final = 12
_OFF: Final = frozenset({"off", "holiday", "no", "false", "0", "休", "休息", "放假", "假", "否"})
_ON: Final = frozenset({"working", "work", "on", "yes", "true", "1", "班", "上班", "工作", "是"})
_HEADINGS: Final = frozenset({"date", "day", "日期", "天"})


@dataclass(frozen=True, slots=True)
class ListedDay:
    """One day of a list: whether the office works on it, and why."""

    day: date
    working: bool
    note: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a line (counted from 1; of JSON: with an element of the list)."""

    line: int
    error: PortalError


class DayListError(BadInput):
    """``faults`` are the first of them; ``message`` says how many there are."""

    def __init__(self, code: str, message: str, faults: tuple[Fault, ...]) -> None:
        super().__init__(code, message, field="list", count=len(faults))
        self.faults = faults[:_SHOWN]


def read_day_list(data: bytes) -> list[ListedDay]:
    """The days that ``data`` names, each once.

    Raises:
        DayListError: naming the lines that cannot be read.
        BadInput: it is no list at all, too long, or empty.
    """
    if len(data) > MAX_BYTES:
        message = "A list of days has at most %(limit)s bytes."
        raise BadInput("day_list_large", message, field="list", limit=MAX_BYTES)
    text = _decoded(data).strip()
    if not text:
        raise BadInput("day_list_empty", "The list holds no day.", field="list")
    elements = _json(text) if text[0] in "[{" else _csv(text)
    return _read(elements)


def _decoded(data: bytes) -> str:
    # Spreadsheet programs on Chinese desktops still write the national character set.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadInput("day_list_text", "The list is no text in UTF-8 or GB 18030.", field="list")


def _csv(text: str) -> Iterator[tuple[int, Any]]:
    reader = csv.reader(io.StringIO(text), skipinitialspace=True)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            heading = reader.line_num == 1 and cells and cells[0].lower() in _HEADINGS
            if any(cells) and not heading:
                yield reader.line_num, cells
    except csv.Error as error:
        raise BadInput("day_list_csv", "The list is no CSV.", field="list") from error


def _json(text: str) -> Iterator[tuple[int, Any]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput("day_list_json", "The list is no JSON.", field="list") from error
    if isinstance(found, dict):
        found = found.get("days")
    if not isinstance(found, list):
        message = "The JSON is no list of days, and has none named “days”."
        raise BadInput("day_list_json", message, field="list")
    yield from enumerate(found, start=1)


def _read(elements: Iterator[tuple[int, Any]]) -> list[ListedDay]:
    days: dict[date, ListedDay] = {}
    faults: list[Fault] = []
    for count, (number, element) in enumerate(elements, start=1):
        if count > MAX_LINES:
            message = "A list has at most %(limit)s days."
            raise BadInput("day_list_long", message, field="list", limit=MAX_LINES)
        try:
            read = _element(element)
            if days.setdefault(read.day, read) != read:
                message = "%(day)s stands in the list twice, with different words."
                raise BadInput("day_twice", message, day=read.day.isoformat())
        except PortalError as error:
            faults.append(Fault(number, error))
    if faults:
        message = "The list cannot be read in %(count)s places; nothing was changed."
        raise DayListError("day_list", message, tuple(faults))
    if not days:
        raise BadInput("day_list_empty", "The list holds no day.", field="list")
    return list(days.values())


def _element(element: Any) -> ListedDay:
    if isinstance(element, dict):
        working = element.get("working")
        if "isOffDay" in element and isinstance(element["isOffDay"], bool):
            working = not element["isOffDay"]
        note = element.get("note", element.get("name", ""))
        cells = [element.get("date", ""), working, note]
    else:
        cells = element
    if not isinstance(cells, list) or not 2 <= len(cells) <= 3:
        message = "Write a date, then off or working, then a note if you like."
        raise BadInput("day_line", message)
    note = cells[2] if len(cells) == 3 else ""
    return ListedDay(_day(cells[0]), _working(cells[1]), line("note", str(note or ""), MAX_NOTE))


def _day(cell: Any) -> date:
    try:
        # Spreadsheets like to write 2026/10/1.
        year, month, day = str(cell).replace("/", "-").split("-")
        found = date(int(year), int(month), int(day))
    except ValueError as error:
        message = "“%(text)s” is no date; write it like 2026-10-01."
        raise BadInput("day", message, text=str(cell)[:40]) from error
    return checked(found)


def checked(day: date) -> date:
    """``day``, when the calendar reaches so far. Raises BadInput."""
    if not FIRST <= day <= LAST:
        message = "The calendar reaches from %(first)s to %(last)s."
        values = {"first": FIRST.isoformat(), "last": LAST.isoformat()}
        raise BadInput("day_range", message, field="day", **values)
    return day


def _working(cell: Any) -> bool:
    if isinstance(cell, bool):
        return cell
    word = str(cell).strip().lower()
    if word in _ON or word in _OFF:
        return word in _ON
    message = "“%(text)s” is neither off nor working."
    raise BadInput("day_kind", message, text=word[:40])
