"""Codes of authenticator apps hold for half a minute: tests that hand in one just about to be
refused wait for the next half minute first."""

from __future__ import annotations

import time

from portal.accounts import totp


def away_from_a_step(seconds: float = 8) -> None:
    """Go on with at least so many seconds left before the codes change; to be called right before
    a code is computed."""
    left = totp.STEP_SECONDS - time.time() % totp.STEP_SECONDS
    if left < seconds:
        time.sleep(left)
