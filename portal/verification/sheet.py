"""What an answer sheet is made of: sections of rows, each with its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from portal.settings import Settings
from timestamping.letter.words import Words


@dataclass(frozen=True, slots=True)
class Row:
    """One answer; ``value`` None where nothing is stated. ``source``: the setting, key or record it
    was taken from."""

    label: Words
    value: Words | None
    source: str

    def values(self) -> dict[str, Any]:
        return {"label": _both(self.label), "value": _both(self.value), "source": self.source}


@dataclass(frozen=True, slots=True)
class Section:
    """The answers to one of the questions a court asks."""

    code: str
    title: Words
    rows: tuple[Row, ...]

    def values(self) -> dict[str, Any]:
        rows = [each.values() for each in self.rows]
        return {"code": self.code, "title": _both(self.title), "rows": rows}


def said(zh: str, en: str = "") -> Words:
    """An answer; the same in both languages when it is a name or a figure."""
    return Words(zh, en or zh)


def stated(settings: Settings, label: Words, name: str, english: str = "") -> Row:
    """A setting that somebody set; a default is no statement of anybody's."""
    source = f"{name}, {english}".upper() if english else name.upper()
    values = [str(getattr(settings, each)) for each in (name, english or name)]
    given = [each in settings.model_fields_set for each in (name, english or name)]
    shown = [value for value, set_ in zip(values, given, strict=True) if set_ and value]
    if not shown:
        return Row(label, None, source)
    return Row(label, Words(shown[0], shown[-1]), source)


def _both(words: Words | None) -> dict[str, str] | None:
    return {"zh": words.zh, "en": words.en} if words is not None else None
