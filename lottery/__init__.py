"""Verifiable draws: LOT-1, as docs/draws.md specifies it.

A draw is a :class:`Record` of steps. Parties hand in signed statements (:class:`Party` makes them),
``Record.check`` says whether one may be accepted, ``Record.next`` what step can be made of what is
waiting, and :func:`seal_step` makes it. :func:`draw_all` selects; ``lottery.verifier`` judges a
finished transcript, sharing no code with what made it but the arithmetic of the curve.

Lists of entries are in :mod:`lottery.entries`. This package imports neither the portal nor anything
that needs the extra ``draws`` before it is used.
"""

from lottery.config import Config
from lottery.errors import (
    BadBeacon,
    BadConfig,
    BadList,
    BadRecord,
    BadShare,
    BadStatement,
    BeaconUnavailable,
    DrawsSwitchedOff,
    LotteryError,
)
from lottery.listing import Listing
from lottery.party import Party
from lottery.randomness.drand import QUICKNET, Beacon, Chain
from lottery.record import Expected, Record
from lottery.stages import StageResult, draw_all, draw_stage
from lottery.statements import Signed
from lottery.steps import StepDraft, seal_step
from lottery.transcript import assemble, split

__all__ = [
    "QUICKNET",
    "BadBeacon",
    "BadConfig",
    "BadList",
    "BadRecord",
    "BadShare",
    "BadStatement",
    "Beacon",
    "BeaconUnavailable",
    "Chain",
    "Config",
    "DrawsSwitchedOff",
    "Expected",
    "Listing",
    "LotteryError",
    "Party",
    "Record",
    "Signed",
    "StageResult",
    "StepDraft",
    "assemble",
    "draw_all",
    "draw_stage",
    "seal_step",
    "split",
]
