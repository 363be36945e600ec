"""From a submitted checkpoint to a cosignature: what a node does, and in which order.

The request, as c2sp.org/tlog-witness has it:

a. it is well formed and of a log this node follows (400, 404), which has signed it (403)
b. its old size is that of the tree cosigned last (409 with that size)
c. its proof leads from that tree to the new one (422)

Under the profile "deposit", each new entry then passes six steps
(:mod:`chain_adapter.node.examination`), and all of them the seventh:

1. it is a well-formed entry of a kind this node takes
2. its platform, and under a consortium's rule its depositor, may record it
3. the platform signed it
4. the depositor signed it, when they hold a key
5. its RFC 3161 token is good
6. its public content has the digest it names
7. no key is recorded twice, and the node's own tree has the checkpoint's root

What follows, and what a crash after each leaves behind:

d. the block is stamped: nothing is stored yet, and without a stamp nothing will be (503)
e. one transaction: copies, block, the tree cosigned last. After it this tree is the only one
   of its size that this node will ever cosign, though nobody has its word yet
f. the guard outside the folder moves on
g. the cosignature is made and given out
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

from chain_adapter.checkpoint import Checkpoint, cosign
from chain_adapter.errors import Fatal, LedgerError, NotFound
from chain_adapter.merkle import verify_consistency
from chain_adapter.node.block import StampedBlock
from chain_adapter.node.guard import CosignedGuard
from chain_adapter.node.logcopy import Head, LogCopy, add_block, last_block
from chain_adapter.node.refusals import Refusals
from chain_adapter.node.routes import Rejection
from chain_adapter.node.stamping import Stamping
from chain_adapter.node.submission import Submission, opened
from chain_adapter.node.takeover import Takeover, Taker
from chain_adapter.node.voucher import Voucher
from chain_adapter.note import Note, NoteSigner, SignatureLine, VerifierKey

#: How long one request waits for another that is being examined, in seconds.
_PATIENCE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The node's line, and the newest block of that log when there is one."""

    line: SignatureLine
    block: StampedBlock | None


