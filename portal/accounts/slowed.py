"""Attempts to sign in that were slowed down leave their mark in the custody log."""

from __future__ import annotations

import threading
import time
from typing import Final

from flask import Response, request

from portal.accounts.service import find_user
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.limits import SIGN_IN
from portal.ui.context import services, visitor_address, visitor_via

_EVERY_SECONDS: Final = 60.0
_MANY_ADDRESSES: Final = 10_000


class Slowed:
    """Once a minute for each address: whoever guesses cannot fill the log as well."""

    def __init__(self) -> None:
        self._noted: dict[str, float] = {}
        self._lock = threading.Lock()

    def note(self, response: Response) -> Response:
        """Called after each request; records those that were refused for coming too often."""
        if response.status_code != 429 or request.endpoint not in SIGN_IN:
            return response
        address = visitor_address()
        if self._is_new(address):
            _record(address)
        return response

    def _is_new(self, address: str) -> bool:
        now = time.monotonic()
        with self._lock:
            if now - self._noted.get(address, -_EVERY_SECONDS) < _EVERY_SECONDS:
                return False
            if len(self._noted) >= _MANY_ADDRESSES:
                self._noted.clear()
            self._noted[address] = now
        return True


def _record(address: str) -> None:
    portal, email = services(), request.form.get("email", "")
    user = find_user(portal.database, email) if email else None
    subject = f"user:{user.id}" if user else "user:"
    actor = Actor.nobody(address, visitor_via())
    with portal.database.transaction() as transaction:
        detail = {"page": str(request.endpoint)}
        record(transaction, actor, "account.slowed", subject, detail)
