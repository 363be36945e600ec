"""What a volume's PDF shows: sections of facts, tables and notes, in the order of the file.

Everything is text that people typed or that programs made of rows; nothing of it is judged here,
and characters that cannot be printed are shown by their names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from timestamping.letter.words import Words


@dataclass(frozen=True, slots=True)
class Facts:
    """Labels and values; empty values are left out. Values may have several lines."""

    rows: tuple[tuple[Words, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """``shares`` are the widths of the columns, relative to each other; of columns named in
    ``mono`` (by place) the text is set in digits' type."""

    columns: tuple[Words, ...]
    shares: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...]
    mono: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Note:
    """A remark between the others."""

    text: Words


Block = Facts | Table | Note


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered part of the volume."""

    title: Words
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class VolumeData:
    """A volume's PDF. ``custody`` is the extract of the custody log that is attached to it;
    ``certificates`` are the numbers on its cover; ``closed_at`` is aware."""

    matter: str
    title: Words
    office: Words
    closed_at: datetime
    certificates: tuple[str, ...]
    sections: tuple[Section, ...]
    custody: bytes
    zone: str = "Asia/Shanghai"
