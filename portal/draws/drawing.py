"""Drawing: what follows from the seed, computed in the worker and kept as files beside the record.

A killed worker computes the same again from the same seed. The files only spare computing: what
counts is in the record, and each file is held against the digest that the record gives.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lottery.record import Record
from lottery.stages import StageResult, draw_all, packed
from portal.draws.kit import Kit

_KEPT: Final = 2


class Drawing:
    """Safe for threads; one draw's stages are computed once at a time."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._lock = threading.Lock()
        self._known: dict[str, tuple[StageResult, ...]] = {}

    def results(self, known: Record) -> tuple[StageResult, ...]:
        """All stages of the attempt whose seed is on the record.

        Raises:
            DrawsSwitchedOff: too large for what is installed here.
        """
        seed, listing = known.seed, known.listing
        assert seed is not None  # noqa: S101 - the caller looked
        assert listing is not None  # noqa: S101
        with self._lock:
            found = self._known.get(seed.hex())
            if found is None:
                found = draw_all(known.config, listing, seed)
                while len(self._known) >= _KEPT:
                    self._known.pop(next(iter(self._known)))
                self._known[seed.hex()] = found
            return found

    def keep(self, known: Record) -> None:
        """Write down the positions of every stage that the record does not list."""
        for result in self.results(known):
            if result.body()["winners"] is None:
                self._write(self._path(known, known.attempt, result.stage), result)

    def positions(
        self, known: Record, attempt: int, stage: int, first: int, count: int
    ) -> Sequence[int]:
        """``count`` positions of a stage from place ``first`` on, winners and then alternates."""
        body = known.attempts[attempt - 1].results[stage - 1]
        if body["winners"] is not None:
            listed = [*body["winners"], *body["alternates"]]
            return listed[first : first + count]
        path = self._path(known, attempt, stage)
        if not path.exists():
            self._remake(known, attempt, stage, body["positions_sha256"])
        with path.open("rb") as file:
            file.seek(4 * first)
            data = file.read(4 * count)
        return [int.from_bytes(data[at : at + 4], "big") for at in range(0, len(data), 4)]

    def place_of(self, known: Record, attempt: int, stage: int, position: int) -> int | None:
        """The rank (from 1) at which a position was drawn, None when it was not."""
        body = known.attempts[attempt - 1].results[stage - 1]
        if body["winners"] is not None:
            for offset, listed in ((0, body["winners"]), (len(body["winners"]), None)):
                values = body["alternates"] if listed is None else listed
                if position in values:
                    return offset + int(values.index(position)) + 1
            return None
        path = self._path(known, attempt, stage)
        if not path.exists():
            self._remake(known, attempt, stage, body["positions_sha256"])
        data, wanted = path.read_bytes(), position.to_bytes(4, "big")
        at = data.find(wanted)
        while at >= 0 and at % 4:
            at = data.find(wanted, at + 1)
        return None if at < 0 else at // 4 + 1

    def _remake(self, known: Record, attempt: int, stage: int, digest: str) -> None:
        """The file was lost: everything in it follows from the seed."""
        seed, listing = known.attempts[attempt - 1].seed, known.listing
        assert seed is not None  # noqa: S101 - there are results
        assert listing is not None  # noqa: S101
        with self._lock:
            result = draw_all(known.config, listing, seed)[stage - 1]
        if result.positions_sha256 != digest:
            raise ValueError("the positions that follow from the seed are not those of the record")
        self._write(self._path(known, attempt, stage), result)

    def _write(self, path: Path, result: StageResult) -> None:
        if path.exists() and _digest(path) == result.positions_sha256:
            return
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        half = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with half.open("xb") as file:
            file.write(packed(array("I", [*result.winners, *result.alternates])))
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)

    def _path(self, known: Record, attempt: int, stage: int) -> Path:
        return self._kit.folder / known.config.draw / "results" / f"{attempt}-{stage}.bin"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
