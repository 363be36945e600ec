"""Text of strangers, made safe to show without losing anything.

A file name may hold anything. What a letter cannot show faithfully is shown *escaped*, as the
character's code point in a little frame (``U+1F600``), so that a deposit is never refused for its
name and no two different names look alike:

* characters without a glyph in the letter's fonts (emoji, scripts other than Latin, Greek,
  Cyrillic and CJK);
* control and format characters, among them all direction marks and zero-width characters;
* letters of right-to-left scripts, which would reorder the text around them;
* spaces other than U+0020 and the ideographic space, and line ends.

The exact name travels, unescaped, in the metadata attached to the letter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final, Literal

from timestamping.pdf.fonts import Coverage, coverage

#: One run: ``t`` is text to set as it is, ``b`` the same but not to be broken inside, ``u`` an
#: escaped character's name.
Run = dict[Literal["t", "b", "u"], str]

_PLAIN_SPACES: Final = frozenset(" \u3000")
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI"})
#: A stretch without a place to break a line; CJK text breaks anywhere by itself.
_UNBROKEN: Final = re.compile(r"[^\s\u2e80-\uffff\U00020000-\U0003ffff]{17,}")
_PIECE: Final = 8


def shown(character: str, covered: Coverage) -> bool:
    """Whether a letter may show ``character`` as it is."""
    category = unicodedata.category(character)
    if category in _HIDDEN or (category == "Zs" and character not in _PLAIN_SPACES):
        return False
    if unicodedata.bidirectional(character) in _RIGHT_TO_LEFT:
        return False
    return character in covered


def runs(text: str) -> list[Run]:
    """Split ``text`` into shown and escaped runs; a line may break between any two runs."""
    covered = coverage()
    result: list[Run] = []
    plain = ""
    for character in text:
        if shown(character, covered):
            plain += character
            continue
        result.extend(pieces(plain))
        plain = ""
        result.append({"u": f"U+{ord(character):04X}"})
    result.extend(pieces(plain))
    return result


def escaped(text: str) -> str:
    """``text`` on one line for places without frames (a PDF title, a terminal)."""
    covered = coverage()
    return "".join(
        character if shown(character, covered) else f"⟨U+{ord(character):04X}⟩"
        for character in text
    )


def pieces(text: str) -> Iterator[Run]:
    """Cut stretches too long for a line into pieces between which a line may break.

    The pieces join to ``text`` again: no character is added, not even a zero-width space.
    """
    at = 0
    for stretch in _UNBROKEN.finditer(text):
        if stretch.start() > at:
            yield {"t": text[at : stretch.start()]}
        at = max(at, stretch.start())
        while at < stretch.end():
            cut = min(at + _PIECE, stretch.end())
            while cut < len(text) and unicodedata.combining(text[cut]):
                cut += 1
            yield {"b": text[at:cut]}
            at = cut
    if at < len(text):
        yield {"t": text[at:]}
