"""Collecting cosignatures of the log's newest checkpoint, until there are enough or time is up.

One collection at a time: callers who come meanwhile wait for it, and a lock file keeps other
processes of this machine from asking for another tree at the same time. The recovery path is the
normal path: nothing here remembers what is to be done. Whoever asks next for a record that is not
final collects again, under a checkpoint that may have grown.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from chain_adapter.checkpoint import SignedCheckpoint
from chain_adapter.errors import InvalidProof, LedgerError
from chain_adapter.node.fetch import Web
from chain_adapter.note import Note
from chain_adapter.witness.alone import alone
from chain_adapter.witness.lines import Cosigned, sort_lines
from chain_adapter.witness.link import Errand, Link, Log
from chain_adapter.witness.policy import Policy
from chain_adapter.witness.sidecar import Sidecar

#: After a collection that failed, none of the same tree is begun for so long, seconds, unless an
#: append asks: many records that wait must not each ask every node.
_REST: Final = 0.5
#: A node that still works on a checkpoint is listened to for longer than appends wait, seconds.
_LONGEST: Final = 15.0


class _Round:
    """One collection: who has answered, and what. Lines may come after it has ended."""

    def __init__(self, target: SignedCheckpoint, lines: Sequence[Cosigned], nodes: int) -> None:
        self.target: Final = target
        self.size: Final = target.checkpoint.size
        self.changed = threading.Condition()
        self.lines = {each.node: each for each in lines}
        self.open = nodes - len(self.lines)
        self.finished = False


class Collector:
    """For any number of threads; any number of processes share ``lock``'s folder."""

    def __init__(self, log: Log, policy: Policy, sidecar: Sidecar, lock: Path) -> None:
        self._log, self._policy, self._sidecar, self._lock = log, policy, sidecar, lock
        self._keys = tuple(node.key for node in policy.nodes)
        self._need: Final = policy.quorum.need
        self._turn = threading.Condition()
        self._running = False
        self._ended = (0, 0)  # how many collections have ended, and the size of the last one
        self._failed = (0, 0.0)  # the size of the last one that failed, and when
        self._process = 0
        self._web = Web()
        self._links: dict[str, Link] = {}
        self._closed = False

    def cover(self, position: int, seconds: float, *, rest: bool = False) -> str | None:
        """The first note that covers ``position`` and that enough nodes cosigned, collected within
        ``seconds`` when there is none yet. None: not so far. ``rest``: do not ask the nodes again
        when they were asked just now."""
        end = time.monotonic() + seconds
        while not self._closed:
            found = self._sidecar.final(position)
            if found is not None or (rest and self._resting(position)):
                return found
            ended = self._lead(position, end)
            if ended is None or ended > position:
                return self._sidecar.final(position)
        return None

    def spread(self, seconds: float) -> tuple[str, ...]:
        """Bring the newest checkpoint to the nodes that have not cosigned it, though enough others
        may have; the names of those who still have not."""
        target = self._log.head()
        size = target.checkpoint.size
        if not size:
            return ()
        self.cover(size - 1, seconds)
        # Enough have cosigned this tree or will not now: no other process asks for another because
        # of it, so none has to be kept out.
        self._ask(target, time.monotonic() + seconds, len(self._policy.nodes))
        there = {each.node for each in self._sidecar.newest_lines() if each.size >= size}
        return tuple(node.name for node in self._policy.nodes if node.name not in there)

    def trouble(self) -> dict[str, str]:
        """Why nodes gave no line when they were last asked by this process, by name."""
        return {name: link.trouble for name, link in self._living().items() if link.trouble}

    def web(self) -> Web:
        """This process's connections to the nodes."""
        self._living()
        return self._web

    def report(self, node: str, code: str, detail: str) -> None:
        """Write down what a node did or said; failing that, nothing happens."""
        with suppress(LedgerError):
            self._sidecar.report(node, code, detail)

    def close(self) -> None:
        self._closed = True
        self._web.close()

    def _resting(self, position: int) -> bool:
        size, when = self._failed
        return size > position and time.monotonic() - when < _REST

    def _lead(self, position: int, end: float) -> int | None:
        """Collect, or wait for the one that is under way; the size it asked for. None when there
        was no time."""
        with self._turn:
            if self._running:
                before = self._ended[0]
                left = end - time.monotonic()
                if self._turn.wait_for(lambda: self._ended[0] > before, max(0.0, left)):
                    return self._ended[1]
                return None
            self._running = True
        size = 0
        try:
            size = self._collect(position, end)
        finally:
            with self._turn:
                self._running = False
                self._ended = (self._ended[0] + 1, size)
                self._turn.notify_all()
        return size or None

    def _collect(self, position: int, end: float) -> int:
        """One collection; the size asked for, 0 when another process kept us from it."""
        with alone(self._lock, end, lambda: self._sidecar.final(position) is not None) as first:
            target = self._log.head()
            size = target.checkpoint.size
            if first and self._sidecar.final_of(size) is None:
                self._ask(target, end, self._need)
            return size if first else 0

    def _ask(self, target: SignedCheckpoint, end: float, wanted: int) -> None:
        """Ask every node that has not cosigned it, until ``wanted`` have, all have answered, or it
        is late; final when enough have."""
        known = self._known(target)
        work = _Round(target, known, len(self._policy.nodes))
        links = self._living()
        waiting = [link for name, link in links.items() if name not in work.lines]
        if self._policy.mode == "relay" and wanted == self._need:
            _start(partial(self._relay, work, waiting, end))
        else:
            for link in waiting:
                _start(partial(self._bring, work, link))
        with work.changed:
            left = max(0.0, end - time.monotonic())
            work.changed.wait_for(lambda: len(work.lines) >= wanted or work.open == 0, left)
            work.finished = True
            lines = list(work.lines.values())
        self._sidecar.add_lines(work.size, [each for each in lines if each not in known])
        if not self._finish(work, lines):
            self._failed = (work.size, time.monotonic())

    def _bring(self, work: _Round, link: Link) -> None:
        """One node's part; it may take longer than the collection."""
        brought = link.bring(Errand(work.target), max(_LONGEST, self._policy.patience))
        self._arrived(work, link, brought.lines, brought.block)
        if self._closed:
            self._web.close()  # the connection that was in use when all the others were closed

    def _relay(self, work: _Round, links: Sequence[Link], end: float) -> None:
        """One after another: the nodes hand on themselves; one that does not is passed over."""
        for index, link in enumerate(links):
            with work.changed:
                lines = tuple(each.line for each in work.lines.values())
                signed = link.node.name in work.lines
            if len(lines) >= self._need:
                break
            if signed:
                continue
            left = max(0.0, end - time.monotonic())
            share = left if index + 1 == len(links) else left / 2
            brought = link.bring(Errand(work.target, lines, self._need), share)
            self._arrived(work, link, brought.lines, brought.block)
        with work.changed:
            work.open = 0
            work.changed.notify_all()

    def _arrived(self, work: _Round, link: Link, lines: Sequence[Cosigned], block: str) -> None:
        own = [each for each in lines if each.node == link.node.name]
        others = [each for each in lines if each.node != link.node.name]
        with suppress(LedgerError):  # the files are gone or closed: whoever asks next will say so
            if block:  # kept now, with its line; the others are kept when the collection ends
                self._sidecar.add_lines(work.size, own, block)
            with work.changed:
                for each in (*own, *others):
                    work.lines.setdefault(each.node, each)
                work.open -= 1
                work.changed.notify_all()
                late = work.finished
                together = list(work.lines.values())
            if late and lines:
                self._sidecar.add_lines(work.size, lines)
                self._finish(work, together)

    def _finish(self, work: _Round, lines: Sequence[Cosigned]) -> bool:
        """Keep the note when enough nodes have cosigned it: with just enough lines, the first that
        came, so that no byte of it can be changed and the note still be final."""
        if len(lines) < self._need:
            return False
        chosen = {each.node: each.line for each in lines[: self._need]}
        note = Note.parse(work.target.note)
        ordered = tuple(chosen[node.name] for node in self._policy.nodes if node.name in chosen)
        cosigned = Note(note.text, (*note.signatures, *ordered)).encode()
        self._sidecar.finish(work.size, cosigned)
        return True

    def _known(self, target: SignedCheckpoint) -> list[Cosigned]:
        """Lines under this very checkpoint that came earlier, verified again."""
        note = Note.parse(target.note)
        found = "".join(each.line for each in self._sidecar.lines(target.checkpoint.size))
        if not found:
            return []
        with suppress(InvalidProof):
            return sort_lines(Note.parse("\n\n" + found).signatures, note.text, self._keys)[0]
        return []

    def _living(self) -> dict[str, Link]:
        """The links of this process: connections do not survive a fork."""
        with self._turn:
            if self._process != os.getpid():
                seen = {each.node: each.size for each in self._sidecar.newest_lines()}
                self._web = web = Web()
                self._links = {
                    node.name: Link(
                        node,
                        self._keys,
                        self._log,
                        lambda: web,
                        self.report,
                        seen.get(node.name, 0),
                    )
                    for node in self._policy.nodes
                }
                self._process = os.getpid()
            return dict(self._links)


def _start(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="deposit-node", daemon=True).start()
