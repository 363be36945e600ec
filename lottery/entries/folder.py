"""A committed list, opened entry by entry. Reads what it needs and keeps nothing; no numba here."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lottery.entries import layout as names
from lottery.entries.errors import NoFolder
from lottery.entries.model import Identity, Layout, Opened


def lookup_of(draw_id: str, canonical_id: str) -> bytes:
    """What a browser computes from a typed number and sends instead of it."""
    return hashlib.sha256(b"lottery/lookup/v1\n" + (draw_id + canonical_id).encode()).digest()


@dataclass(frozen=True)
class ListFolder:
    """One committed list. ``document`` is the list document of the record."""

    path: Path
    document: dict[str, Any]
    draw_id: str
    layout: Layout
    _salt_key: bytes = field(repr=False)
    _lookup_key: bytes = field(repr=False)

    @classmethod
    def open(cls, path: Path) -> ListFolder:
        """The list in ``path``.

        Raises:
            NoFolder: there is none.
        """
        try:
            document = json.loads((path / names.LIST).read_bytes())
            secret = json.loads((path / names.SECRET).read_bytes())
            layout = Layout.of(secret["layout"])
            keys = bytes.fromhex(secret["salt"]), bytes.fromhex(secret["lookup"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NoFolder("no-list", f"there is no committed list in {path}") from error
        return cls(path, document, secret["draw"], layout, *keys)

    @property
    def count(self) -> int:
        return int(self.document["count"])

    @property
    def leaf_file(self) -> Path:
        """The leaf hashes in canonical order: what is published for whoever verifies."""
        return self.path / names.LEAVES

    def salt(self, position: int) -> bytes:
        """The 16 bytes that keep the fields of a leaf from being guessed."""
        message = position.to_bytes(8, "big")
        return hmac.digest(self._salt_key, message, "sha256")[:16]

    def find(self, lookup: bytes) -> int | None:
        """The position of the id that ``lookup`` was computed from."""
        entry = hashlib.sha256(self._lookup_key + lookup).digest()[:8]
        bits = names.bucket_bits((self.path / names.LOOKUP_KEYS).stat().st_size // 8)
        bucket = int.from_bytes(entry, "big") >> (64 - bits)
        bounds = self._numbers(names.LOOKUP_OFFSETS, bucket, 2, 4)
        keys = self._read(names.LOOKUP_KEYS, bounds[0] * 8, (bounds[1] - bounds[0]) * 8)
        wanted = entry[::-1]
        for at in range(0, len(keys), 8):
            if keys[at : at + 8] == wanted:
                found = self._numbers(names.LOOKUP_POSITIONS, bounds[0] + at // 8, 1, 4)[0]
                if found != names.NOBODY:
                    return found
        return None

    def entries(self, positions: Sequence[int]) -> tuple[Opened, ...]:
        """What the leaves of ``positions`` were hashed from, in the order asked for.

        Raises:
            IndexError: a position beyond the list.
        """
        return tuple(self._opened(position) for position in positions)

    def receipt(self, position: int) -> dict[str, Any]:
        """What a participant needs to check that they are in the list.

        Raises:
            IndexError: a position beyond the list.
        """
        opened = self._opened(position)
        return {
            "schema": "notary/draw-receipt/v1",
            "draw": self.draw_id,
            "position": position,
            "count": self.count,
            "list_root": self.document["list_root"],
            "salt": opened.salt.hex(),
            "tag": opened.tag.hex(),
            "fields": list(opened.fields),
            "path": [digest.hex() for digest in self._path(position)],
        }

    def identities(
        self, source: Path, positions: Sequence[int], layout: Layout | None = None
    ) -> tuple[Identity, ...]:
        """Who stands behind ``positions``, read from the file the list was made of.

        Raises:
            Unreadable: ``source`` is another file.
            IndexError: a position beyond the list.
        """
        from lottery.entries.identities import identities_of

        rows = {position: self._row(position) for position in positions}
        found = identities_of(source, layout or self.layout, rows, self.document["file_sha256"])
        return tuple(found[position] for position in positions)

    def _row(self, position: int) -> int:
        self._bounded(position)
        if not (self.path / names.ROWS).exists():
            return position + names.FIRST_ROW
        return self._numbers(names.ROWS, position, 1, 4)[0]

    def _opened(self, position: int) -> Opened:
        self._bounded(position)
        tag = self._read(names.TAGS, 32 * position, 32)
        fields = tuple(self._fields(position).split(names.SEPARATOR))
        return Opened(position, self.salt(position), tag, fields)

    def _fields(self, position: int) -> str:
        skipped = position % names.STRIDE
        start = self._numbers(names.FIELDS_INDEX, position // names.STRIDE, 1, 8)[0]
        with (self.path / names.FIELDS).open("rb") as file:
            file.seek(start)
            for _ in range(skipped):
                file.readline()
            return file.readline().rstrip(b"\n").decode()

    def _path(self, position: int) -> list[bytes]:
        """PATH(position, D[count]) of RFC 6962 §2.1.1, the leaf's sibling first."""
        span = 1 << names.HEIGHT
        first = position // span * span
        row = self._digests(names.LEAVES, first, min(span, self.count - first))
        path, index = [], position - first
        for _ in range(names.HEIGHT):
            if index ^ 1 < len(row):
                path.append(row[index ^ 1])
            row = _above(row)
            index //= 2
        index, start = position // span, 0
        for size in names.level_sizes(self.count):
            if index ^ 1 < size:
                path.append(self._read(names.LEVELS, 32 * (start + (index ^ 1)), 32))
            start += size
            index //= 2
        return path

    def _bounded(self, position: int) -> None:
        if not 0 <= position < self.count:
            raise IndexError(f"the list has no position {position}")

    def _digests(self, name: str, first: int, count: int) -> list[bytes]:
        data = self._read(name, 32 * first, 32 * count)
        return [data[at : at + 32] for at in range(0, len(data), 32)]

    def _numbers(self, name: str, first: int, count: int, width: int) -> list[int]:
        data = self._read(name, first * width, count * width)
        return [
            int.from_bytes(data[at : at + width], "little") for at in range(0, len(data), width)
        ]

    def _read(self, name: str, offset: int, length: int) -> bytes:
        with (self.path / name).open("rb", buffering=0) as file:
            data = os.pread(file.fileno(), length, offset)
        if len(data) != length:
            raise NoFolder("damaged-list", f"{self.path / name} is too short")
        return data


def _above(row: list[bytes]) -> list[bytes]:
    pairs = [
        hashlib.sha256(b"\x01" + row[at] + row[at + 1]).digest() for at in range(0, len(row) - 1, 2)
    ]
    return pairs + row[len(row) & ~1 :]
