"""What can go wrong with a draw; what may be tried again apart from what may not.

::

    LotteryError
    ├── Retryable
    │   └── BeaconUnavailable   no configured address has the round (yet)
    └── Permanent
        ├── BadConfig           rules that no draw may have; ``field`` names the part
        ├── BadList             a list document that the rules do not allow
        ├── BadStatement        a signed statement that may not be accepted now
        ├── BadRecord           steps that do not form a record; names the step
        ├── BadShare            shares that do not belong to their dealer's commitment
        ├── BadBeacon           a beacon that does not verify
        └── DrawsSwitchedOff    a library that draws need is not installed
"""

from __future__ import annotations


class LotteryError(Exception):
    """``str()`` is one English sentence that says what is wrong."""


class Retryable(LotteryError):
    """May succeed later without anybody changing anything."""


class BeaconUnavailable(Retryable):
    """None of the configured addresses gave the beacon of the round."""


class Permanent(LotteryError):
    """Asking again gives the same answer."""


class BadConfig(Permanent, ValueError):
    """Rules that no draw may have. ``field`` is a path such as ``stages[1].winners``."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class BadList(Permanent, ValueError):
    """A list document that is malformed or that the rules of the draw do not allow."""


class BadStatement(Permanent, ValueError):
    """A signed statement that may not be accepted now.

    ``code`` is stable: ``form``, ``signature``, ``party``, ``draw``, ``attempt``, ``phase``,
    ``repeated``, ``content`` or ``late``.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class BadRecord(Permanent, ValueError):
    """Steps that do not form a record. ``step`` is the number of the first that is wrong."""

    def __init__(self, step: int, reason: str) -> None:
        super().__init__(f"step {step}: {reason}")
        self.step = step
        self.reason = reason


class BadShare(Permanent, ValueError):
    """Shares that do not belong to the commitment of their dealers, who are in ``dealers``."""

    def __init__(self, dealers: tuple[str, ...], reason: str) -> None:
        super().__init__(reason)
        self.dealers = dealers


class BadBeacon(Permanent, ValueError):
    """A beacon of another chain or round, or with a signature that does not verify."""


class DrawsSwitchedOff(Permanent):
    """A library is missing; the sentence names it and how to get it."""
