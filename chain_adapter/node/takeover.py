"""Bringing a node's own copy up to a checkpoint: fetch, examine, compare the root.

Step 7 of the examination: no idempotency key stands in the log twice, and the tree over the node's
own copy has the checkpoint's root. Whatever the log serves, only what it has signed passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from chain_adapter.checkpoint import Checkpoint
from chain_adapter.merkle import leaf_hash
from chain_adapter.node.examination import Examiner, Finding
from chain_adapter.node.logcopy import PAGE, Copied, Head, LogCopy
from chain_adapter.node.members import MEMBER, Members, Trial
from chain_adapter.node.routes import Rejection
from chain_adapter.node.supply import LogSource
from chain_adapter.supplement import Supplement
from chain_adapter.tlog.edge import Edge, FullTile
from chain_adapter.tlog.layout import TILE_WIDTH, width_in

#: So many examined entries are kept in memory for the one transaction that makes them count; more
#: are written down before, and count for nothing until then.
_HELD: Final = 1024


@dataclass(slots=True)
class Takeover:
    """What makes a copy of ``head`` one of a later checkpoint: ``fresh`` from position ``first``
    on, all others being copied already."""

    head: Head
    first: int
    trial: Trial
    edge: Edge
    fresh: list[Copied] = field(default_factory=list)
    tiles: list[FullTile] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)


class Taker:
    """Takes over entries of one log; one caller at a time."""

    def __init__(
        self,
        copy: LogCopy,
        source: LogSource,
        examiner: Examiner,
        members: Members,
        most: int,
        since: int = 0,
    ) -> None:
        self._copy, self._source, self._examiner = copy, source, examiner
        self._members, self._most, self._since = members, most, since
        self._edge: Edge | None = None

    def take(self, checkpoint: Checkpoint) -> Takeover:
        """Everything up to ``checkpoint``, examined. Nothing counts yet.

        Raises:
            Rejection: 422, the step that an entry failed; 503, the log does not answer, or there
                was more to examine than one request may ask for.
        """
        head = self._copy.head()
        begun = self._ready(checkpoint.size)
        taking = Takeover(head, begun, self._trial(head.size, begun), self._edge_at(head))
        for position, data, supplement in self._lacking(taking.first, checkpoint.size):
            self._examine(taking, position, data, supplement)
            if len(taking.fresh) >= _HELD:
                self._write_down(taking)
            if position + 1 - begun >= self._most and position + 1 < checkpoint.size:
                self._write_down(taking)
                sentence = f"still copying: {position + 1} of {checkpoint.size} entries"
                raise Rejection(503, "catching_up", sentence)
        self._close(taking, checkpoint)
        return taking

    def done(self, taking: Takeover) -> None:
        """What was taken over counts now."""
        self._edge = taking.edge
        self._members.adopt(taking.trial)

    def forget(self) -> None:
        """What was written down and counts for nothing is not what the log has signed."""
        with self._copy.storage.write() as connection:
            self._copy.drop_from(connection, self._copy.head().size)

    def _lacking(self, first: int, size: int) -> Iterator[tuple[int, bytes, Supplement | None]]:
        """Positions, entries and what the log says beside them, from ``first`` on."""
        while first < size:
            number = first // TILE_WIDTH
            width = width_in(size, 0, number)
            bundle = self._source.bundle(number, width)[first - number * TILE_WIDTH :]
            beside = self._beside(first, bundle)
            yield from zip(range(first, first + len(bundle)), bundle, beside, strict=True)
            first += len(bundle)

    def _beside(self, first: int, bundle: list[bytes]) -> list[Supplement | None]:
        """Asked for only from the first to the last that is not remembered."""
        beside = [self._examiner.remembered(data) for data in bundle]
        begin = max(0, self._since - first)
        unknown = [index for index in range(begin, len(beside)) if beside[index] is None]
        if unknown:
            low, high = unknown[0], unknown[-1]
            given = self._source.supplements(first + low, first + high)
            for index in unknown:
                beside[index] = given[index - low]
        return beside

    def _examine(
        self, taking: Takeover, position: int, data: bytes, supplement: Supplement | None
    ) -> None:
        try:
            if position < self._since:
                entry = self._examiner.legitimate(data)
            else:
                entry = self._examiner.examine(data, supplement, taking.trial)
            if entry.key in taking.keys or self._copy.find(entry.key) is not None:
                raise Finding(7, "replay", f"{entry.key} is recorded a second time")  # 7
        except Finding as finding:
            sentence = f"entry {position}, step {finding.step}: {finding.sentence}"
            raise Rejection(422, finding.code, sentence) from finding
        taking.keys.add(entry.key)
        beside = self._examiner.remembered(data) or supplement
        taking.fresh.append(Copied(entry, data, beside))

    def _write_down(self, taking: Takeover) -> None:
        with self._copy.storage.write() as connection:
            self._copy.add(connection, taking.first, taking.fresh)
        taking.first += len(taking.fresh)
        taking.fresh.clear()
        taking.keys.clear()  # the copy knows them now

    def _close(self, taking: Takeover, checkpoint: Checkpoint) -> None:
        """Step 7: the own tree gives the checkpoint's root."""
        edge = taking.edge
        end = min(taking.first, checkpoint.size)
        for first in range(edge.size, end, PAGE):
            for data in self._copy.entries(first, min(first + PAGE, end)):
                taking.tiles += edge.append(leaf_hash(data))
        for each in taking.fresh:
            taking.tiles += edge.append(leaf_hash(each.data))
        if edge.size != checkpoint.size or edge.root() != checkpoint.root:  # 7
            self.forget()
            sentence = (
                f"the log's {checkpoint.size} entries do not have the root that it has signed"
            )
            raise Rejection(422, "root", f"step 7: {sentence}")

    def _ready(self, size: int) -> int:
        """Where copying goes on. What is written down beyond ``size`` belongs to a tree that was
        never finished."""
        reach = self._copy.reach()
        if reach <= size:
            return reach
        with self._copy.storage.write() as connection:
            self._copy.drop_from(connection, size)
        return size

    def _trial(self, first: int, end: int) -> Trial:
        """Begins with the member messages that are written down and count for nothing yet."""
        trial = self._members.trial(asked=False)
        for token, content in self._copy.messages(MEMBER, first, end):
            trial.take("", content, self._examiner.moment(token))
        return trial

    def _edge_at(self, head: Head) -> Edge:
        if self._edge is None or self._edge.size != head.size:
            self._edge = self._copy.forest.tree(head.size).edge()
        return self._edge.copy()
