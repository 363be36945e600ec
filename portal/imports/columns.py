"""Which column holds what: by the names in the heading, in Chinese or English."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from portal.problems import BadInput

#: field → the names it goes by, without spaces and dashes
NAMES: Final = {
    "sha256": "sha256 digest hash sha256digest 摘要 摘要值 文件摘要 sha256摘要 "
    "哈希 哈希值 文件哈希 sha256哈希 sha256哈希值 散列 散列值",
    "sm3": "sm3 sm3digest sm3摘要 sm3哈希 sm3哈希值 国密摘要",
    "title": "title 标题 名称 题名",
    "filename": "filename file name 文件名 文件名称 文件",
    "size": "size bytes sizeinbytes 大小 文件大小 字节 字节数",
    "note": "note notes remark 备注 说明",
    "tags": "tag tags 标签",
}
_FIELD_OF: Final = {name: field for field, names in NAMES.items() for name in names.split()}
#: so many hexadecimal digits in a row are a digest, not a heading
_DIGITS: Final = re.compile(r"[0-9a-fA-F]{16}")
Columns = dict[str, int]


def columns(first: Sequence[str]) -> tuple[Columns, bool]:
    """Field → place, and whether ``first`` is a heading. Without one the first column holds the
    digests and nothing else is read.

    Raises:
        BadInput: a heading without a digest, or with a field twice.
    """
    places: Columns = {}
    for place, cell in enumerate(first):
        field = _FIELD_OF.get(_plain(cell))
        if field is None:
            continue
        if field in places:
            message = "The column “%(name)s” stands twice in the heading."
            raise BadInput("csv_column_twice", message, field="file", name=cell.strip()[:40])
        places[field] = place
    if "sha256" in places:
        return places, True
    if places:
        message = "The heading has no column named sha256 (or 摘要)."
        raise BadInput("csv_no_digest", message, field="file")
    is_heading = bool(first) and not _DIGITS.search(_plain(first[0]))
    return {"sha256": 0}, is_heading


def _plain(name: str) -> str:
    """Full-width, capitals, spaces and dashes make no difference."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"[\s_\-()（）]", "", folded)
