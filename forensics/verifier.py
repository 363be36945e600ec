"""Verifying a capture with nothing but its files and trust anchors.

Checks, in this order, numbered on from those of a package (:mod:`timestamping.package.verifier`):

31. ``capture-manifest``     the manifest is canonical and has every field it must have
32. ``capture-fingerprint``  its SHA-256 is the digest that was deposited; left out when nobody says
                             which that is
33. ``capture-files``        every file listed is there with its size and SHA-256, and nothing else
34. ``capture-events``       each line of the event log follows the one before, up to the head and
                             number the manifest names; files they name are the ones listed
35. ``capture-chain``        each line of the recording's chain follows the one before, up to the
                             head and number the manifest names, and is well formed
36. ``capture-order``        the chain begins with this session's start, counts its segments without
                             a hole, and ends with its end; the manifest's sums are the chain's
37. ``capture-segments``     each segment is the file its line names, has the frames and times it
                             says, and belongs to this session; there is no segment without a line
38. ``capture-times``        gaps and missed ticks agree with the times of segments; no time between
                             segments is unaccounted for; both clocks tell the same
39. ``capture-tokens``       each time-stamp is over a line of the chain before it, and holds by all
                             the steps of :mod:`timestamping.verifier`
40. ``capture-cleanliness``  the cleanliness results are there and are those the manifest repeats
41. ``capture-terminal``     the session ended as the manifest says; ``complete`` means that every
                             second is there, that input was only on while it was recorded, and that
                             nothing is lacking

Without the files (``opener`` None) 31 and 32 are all that can be told, and all that is said. Bad
evidence never makes this raise; every sentence names the file, line or segment at fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from chain_adapter.verdict import Check, Outcome
from forensics.verification import ending, files, recorded
from forensics.verification.ground import Ground, Opener, Refused, Undecided
from forensics.verification.times import times
from forensics.verification.tokens import tokens
from timestamping.trust import TrustStore

Step = Callable[[Ground], str]

#: Number, code, title, step; the numbers are those of the docstring.
STEPS: Final[tuple[tuple[int, str, str, Step], ...]] = (
    (31, "capture-manifest", "The capture's manifest is well formed", files.manifest),
    (32, "capture-fingerprint", "The manifest is the one deposited", files.is_fingerprint),
    (33, "capture-files", "Every file of the capture is the one listed", files.files),
    (34, "capture-events", "The event log is whole and in order", files.events),
    (35, "capture-chain", "The recording's chain is unbroken", recorded.chain),
    (36, "capture-order", "The recording runs from its start to its end", recorded.order),
    (37, "capture-segments", "Every segment is the one recorded", recorded.segments),
    (38, "capture-times", "Times, gaps and missed pictures agree", times),
    (39, "capture-tokens", "Time-stamps of the running recording hold", tokens),
    (40, "capture-cleanliness", "The cleanliness results are there", ending.cleanliness),
    (41, "capture-terminal", "The session ended as it says", ending.terminal),
)
_WITHOUT_FILES: Final = frozenset({31, 32})


def verify_capture(
    manifest: bytes,
    opener: Opener | None,
    *,
    trust: TrustStore | None = None,
    expected: str | None = None,
    names: Iterable[str] | None = None,
) -> tuple[Check, ...]:
    """Judge the capture of ``manifest``.

    Args:
        manifest: the bytes that were deposited.
        opener: gives a fresh, seekable binary stream of the file with that path, or raises OSError
            or LookupError; None when the files are not at hand.
        trust: roots the time-stamps must end at; without any, check 39 is undecided.
        expected: the digest deposited (hexadecimal SHA-256).
        names: the paths of all files that are there, to see whether one is too many.
    """
    ground = Ground(manifest, opener, trust, expected, names)
    checks: list[Check] = []
    for number, code, title, step in STEPS:
        if (opener is None and number not in _WITHOUT_FILES) or (number == 32 and not expected):
            continue
        try:
            checks.append(Check(number, code, title, Outcome.PASS, step(ground)))
        except Refused as refusal:
            checks.append(Check(number, code, title, Outcome.FAIL, str(refusal)))
        except Undecided as gap:
            checks.append(Check(number, code, title, Outcome.UNKNOWN, str(gap)))
    return tuple(checks)
