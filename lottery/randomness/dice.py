"""Six-sided dice, rolled by the public in front of everybody before any secret is known."""

from __future__ import annotations

import hashlib
import re
from typing import Final

#: More than any hall rolls; a bound for what is read.
MOST: Final = 10_000


def check_dice(digits: str, minimum: int) -> str | None:
    """What is wrong with the rolls, or None. 50 rolls hold 129 bits."""
    if not re.fullmatch(r"[1-6]*", digits, re.ASCII):
        return "dice show 1 to 6 and nothing else"
    if len(digits) < minimum:
        return f"{len(digits)} dice are fewer than the {minimum} that the rules ask for"
    if len(digits) > MOST:
        return f"{len(digits)} dice are more than {MOST}"
    return None


def dice_value(digits: str) -> bytes:
    """What the rolls add to the seed: SHA-256, 32 bytes."""
    return hashlib.sha256(b"lottery/dice/v1\n" + digits.encode("ascii")).digest()
