"""One node, and how a checkpoint is brought to it.

A node is told the size it knows and the proof from there. When it knows another size it says so,
and is told again; one that keeps changing its word is left alone. All that goes wrong with a node
ends here, as a report.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from chain_adapter.checkpoint import SignedCheckpoint
from chain_adapter.errors import LedgerError
from chain_adapter.node.fetch import Answer, TooMuch, Unreachable, Web
from chain_adapter.note import Note, SignatureLine, VerifierKey
from chain_adapter.witness.lines import (
    MAX_ANSWER,
    Cosigned,
    read_lines,
    read_size,
    request_body,
    sentence_of,
    sort_lines,
)
from chain_adapter.witness.policy import PolicyNode

RELAY: Final = "Notary-Relay"
BLOCK: Final = "notary-block"
#: Back and forth with one node about its size.
_TRIES: Final = 3
#: Trouble that is not a node's word on us: told where the node is shown, and not written down.
UNREACHABLE: Final = "unreachable"


class Log(Protocol):
    """What nodes are told of the log."""

    def head(self) -> SignedCheckpoint: ...

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]: ...


@dataclass(frozen=True, slots=True)
class Errand:
    """A checkpoint to be cosigned, and the lines that have been collected under it. ``need`` is
    for relaying: the cosignatures wanted in all, and 0 when the node shall not hand on."""

    target: SignedCheckpoint
    lines: tuple[SignatureLine, ...] = ()
    need: int = 0

    @property
    def note(self) -> str:
        if not self.lines:
            return self.target.note
        note = Note.parse(self.target.note)
        return replace(note, signatures=(*note.signatures, *self.lines)).encode()


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of an errand: verified lines (of other nodes too, when it was handed on), and what
    the node calls its own record of it."""

    lines: tuple[Cosigned, ...] = ()
    block: str = ""


class Link:
    """``report`` is called with node, code and detail; ``seen`` is the size of the largest tree
    the node has cosigned, as far as is known."""

    def __init__(
        self,
        node: PolicyNode,
        keys: Sequence[VerifierKey],
        log: Log,
        web: Callable[[], Web],
        report: Callable[[str, str, str], None],
        seen: int,
    ) -> None:
        self.node: Final = node
        #: Why the node gave no line the last time; empty when it gave one.
        self.trouble = ""
        self._keys, self._log, self._web, self._report = keys, log, web, report
        self._seen, self._proven, self._newest = seen, seen, seen
        self._busy = threading.Lock()

    def bring(self, errand: Errand, seconds: float) -> Brought:
        """Bring the checkpoint; never raises for what the node or the network does. One errand at a
        time: others wait for it, within their ``seconds``, and only the newest of them goes."""
        end, size = time.monotonic() + seconds, errand.target.checkpoint.size
        self._newest = max(self._newest, size)
        if not self._busy.acquire(timeout=max(0.0, seconds)):
            return Brought()
        try:
            return self._bring(errand, end) if size >= self._newest else Brought()
        except (Unreachable, TooMuch) as error:
            code = UNREACHABLE if isinstance(error, Unreachable) else "too_long"
            return self._failed(code, str(error))
        except LedgerError as error:
            return self._failed("malformed", str(error))
        finally:
            self._busy.release()

    def _bring(self, errand: Errand, end: float) -> Brought:
        size = errand.target.checkpoint.size
        for _ in range(_TRIES):
            old = self._seen
            if old > size:
                return self._is_ahead(old)
            answer = self._post(errand, old, end)
            if answer.status == 200:
                return self._taken(errand, answer)
            told = self._told(answer, old)
            if told is None:
                return self._failed(*_refusal(answer))
            self._seen = told
        return self._failed("equivocates", "names another size each time it is asked")

    def _post(self, errand: Errand, old: int, end: float) -> Answer:
        size = errand.target.checkpoint.size
        path = self._log.consistency(old, size) if 0 < old < size else ()
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        left = end - time.monotonic()
        if left <= 0:
            raise Unreachable(f"{self.node.url} did not answer in time")
        if errand.need:
            until = int((time.time() + left) * 1000)
            headers[RELAY] = f"need={errand.need}; until={until}"
        body = request_body(old, path, errand.note)
        url = f"{self.node.url}/add-checkpoint"
        return self._web().post(url, body, headers, seconds=left, limit=MAX_ANSWER)

    def _told(self, answer: Answer, old: int) -> int | None:
        """The size a node names instead of ``old``; None when that is not what it says."""
        if answer.status != 409:
            return None
        told = read_size(answer.body)
        if told == old:
            return None  # it knows that size, and refuses for another reason
        if told < self._proven:
            detail = f"says that it has seen {told} entries only, and has cosigned {self._proven}"
            self._report(self.node.name, "rollback", detail)
        return told

    def _is_ahead(self, old: int) -> Brought:
        """The node names a larger tree than the one brought. Another process may have brought it;
        but there is none larger than the log's newest."""
        size = self._log.head().checkpoint.size
        if old <= size:
            return Brought()
        self._seen = self._proven
        return self._failed("ahead", f"says that it has seen {old} entries; there are {size}")

    def _taken(self, errand: Errand, answer: Answer) -> Brought:
        """Part what counts from what does not, in an answer that says yes."""
        text = Note.parse(errand.target.note).text
        good, bad = sort_lines(read_lines(answer.body), text, self._keys)
        for dropped in bad:
            self._report(self.node.name, dropped.code, dropped.detail)
        if not any(each.node == self.node.name for each in good):
            self._failed("unsigned", "answers without a cosignature of its own that fits")
            return Brought(tuple(good))
        self._seen = self._proven = errand.target.checkpoint.size
        self.trouble = ""
        return Brought(tuple(good), _block(answer))

    def _failed(self, code: str, detail: str) -> Brought:
        self.trouble = detail
        if code != UNREACHABLE:
            self._report(self.node.name, code, detail)
        return Brought()


def _refusal(answer: Answer) -> tuple[str, str]:
    """Code and sentence of an answer that is neither yes nor another size."""
    word = sentence_of(answer.headers.get("notary-refusal", "").encode())[:40]
    sentence = sentence_of(answer.body)
    if answer.status == 503:
        return UNREACHABLE, f"cannot now: {sentence or 503}"
    detail = ": ".join(each for each in (f"answers {answer.status}", word, sentence) if each)
    return "refused", detail


def _block(answer: Answer) -> str:
    """``<seq> <sha256 hex>``, when it looks like it."""
    seq, _, digest = answer.headers.get(BLOCK, "").partition(" ")
    good = seq.isascii() and seq.isdigit() and len(seq) < 20 and len(digest) == 64
    return f"{seq} {digest}" if good and set(digest) <= set("0123456789abcdef") else ""
