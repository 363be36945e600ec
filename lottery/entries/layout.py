"""What lies in a list's folder. Numbers are little-endian; digests are 32 bytes.

::

    list.json          the list document of the record
    secret.json        keys of salts and lookups, the layout of the source (readable by its owner)
    leaves.bin         leaf hashes in canonical order: published
    levels.bin         hashes of the tree from height 8 up to the root, lowest first
    tags.bin           tags in canonical order
    fields.bin         published fields, one line an entry
    fields.idx         u64 offset of every 64th line of fields.bin
    rows.bin           u32 row of the source for each position; absent where row = position + 2
    lookup.offsets     u32 first entry of each bucket, and the end
    lookup.keys        u64 first 8 bytes of SHA-256(K_lookup ‖ lookup), by bucket
    lookup.positions   u32 position for each of them; NOBODY for entries left out as duplicates
"""

from __future__ import annotations

from typing import Final

LIST: Final = "list.json"
SECRET: Final = "secret.json"  # noqa: S105 - the name of a file
LEAVES: Final = "leaves.bin"
LEVELS: Final = "levels.bin"
TAGS: Final = "tags.bin"
FIELDS: Final = "fields.bin"
FIELDS_INDEX: Final = "fields.idx"
ROWS: Final = "rows.bin"
LOOKUP_OFFSETS: Final = "lookup.offsets"
LOOKUP_KEYS: Final = "lookup.keys"
LOOKUP_POSITIONS: Final = "lookup.positions"

#: Height of the lowest stored level of the tree; its nodes span 256 leaves.
HEIGHT: Final = 8
#: Lines of fields.bin between two offsets of fields.idx.
STRIDE: Final = 64
#: No position has this number: a tree has fewer than 2³² leaves.
NOBODY: Final = 0xFFFFFFFF
#: The line of column names is row 1.
FIRST_ROW: Final = 2
SEPARATOR: Final = "\x1f"


def level_sizes(count: int) -> list[int]:
    """Nodes of each stored level for ``count`` leaves, lowest first; the last one is the root."""
    sizes = [(count + (1 << HEIGHT) - 1) >> HEIGHT]
    while sizes[-1] > 1:
        sizes.append((sizes[-1] + 1) // 2)
    return sizes


def bucket_bits(count: int) -> int:
    """Leading bits that choose the bucket: 32 to 64 entries in each, on average."""
    return max(0, (count >> 5).bit_length() - 1)
