"""Entries by the thousand, as the compiled functions take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lottery.entries.rows import Entry
from lottery.entries.simd import PAD

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Chunk:
    """Entries in the order of the file.

    ``data`` holds id and fields, one entry after the other, and PAD bytes.
    ``classes`` are pool · (greatest weight + 1) + weight, ``rows`` the rows of the file.
    """

    data: Bytes
    id_sizes: NDArray[np.uint16]
    field_sizes: NDArray[np.uint16]
    classes: NDArray[np.int32]
    rows: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.classes)

    @classmethod
    def of(cls, entries: Sequence[Entry], rows: Sequence[int], greatest: int) -> Chunk:
        """The same from entries that were read the long way."""
        ids = [entry.id.encode() for entry in entries]
        fields = [entry.fields.encode() for entry in entries]
        pairs = zip(ids, fields, strict=True)
        return cls(
            np.frombuffer(b"".join(part for pair in pairs for part in pair) + bytes(PAD), np.uint8),
            np.array([len(one) for one in ids], np.uint16),
            np.array([len(one) for one in fields], np.uint16),
            np.array([class_of(entry, greatest) for entry in entries], np.int32),
            np.array(rows, np.uint32),
        )


def class_of(entry: Entry, greatest: int) -> int:
    """Classes stand in the canonical order one after the other, by their number."""
    return entry.pool * (greatest + 1) + entry.weight
