"""A passkey's challenge between two requests: kept in the signed cookie, for one purpose."""

from __future__ import annotations

from typing import Final, Literal

from flask import session

from portal.accounts.ceremony import Challenge
from portal.accounts.passkeys import LIFETIME
from portal.problems import BadInput
from portal.ui.context import services

Purpose = Literal["add", "signin", "second", "verify"]
_KEY: Final = "passkey"


def keep(challenge: Challenge, purpose: Purpose, user_id: str = "") -> None:
    """Remember what was asked, for whom, and what an answer will be good for."""
    now = int(services().clock().timestamp())
    session[_KEY] = {"c": challenge.value, "p": purpose, "u": user_id, "t": now}


def taken(purpose: Purpose, user_id: str = "") -> str:
    """The challenge asked for this purpose and person; it is gone then.

    Raises:
        BadInput: none was asked, for something else, or too long ago.
    """
    kept = session.pop(_KEY, None)
    if isinstance(kept, dict) and (kept.get("p"), kept.get("u")) == (purpose, user_id):
        age = services().clock().timestamp() - int(kept.get("t", 0))
        if age <= LIFETIME.total_seconds():
            return str(kept.get("c"))
    message = "That took too long. Press the button again."
    raise BadInput("challenge", message, field="credential")
