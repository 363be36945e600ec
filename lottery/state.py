"""What a record says so far: plain values, changed only by ``lottery.replay``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from lottery.config import Config
from lottery.listing import Listing
from lottery.randomness.dice import dice_value
from lottery.randomness.drand import Beacon
from lottery.steps import START, Step


@dataclass
class Attempt:
    """One attempt at the draw; all mappings are by party id."""

    number: int
    commitments: dict[str, str] = field(default_factory=dict)
    points: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: dealer → holder → what was sealed for the holder
    dealt: dict[str, dict[str, Mapping[str, str]]] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    present: tuple[str, ...] | None = None
    dice: str | None = None
    secrets: dict[str, bytes] = field(default_factory=dict)
    recovered: set[str] = field(default_factory=set)
    beacon: Beacon | None = None
    seed: bytes | None = None
    results: list[Mapping[str, Any]] = field(default_factory=list)
    final: Mapping[str, Any] | None = None
    audit: Mapping[str, Any] | None = None
    void: Mapping[str, Any] | None = None

    def copy(self) -> Attempt:
        """Independent of this one; what the mappings hold never changes."""
        return replace(
            self,
            commitments=dict(self.commitments),
            points=dict(self.points),
            dealt=dict(self.dealt),
            acknowledged=set(self.acknowledged),
            secrets=dict(self.secrets),
            recovered=set(self.recovered),
            results=list(self.results),
        )

    @property
    def results_sha256(self) -> str | None:
        """Over the results made so far, None without any."""
        if not self.results:
            return None
        hashes = b"".join(bytes.fromhex(each["positions_sha256"]) for each in self.results)
        return hashlib.sha256(hashes).hexdigest()


@dataclass
class State:
    """A record so far. ``attempt`` is None until the list is frozen."""

    config: Config
    frozen: bool = False
    listing: Listing | None = None
    draw_hash: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    head: str = START
    n: int = 0
    at: str = ""
    steps: list[Step] = field(default_factory=list)

    def copy(self) -> State:
        """With its own attempts and steps."""
        attempts = [*self.attempts[:-1], *(each.copy() for each in self.attempts[-1:])]
        return replace(self, attempts=attempts, steps=list(self.steps))

    @property
    def number(self) -> int:
        """The attempt that is under way, 0 before the list is frozen."""
        return self.attempts[-1].number if self.attempts else 0

    @property
    def now(self) -> Attempt:
        """The attempt that is under way; only after the list is frozen."""
        return self.attempts[-1]

    @property
    def phase(self) -> str:
        """What the record waits for."""
        if not self.frozen:
            return "config"
        if self.listing is None:
            return "list"
        return self._ended() or self._phase(self.now, len(self.config.parties))

    def _ended(self) -> str | None:
        if self.now.void is not None:
            return "cancelled" if self.now.void["reason"] == "organiser_request" else "void"
        return "audited" if self.now.audit is not None else None

    def _phase(self, now: Attempt, parties: int) -> str:
        waiting = (
            ("commit", len(now.commitments) < parties),
            ("shares", len(now.dealt) < parties),
            ("acknowledge", len(now.acknowledged) < parties),
            ("ready", now.present is None),
            ("dice", "dice" in self.config.public and now.dice is None),
            ("reveal", len(now.secrets) < parties),
            ("beacon", "drand" in self.config.public and now.beacon is None),
            ("draw", now.final is None),
        )
        return next((name for name, waits in waiting if waits), "final")

    @property
    def round(self) -> int | None:
        """The beacon's round of this attempt."""
        if not self.config.rounds or not self.attempts:
            return None
        return self.config.rounds[self.number - 1]

    @property
    def deadline(self) -> datetime | None:
        """The last moment for a secret, when a beacon is awaited."""
        if self.config.drand is None or self.round is None:
            return None
        return self.config.drand.deadline(self.round)

    def seed(self) -> bytes:
        """S, once every secret and all public randomness is known (phase "draw")."""
        now = self.now
        secrets = b"".join(now.secrets[party.id] for party in self.config.parties)
        bound = bytes.fromhex(self.draw_hash) + now.number.to_bytes(4, "big")
        data = b"lottery/seed/v1\n" + bound + secrets + self.public()
        return hashlib.sha256(data).digest()

    def public(self) -> bytes:
        """The public values in the order of the rules, 32 bytes each."""
        values = {}
        if self.now.dice is not None:
            values["dice"] = dice_value(self.now.dice)
        if self.now.beacon is not None:
            values["drand"] = self.now.beacon.value
        return b"".join(values[each] for each in self.config.public)
