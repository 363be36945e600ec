"""Verifying a draw with nothing but its files and trust anchors.

Checks, numbered on from those of a package (:mod:`timestamping.package.verifier`):

51. ``draw-manifest``  the manifest is canonical and lists what it must
52. ``draw-record``    what it says of the draw is what the record says
53. ``draw-tokens``    each step has a time-stamp over its SHA-256 that holds by all the steps of
                       :mod:`timestamping.verifier`, and there is none without a step
54. ``draw-ledger``    each step's ledger entry names that step and its time-stamp, and is recorded
                       (:mod:`chain_adapter.verify`), later than the entry of the step before
55. ``draw-times``     time-stamps follow each other as the steps do; no secret was stamped later
                       than a minute before the beacon's round
56. ``draw-named``      whoever is named stands at a position that won, each such position is named,
                       and each name is the leaf of the list there
61. … 82.              the record's own checks 1 to 22 (:mod:`lottery.verifier`), ``draw-`` before
                       their keys

Without the files (``opener`` None) 51 is all that can be told, and all that is said. Bad evidence
never makes this raise; every sentence names the step, file or position at fault.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from chain_adapter.trust import Trust
from chain_adapter.verdict import Check, Outcome
from lottery import verifier
from lottery.bundle import contents, layout, sealed
from lottery.bundle.ground import Ground, Opener, Refused, Undecided
from timestamping.trust import TrustStore

Step = Callable[[Ground], str]

#: Number, code, title, step; the numbers are those of the docstring.
STEPS: Final[tuple[tuple[int, str, str, Step], ...]] = (
    (51, "draw-manifest", "The draw's manifest is well formed", contents.manifest),
    (52, "draw-record", "The manifest speaks of this record", contents.record),
    (53, "draw-tokens", "Every step has its time-stamp", sealed.tokens),
    (54, "draw-ledger", "Every step is recorded, in order", sealed.ledger),
    (55, "draw-times", "The steps follow each other in time", sealed.times),
    (56, "draw-named", "Whoever is named stands at a winning position", contents.winners),
)
#: The record's check number 1 is number 61 here.
OFFSET: Final = 60
_OUTCOMES: Final = {
    "passed": Outcome.PASS,
    "failed": Outcome.FAIL,
    "undecided": Outcome.UNKNOWN,
}


def verify_bundle(
    manifest: bytes,
    opener: Opener | None,
    *,
    certificates: TrustStore | None,
    ledger: Trust,
    most: int | None = None,
) -> tuple[Check, ...]:
    """Judge the draw of ``manifest``.

    Args:
        manifest: the bytes that were deposited.
        opener: gives a fresh, seekable binary stream of the file with that path, or raises OSError
            or LookupError; None when the files are not at hand.
        certificates: roots the time-stamps must end at; without any, check 53 is undecided.
        ledger: keys of platforms and ledgers, for check 54.
        most: tickets that are recomputed, where the record is a stranger's; None: any number.
    """
    ground = Ground(manifest, opener, certificates, ledger)
    steps = STEPS if opener is not None else STEPS[:1]
    checks = [_judged(ground, *step) for step in steps]
    if opener is not None:
        checks.extend(_record(ground, most))
    return tuple(checks)


def _judged(ground: Ground, number: int, code: str, title: str, step: Step) -> Check:
    try:
        return Check(number, code, title, Outcome.PASS, step(ground))
    except Refused as refusal:
        return Check(number, code, title, Outcome.FAIL, str(refusal))
    except Undecided as gap:
        return Check(number, code, title, Outcome.UNKNOWN, str(gap))


def _record(ground: Ground, most: int | None) -> Iterator[Check]:
    """The record's own checks; those that are no part of this draw are left out."""
    try:
        transcript = ground.transcript
        with tempfile.TemporaryDirectory(prefix="notary-draw-") as folder:
            leaves = _leaves(ground, Path(folder))
            found = verifier.verify(transcript, leaves=leaves, most=most)
    except Refused as refusal:
        yield Check(OFFSET, "draw-transcript", "The record can be read", Outcome.FAIL, str(refusal))
        return
    except Undecided as gap:
        yield Check(OFFSET, "draw-transcript", "The record can be read", Outcome.UNKNOWN, str(gap))
        return
    for each in found.checks:
        if each.outcome in _OUTCOMES:
            code = f"draw-{each.key.replace('_', '-')}"
            outcome = _OUTCOMES[each.outcome]
            yield Check(OFFSET + each.number, code, each.title, outcome, each.detail)


def _leaves(ground: Ground, folder: Path) -> Path | None:
    if not ground.has(layout.LEAVES):
        return None
    path = folder / layout.LEAVES
    with ground.open(layout.LEAVES) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    return path
