"""From text to what is looked up, the same way for documents and for questions.

Scripts written without spaces (Chinese, Japanese, Korean, Thai …) give overlapping pairs, and the
last character by itself: 合同书 → 合同 同书 书. So any two adjacent characters are found as a pair,
longer pieces as a row of pairs, and one character as the beginning of a pair. Everything else gives
whole words, found by their beginnings. Case, width and compatibility forms do not count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

#: Longer words are cut: a SHA-256 in hexadecimal still stands whole.
LONGEST: Final = 64
#: A question's further words are not looked at; nobody types so many.
MOST_TERMS: Final = 16
_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u318f"
    "\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_RUN: Final = re.compile(f"([{_UNSPACED}]+)|([^\\W_{_UNSPACED}]+)")


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand directly one after the other; ``prefix``: the last may go on."""

    words: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """All of ``facets``, and all terms of at least one of ``either`` (when there is any)."""

    facets: tuple[str, ...] = ()
    either: tuple[tuple[Term, ...], ...] = ()


def words(*fields: str) -> list[str]:
    """The words of a document, in order."""
    found: list[str] = []
    for field in fields:
        for run, unspaced in _runs(field):
            if unspaced:
                found += [run[at : at + 2] for at in range(len(run))]
            else:
                found.append(run[:LONGEST])
    return found


def terms(text: str) -> tuple[Term, ...]:
    """What a question asks for; empty when it holds neither letter nor digit."""
    found: dict[Term, None] = {}
    for run, unspaced in _runs(text):
        if unspaced and len(run) > 1:
            found[Term(tuple(run[at : at + 2] for at in range(len(run) - 1)))] = None
        else:
            found[Term((run[:LONGEST],), prefix=unspaced or len(run) > 1)] = None
    return tuple(found)[:MOST_TERMS]


def haystack(tokens: Iterable[str]) -> str:
    """A document as one line in which :func:`matches` looks."""
    return f" {' '.join(tokens)} "


def matches(query: Query, line: str) -> bool:
    """Whether a document answers a question: by definition, and for what is not indexed yet."""
    if not all(f" {facet} " in line for facet in query.facets):
        return False
    return not query.either or any(
        all(_needle(term) in line for term in each) for each in query.either
    )


def _needle(term: Term) -> str:
    return f" {' '.join(term.words)}" + ("" if term.prefix else " ")


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """Pieces of one kind of script each, and whether it is one without spaces."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    for match in _RUN.finditer(folded):
        yield match[0], match[1] is not None