class LogWitness:
    """One log, as this node witnesses it. ``taker`` and ``voucher`` are None under the profile
    "consistency". For any number of threads; the checkpoints of a log go one after another."""

    def __init__(
        self,
        key: VerifierKey,
        copy: LogCopy,
        signer: NoteSigner,
        guard: CosignedGuard,
        refusals: Refusals,
        stamping: Stamping,
        taker: Taker | None = None,
        voucher: Voucher | None = None,
    ) -> None:
        self.copy: Final = copy
        self._key, self._signer, self._guard = key, signer, guard
        self._refusals, self._stamping = refusals, stamping
        self._taker, self._voucher = taker, voucher
        self._lock = threading.Lock()
        #: The size of the greatest tree that the log has signed, as far as this node knows.
        self.seen = copy.head().size

    def head(self) -> Head:
        """The tree cosigned last: the guard's, when the copy is older."""
        own, guarded = self.copy.head(), self._guard.head(self.copy.origin)
        return guarded if guarded.size > own.size else own

    def block(self) -> StampedBlock | None:
        with self.copy.storage.read() as connection:
            return last_block(connection, self.copy.id)

    def add(self, submission: Submission) -> Cosigned:
        """Steps a (403) to g.

        Raises:
            Rejection: every answer but the cosignature.
        """
        try:
            lines = opened(submission, self._key)
        except Rejection as rejection:
            self._refusals.tell(self.copy.id, rejection.code, rejection.sentence)
            raise
        note = Note(submission.note.text, lines).encode()
        self.seen = max(self.seen, submission.checkpoint.size)
        if not self._lock.acquire(timeout=_PATIENCE):
            raise Rejection(503, "busy", "another checkpoint of this log is being examined")
        try:
            return self._add(submission, note)
        except Rejection as rejection:
            if rejection.status != 503 and rejection.code != "old_size":
                self._refusals.keep(self.copy.id, rejection.code, rejection.sentence, note)
            raise
        except LedgerError as error:
            raise Rejection(503, "storage", f"this node's own copy: {error}") from error
        finally:
            self._lock.release()

    def _add(self, submission: Submission, note: str) -> Cosigned:
        checkpoint, head = submission.checkpoint, self.head()
        self._consistent(submission, head)
        if checkpoint.size > self.copy.head().size:
            self._take_over(checkpoint, note)
        elif self._guard.head(self.copy.origin).size < head.size:
            self._move_guard(head)  # a crash came between e and f
        now = self._stamping.now()
        return Cosigned(cosign(self._signer, submission.note.text, now), self.block())  # g

    def _consistent(self, submission: Submission, head: Head) -> None:
        """Steps b and c."""
        new = submission.checkpoint
        if new.size <= head.size and not self._agrees(new, head):
            sentence = f"the log has signed two different trees of {new.size} entries"
            raise _conflict("fork", sentence, head)
        if new.size < head.size:
            sentence = f"the log goes back to {new.size} entries, {head.size} were cosigned"
            raise _conflict("rollback", sentence, head)
        if submission.old != head.size:
            raise _conflict("old_size", f"{head.size} entries were cosigned last", head)
        path = submission.proof
        if not verify_consistency(head.size, new.size, path, head.root, new.root):
            sentence = f"the proof does not lead from {head.size} to {new.size} entries"
            raise Rejection(422, "proof", sentence)

    def _agrees(self, new: Checkpoint, head: Head) -> bool:
        """Whether a tree that is not larger than the last one can be its beginning."""
        if new.size == head.size:
            return new.root == head.root
        if self._taker is None or new.size > self.copy.head().size:
            return True  # nobody here can tell: the proof will have to
        return self.copy.forest.tree(new.size).root() == new.root

    def _take_over(self, checkpoint: Checkpoint, note: str) -> None:
        if self._taker is None or self._voucher is None:
            self._commit(checkpoint, note, None, None)
            return
        taking = self._taker.take(checkpoint)  # 1 to 7
        with self._stamping.lock:
            block = self._stamping.block(self._voucher, self.copy, taking.head, checkpoint, note)
            self._commit(checkpoint, note, taking, block)
        self._taker.done(taking)

    def _commit(
        self,
        checkpoint: Checkpoint,
        note: str,
        taking: Takeover | None,
        block: StampedBlock | None,
    ) -> None:
        head = Head(checkpoint.size, checkpoint.root, note, self._stamping.now())
        with self.copy.storage.write() as connection:  # e
            if taking is not None and block is not None:
                self.copy.add(connection, taking.first, taking.fresh)
                self.copy.add_tiles(connection, taking.tiles)
                add_block(connection, self.copy.id, block)
            self.copy.move(connection, head)
        self._move_guard(head)  # f

    def _move_guard(self, head: Head) -> None:
        try:
            self._guard.move(self.copy.origin, head)
        except OSError as error:
            raise Rejection(503, "storage", f"the guard file cannot be written: {error}") from error

    def require_sound(self) -> None:
        """Whether copy and guard can be of the same log.

        Raises:
            Fatal: they contradict each other, or the copy is damaged.
        """
        own, guarded = self.copy.head(), self._guard.head(self.copy.origin)
        tree = self.copy.forest.tree
        if self._taker is not None and tree(own.size).root() != own.root:
            raise Fatal(f"the copy of {self.copy.origin} is damaged: restore a backup of it")
        same = own.root if guarded.size == own.size else None
        if self._taker is not None and guarded.size < own.size:
            same = tree(guarded.size).root()
        if same is not None and same != guarded.root:
            raise Fatal(
                f"the copy of {self.copy.origin} is not the one that the guard file "
                f"{self._guard.path} belongs to: restore the right one"
            )

    def proof_from(self, old: int, size: int) -> tuple[bytes, ...] | None:
        """The proof that the tree of ``size`` entries extends that of ``old``, from the own copy;
        None when the copy does not say."""
        if self._taker is None:
            return None
        try:
            return self.copy.forest.tree(size).consistency(old)
        except NotFound:
            return None


def _conflict(code: str, sentence: str, head: Head) -> Rejection:
    """409 as the specification writes it: the size cosigned last, and nothing else."""
    return Rejection(
        409,
        code,
        sentence,
        body=f"{head.size}\n".encode(),
        content_type="text/x.tlog.size",
    )
