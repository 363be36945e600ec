"""From an uploaded file's bytes to text: which encoding, which separator."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from portal.problems import BadInput, TooLarge

#: bytes of one file
MAX_BYTES: Final = 4 * 1024 * 1024
SEPARATORS: Final = (",", ";", "\t")
#: A mark at the beginning says the encoding; four bytes before two, which they begin with.
_MARKS: Final = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
#: Excel's own way of naming the separator, in a line before the heading.
_NAMED: Final = re.compile(r'"?sep=([,;\t])"?\r?\n', re.IGNORECASE)
_QUOTED: Final = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Text:
    """A decoded file. ``skipped`` lines stood before the content."""

    content: str
    encoding: str
    separator: str
    skipped: int = 0


def decode(data: bytes) -> Text:
    """The text of a CSV file in UTF-8, UTF-16 with its mark, or GB 18030 (GBK and GB 2312 are
    parts of it).

    Raises:
        BadInput: empty, or none of these.
        TooLarge: more than :data:`MAX_BYTES`.
    """
    if len(data) > MAX_BYTES:
        message = "The file is larger than the limit of %(limit)s bytes."
        raise TooLarge("file_too_large", message, field="file", limit=MAX_BYTES)
    content, encoding = _decoded(data)
    if not content.strip():
        raise BadInput("csv_empty", "The file is empty.", field="file")
    if "\x00" in content:
        message = "This is not a text file: it holds NUL characters. Save it as CSV in UTF-8."
        raise BadInput("csv_nul", message, field="file")
    named = _NAMED.match(content)
    if named:
        return Text(content[named.end() :], encoding, named[1], 1)
    return Text(content, encoding, _separator(content))


def _decoded(data: bytes) -> tuple[str, str]:
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), "")
    for encoding in (marked,) if marked else ("utf-8", "gb18030"):
        try:
            return data.decode(encoding), encoding.removesuffix("-sig")
        except UnicodeDecodeError:
            continue
    message = "The file is neither UTF-8 nor GBK (GB 18030) nor UTF-16. Save it as CSV in UTF-8."
    raise BadInput("csv_encoding", message, field="file")


def _separator(content: str) -> str:
    """The separator that stands most often in the first line, outside quotes."""
    first = _QUOTED.sub("", content.lstrip("\r\n").partition("\n")[0])
    return max(SEPARATORS, key=first.count)
