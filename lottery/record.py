"""A draw's record: replayed from its steps, it says what may come next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lottery.audit import sample
from lottery.config import Config
from lottery.drafting import Result, next_draft
from lottery.errors import BadRecord, BadStatement
from lottery.listing import Listing, draw_hash
from lottery.randomness.drand import Beacon
from lottery.replay import apply, planned
from lottery.rules import Expected as Expected
from lottery.rules import check_rules, expected, voidable
from lottery.state import Attempt, State
from lottery.statements import Signed, verify_statement
from lottery.steps import Step, StepDraft


class Record:
    """The steps made so far and what follows from them. Never changes; ``then`` gives another."""

    def __init__(self, state: State) -> None:
        self._state = state

    @classmethod
    def of(cls, steps: Sequence[bytes], config: Config | None = None) -> Record:
        """Replay ``steps``. Before the first one, the planned ``config`` is needed instead.

        Raises:
            BadRecord: naming the first step that does not belong and why.
        """
        if config is None:
            if not steps:
                raise BadRecord(0, "there is neither a step nor a plan")
            config = planned(steps[0])
        state = State(config)
        for each in steps:
            apply(state, each)
        return cls(state)

    def then(self, step: bytes) -> Record:
        """With one more step.

        Raises:
            BadRecord: the step does not belong there.
        """
        state = self._state.copy()
        apply(state, step)
        return Record(state)

    @property
    def config(self) -> Config:
        return self._state.config

    @property
    def listing(self) -> Listing | None:
        """The list as frozen, parsed."""
        return self._state.listing

    @property
    def list(self) -> Mapping[str, Any] | None:
        """The list document as frozen."""
        return None if self._state.listing is None else self._state.listing.document

    @property
    def phase(self) -> str:
        """What the record waits for: config, list, commit, shares, acknowledge, ready, dice,
        reveal, beacon, draw, final, audited; void (no attempt is left) or cancelled."""
        return self._state.phase

    @property
    def over(self) -> bool:
        """Whether no step can follow any more (a void could still follow ``final``)."""
        return self.phase in {"audited", "void", "cancelled"}

    @property
    def attempt(self) -> int:
        """The attempt under way, 0 before the list is frozen."""
        return self._state.number

    @property
    def attempts(self) -> Sequence[Attempt]:
        """All attempts, the last one under way; to be read only."""
        return tuple(self._state.attempts)

    @property
    def current(self) -> Attempt:
        """The attempt under way; to be read only.

        Raises:
            BadRecord: the list is not frozen yet.
        """
        if not self._state.attempts:
            raise BadRecord(self.n, "no attempt is under way before the list is frozen")
        return self._state.now

    @property
    def head(self) -> str:
        """SHA-256 of the last step, hex; 64 zeros before the first."""
        return self._state.head

    @property
    def n(self) -> int:
        """The number of the next step."""
        return self._state.n

    @property
    def at(self) -> str:
        """The time of the last step, "" before the first."""
        return self._state.at

    @property
    def steps(self) -> Sequence[Step]:
        return tuple(self._state.steps)

    @property
    def draw_hash(self) -> str:
        """What binds rules and list, hex; "" before the list is frozen."""
        return self._state.draw_hash

    def draw_hash_of(self, listing: Mapping[str, Any]) -> str:
        """The draw_hash that this list document would give."""
        return draw_hash(self.config.hash, listing["list_root"], listing["count"])

    @property
    def deadline(self) -> datetime | None:
        """The last moment for a secret of this attempt, when a beacon is awaited."""
        return self._state.deadline

    @property
    def beacon_round(self) -> int | None:
        """The beacon's round of this attempt."""
        return self._state.round

    @property
    def beacon_at(self) -> datetime | None:
        """When that round appears."""
        chain, number = self.config.drand, self.beacon_round
        return None if chain is None or number is None else chain.at(number)

    @property
    def seed(self) -> bytes | None:
        """S of this attempt once it is on the record."""
        return self._state.now.seed if self._state.attempts else None

    @property
    def results_sha256(self) -> str | None:
        """Over the results of this attempt so far."""
        return self._state.now.results_sha256 if self._state.attempts else None

    @property
    def voidable(self) -> bool:
        """Whether this attempt can be voided as the record stands."""
        return voidable(self._state)

    def points(self, dealer: str) -> Sequence[str]:
        """The points by which ``dealer`` bound its polynomial, hex.

        Raises:
            KeyError: it has not committed itself in this attempt.
        """
        return self.current.points[dealer]

    def sealed_for(self, holder: str, dealer: str) -> Mapping[str, str]:
        """The sealed share dealt to ``holder``: {"holder", "ephemeral", "sealed"}.

        Raises:
            KeyError: nothing has been dealt yet.
        """
        return self.current.dealt[dealer][holder]

    def audit_positions(self) -> tuple[int, ...]:
        """The entries to open for the audit; empty without an audit or before the seed."""
        if self.seed is None or self.listing is None or not self.config.audit_sample:
            return ()
        return sample(self.seed, self.listing.count, self.config.audit_sample)

    def expected(self) -> tuple[Expected, ...]:
        """Who has to hand in what now, in config order. Shares towards a recovery and voids may
        come besides; see :attr:`phase` and :attr:`voidable`."""
        return expected(self._state)

    def check(self, statement: Mapping[str, Any], signature: str) -> None:
        """Whether this statement (parsed) with its signature (hex) may be accepted now.

        Raises:
            BadStatement: with one clear sentence; ``code`` says of what kind.
        """
        party = self.config.party(str(statement.get("party")))
        if party is None:
            raise BadStatement("party", "the statement is by nobody who is a party of this draw")
        verify_statement(statement, signature, party.key)
        check_rules(self._state, statement)

    def next(
        self,
        pending: Sequence[Signed],
        now: datetime,
        beacon: Beacon | None = None,
        list_body: Mapping[str, Any] | None = None,
        results: Sequence[Result] | None = None,
        findings: Sequence[Mapping[str, Any]] | None = None,
    ) -> StepDraft | None:
        """What the next step can be, None when nothing that is waiting suffices. Pure.

        Statements that may not be accepted (any more) are left aside. ``now`` (aware) keeps late
        secrets out. ``list_body`` is the list document, ``results`` those of ``stages.draw_all``
        (from the first stage on), ``findings`` what the audit's statement is about.

        Raises:
            BadBeacon: the beacon is not the chain's.
            DrawsSwitchedOff: a beacon cannot be checked here.
        """
        return next_draft(
            self._state,
            pending,
            now,
            lambda each: self.check(each.statement, each.signature),
            beacon=beacon,
            list_body=list_body,
            results=results,
            findings=findings,
        )
