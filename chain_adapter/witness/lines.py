"""What is sent to a node and what comes back: c2sp.org/tlog-witness. Pure.

Nothing a node says is believed: a line counts when it is the one cosignature, by a listed node,
under the very text that was sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from chain_adapter._strict import base64, decimal
from chain_adapter.checkpoint import verify_cosignature
from chain_adapter.errors import InvalidProof
from chain_adapter.note import COSIGNATURE, Note, SignatureLine, VerifierKey

#: No answer is read further, bytes.
MAX_ANSWER: Final = 64 * 1024
SIZE_TYPE: Final = "text/x.tlog.size"


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A verified line: ``time`` is the one it states."""

    node: str
    line: SignatureLine
    time: datetime


@dataclass(frozen=True, slots=True)
class Dropped:
    """A line that does not count. ``code`` is "forged", "unknown" or "duplicate"."""

    code: str
    detail: str


def request_body(old: int, path: Iterable[bytes], note: str) -> bytes:
    """The body of add-checkpoint: the size the node knows, the consistency proof from there (32
    bytes each), and the checkpoint."""
    return "\n".join([f"old {old}", *map(base64, path), "", note]).encode()


def read_lines(body: bytes) -> tuple[SignatureLine, ...]:
    """The signature lines of an answer.

    Raises:
        InvalidProof: it is anything else.
    """
    try:
        # A note in all but its text; read by the same rules.
        return Note.parse("\n\n" + body.decode("utf-8")).signatures
    except UnicodeDecodeError as error:
        raise InvalidProof("the answer is not text") from error


def sort_lines(
    lines: Sequence[SignatureLine], text: str, keys: Sequence[VerifierKey]
) -> tuple[list[Cosigned], list[Dropped]]:
    """Part the good lines under ``text`` from the others."""
    good: dict[str, Cosigned] = {}
    bad: list[Dropped] = []
    known = {(key.name, key.key_id(COSIGNATURE)): key for key in keys}
    for line in lines:
        key = known.get((line.name, line.key_id))
        if key is None:
            bad.append(Dropped("unknown", f"a signature by {line.name[:80]}, who is not listed"))
        elif key.name in good:
            bad.append(Dropped("duplicate", f"a second signature by {key.name}"))
        else:
            try:
                time = verify_cosignature(key, text, line)
            except InvalidProof as error:
                bad.append(Dropped("forged", str(error)))
            else:
                good[key.name] = Cosigned(key.name, line, time)
    return list(good.values()), bad


def read_size(body: bytes) -> int:
    """The size a node says it has seen, from the answer to a wrong old size.

    Raises:
        InvalidProof: it is anything else.
    """
    try:
        return decimal(body.decode("ascii").removesuffix("\n"))
    except ValueError as error:
        raise InvalidProof("the node does not say which size it has seen") from error


def sentence_of(body: bytes) -> str:
    """What a node says in its own words, fit to be shown: one line, at most 200 characters."""
    text = body[:400].decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]
