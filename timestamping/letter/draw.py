"""What a letter says of a draw: rules and list, who took part, the steps, the seed, who won.

Plain values; whoever draws decides what to say, the letter only sets it. Everything printed is an
extract: the record in the package has all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from timestamping.letter.clock import Clock
from timestamping.letter.token_view import hex_lines
from timestamping.letter.words import NOTHING, Words
from timestamping.pdf.text import runs

#: So much is printed of each; the record names all.
MAX_STEPS: Final = 200
MAX_WINNERS: Final = 300


@dataclass(frozen=True, slots=True)
class DrawParty:
    """Who took part; ``commitment`` in hexadecimal, ``opened`` says how their secret came out."""

    name: str
    role: Words
    commitment: str = ""
    opened: Words = NOTHING


@dataclass(frozen=True, slots=True)
class DrawStage:
    """One stage and what it came to; ``digest`` is SHA-256 of its positions, hexadecimal."""

    name: Words
    places: int
    winners: int
    alternates: int
    unfilled: int
    digest: str


@dataclass(frozen=True, slots=True)
class DrawWinner:
    """Who stands at a winning position: ``rank`` counts from 1 within stage ``stage``."""

    stage: int
    rank: int
    position: int
    shown: str


@dataclass(frozen=True, slots=True)
class DrawStep:
    """One step of the record; ``by`` are the names of those who signed it beside the platform."""

    number: int
    at: datetime
    what: Words
    by: str
    sha256: str
    deposit: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One draw. ``outcome`` says how it ended, ``stands`` whether its result counts; ``facts`` are
    label and value, in the order to be printed. ``more_winners`` are not among ``winners``."""

    rehearsal: bool
    stands: bool
    outcome: Words
    facts: tuple[tuple[Words, str], ...]
    parties: tuple[DrawParty, ...] = ()
    stages: tuple[DrawStage, ...] = ()
    winners: tuple[DrawWinner, ...] = ()
    more_winners: int = 0
    steps: tuple[DrawStep, ...] = ()


def draw_view(drawn: Drawn | None, clock: Clock) -> dict[str, Any] | None:
    """None for a letter about anything else."""
    if drawn is None:
        return None
    cut = max(0, len(drawn.winners) - MAX_WINNERS)
    return {
        "rehearsal": drawn.rehearsal,
        "stands": drawn.stands,
        "outcome": _words(drawn.outcome),
        "facts": [
            {"zh": label.zh, "en": label.en, "value": runs(value)} for label, value in drawn.facts
        ],
        "parties": [_party(each) for each in drawn.parties],
        "stages": [_stage(number, each) for number, each in enumerate(drawn.stages, start=1)],
        "winners": [_winner(each) for each in drawn.winners[:MAX_WINNERS]],
        "winners-cut": cut + drawn.more_winners,
        "steps": [_step(each, clock) for each in drawn.steps[:MAX_STEPS]],
        "steps-cut": max(0, len(drawn.steps) - MAX_STEPS),
    }


def _party(party: DrawParty) -> dict[str, Any]:
    return {
        "name": runs(party.name),
        "role": _words(party.role),
        "commitment": hex_lines(party.commitment) if party.commitment else [],
        "opened": _words(party.opened),
    }


def _stage(number: int, stage: DrawStage) -> dict[str, Any]:
    counts = ("places", "winners", "alternates", "unfilled")
    return {
        "number": str(number),
        "name": _words(stage.name),
        "digest": hex_lines(stage.digest),
        **{name: f"{getattr(stage, name):,}" for name in counts},
    }


def _winner(winner: DrawWinner) -> dict[str, Any]:
    return {
        "stage": str(winner.stage),
        "rank": f"{winner.rank:,}",
        "position": f"{winner.position:,}",
        "shown": runs(winner.shown),
    }


def _step(step: DrawStep, clock: Clock) -> dict[str, Any]:
    return {
        "number": str(step.number),
        "time": clock.full(step.at),
        "what": _words(step.what),
        "by": runs(step.by),
        "sha256": hex_lines(step.sha256),
        "deposit": step.deposit,
    }


def _words(words: Words) -> dict[str, Any]:
    return {"zh": runs(words.zh), "en": runs(words.en)}
