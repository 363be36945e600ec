"""One after another: having cosigned, a node hands the checkpoint on to the next.

``Notary-Relay: need=<n>; until=<unix milliseconds>`` asks for it: until ``n`` cosignatures are
together or the time is over. Each node hands on what it has, with the proof that the next one needs
computed from its own copy; one that does not answer is passed over. Lines of other nodes are handed
back as they came: whoever asked knows the keys, and believes none but those.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from chain_adapter._strict import decimal
from chain_adapter.errors import InvalidProof
from chain_adapter.node.fetch import Answer, TooMuch, Unreachable, Web
from chain_adapter.node.routes import Rejection
from chain_adapter.node.submission import Submission
from chain_adapter.note import COSIGNATURE, Note, SignatureLine, VerifierKey

HEADER: Final = "Notary-Relay"
_HEADER: Final = re.compile(r"need=([1-9][0-9]?); ?until=([1-9][0-9]{12,13})", re.ASCII)
#: No relay goes on for longer, seconds.
_LONGEST: Final = 60.0
_ANSWER: Final = 64 * 1024
_MOST_LINES: Final = 64
#: Back and forth with one node about its size.
_TRIES: Final = 3

ProofFrom = Callable[[int, int], tuple[bytes, ...] | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """How many cosignatures in all, and until when (Unix time, seconds)."""

    need: int
    until: float

    @classmethod
    def read(cls, header: str) -> Asked:
        """Raises Rejection: 400."""
        match = _HEADER.fullmatch(header.strip())
        if match is None:
            raise Rejection(400, "relay", f"{HEADER} is `need=<n>; until=<unix milliseconds>`")
        until = min(int(match[2]) / 1000, time.time() + _LONGEST)
        return cls(int(match[1]), until)

    def __str__(self) -> str:
        return f"need={self.need}; until={int(self.until * 1000)}"


class Relay:
    """Hands on to the nodes at ``nexts``, in order; for any number of threads."""

    def __init__(self, nexts: tuple[str, ...], own: VerifierKey, web: Web) -> None:
        self._nexts, self._own, self._web = nexts, own, web
        self._sizes: dict[tuple[str, str], int] = {}

    def collect(
        self, submission: Submission, own: SignatureLine, log: str, proof: ProofFrom, asked: Asked
    ) -> list[SignatureLine]:
        """This node's line and those of the nodes after it, as many as were wanted."""
        lines = [own]
        known = _cosigners(submission.note, log)
        if (self._own.name, self._own.key_id(COSIGNATURE)) in known:
            return lines  # it has been here already
        for index, url in enumerate(self._nexts):
            left = asked.until - time.time()
            together = known | {(each.name, each.key_id) for each in lines}
            if len(together) >= asked.need or left <= 0.01:
                break
            # One who hangs must leave time for those after it.
            share = left if index + 1 == len(self._nexts) else left / 2
            note = replace(submission.note, signatures=_merged(submission.note, lines))
            handed = replace(submission, note=note)
            for line in self._hand(url, handed, proof, replace(asked, until=time.time() + share)):
                if (line.name, line.key_id) not in together and len(lines) < _MOST_LINES:
                    lines.append(line)
                    together.add((line.name, line.key_id))
        return lines

    def _hand(
        self, url: str, submission: Submission, proof: ProofFrom, asked: Asked
    ) -> tuple[SignatureLine, ...]:
        """The lines that the node at ``url`` gives; none when it gives none in time."""
        checkpoint = submission.checkpoint
        place = (url, checkpoint.origin)
        old, path = submission.old, submission.proof
        for attempt in range(_TRIES):
            known = self._sizes.get(place, old)
            if known > checkpoint.size:
                return ()
            if known != old or attempt:
                found = proof(known, checkpoint.size)
                if found is None:
                    return ()
                old, path = known, found
            answer = self._post(url, replace(submission, old=old, proof=path), asked)
            if answer is None:
                return ()
            if answer.status == 200:
                self._sizes[place] = checkpoint.size
                return _lines(answer.body)
            if answer.status != 409:
                return ()
            try:
                self._sizes[place] = decimal(answer.body.decode("ascii", "replace").strip())
            except ValueError:
                return ()
        return ()

    def _post(self, url: str, submission: Submission, asked: Asked) -> Answer | None:
        left = asked.until - time.time()
        if left <= 0:
            return None
        headers = {HEADER: str(asked), "Content-Type": "text/plain; charset=utf-8"}
        try:
            return self._web.post(
                f"{url}/add-checkpoint", submission.encode(), headers, seconds=left, limit=_ANSWER
            )
        except (Unreachable, TooMuch):
            return None


def _cosigners(note: Note, log: str) -> set[tuple[str, bytes]]:
    """Who else than the log itself has put a line under the note."""
    return {(each.name, each.key_id) for each in note.signatures if each.name != log}


def _merged(note: Note, lines: list[SignatureLine]) -> tuple[SignatureLine, ...]:
    return tuple(dict.fromkeys((*note.signatures, *lines)))[:_MOST_LINES]


def _lines(body: bytes) -> tuple[SignatureLine, ...]:
    try:
        return Note.parse("relay\n\n" + body.decode("utf-8")).signatures
    except (InvalidProof, UnicodeDecodeError):
        return ()
