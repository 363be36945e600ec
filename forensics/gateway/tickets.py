"""Tickets: what the portal signs so that one browser may connect once, at once.

``<payload>.<mac>`` in unpadded base64url: the payload is JSON, the MAC is HMAC-SHA256 (RFC 2104)
over the payload's text under a key that portal and gateway share. A ticket names the session, the
person, the role, the page's origin and the digest of a cookie only that browser has; it holds for
half a minute and for one connection.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

#: seconds between a ticket's making and its use
LIFETIME: Final = 30
#: seconds by which the clocks of portal and gateway may differ
SKEW: Final = 2
_DOMAIN: Final = b"notary/desktop-ticket/v1\n"
_MAX: Final = 2048


class BadTicket(Exception):
    """The connection is refused; the sentence is for the log, not for the visitor."""


class Role(StrEnum):
    """``driver`` may type, point and paste while the gate is open; ``viewer`` only watches."""

    DRIVER = "driver"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class Ticket:
    """``binding``: see :func:`binding_of`; ``issued`` in seconds since 1970; ``nonce`` is
    unique."""

    session: str
    user: str
    role: Role
    origin: str
    binding: str
    issued: float
    nonce: str


def binding_of(cookie: str) -> str:
    """What a ticket says of the browser's secret cookie: its SHA-256, hexadecimal."""
    return hashlib.sha256(cookie.encode()).hexdigest()


def issue(
    secret: bytes,
    session: str,
    user: str,
    role: Role,
    origin: str,
    cookie: str,
    now: Callable[[], float] = time.time,
) -> str:
    """A fresh ticket. ``origin`` as browsers send it (``https://host[:port]``); ``cookie`` is the
    value the browser will send along."""
    ticket = Ticket(
        session, user, role, origin, binding_of(cookie), now(), secrets.token_urlsafe(16)
    )
    payload = _encode(json.dumps(asdict(ticket), separators=(",", ":")).encode())
    return f"{payload}.{_mac(secret, payload)}"


class Tickets:
    """Judges tickets and remembers the used ones; one per gateway, safe for threads.

    What was issued before the gateway started is refused: it may have been used before that.
    """

    def __init__(self, secret: bytes, now: Callable[[], float] = time.time) -> None:
        self._secret, self._now = secret, now
        self._started = now()
        self._used: dict[str, float] = {}
        self._lock = threading.Lock()

    def redeem(self, text: str, *, session: str, origin: str, cookie: str) -> Ticket:
        """The ticket, used up.

        Raises:
            BadTicket: (1) not signed by the portal; (2) not of this time; (3) for another session;
                (4) another origin; (5) another browser; (6) used before.
        """
        ticket = self._read(text)  # 1
        now = self._now()
        if not self._started - SKEW <= ticket.issued <= now + SKEW:
            raise BadTicket("made before the gateway started, or in the future")  # 2
        if now - ticket.issued > LIFETIME:
            raise BadTicket("too old")  # 2
        if not hmac.compare_digest(ticket.session, session):
            raise BadTicket("for another session")  # 3
        if not hmac.compare_digest(ticket.origin.encode(), origin.encode()):
            raise BadTicket("from another origin")  # 4
        if not hmac.compare_digest(ticket.binding, binding_of(cookie)):
            raise BadTicket("from another browser")  # 5
        self._use(ticket, now)  # 6
        return ticket

    def _read(self, text: str) -> Ticket:
        payload, _, mac = text.partition(".")
        expected = _mac(self._secret, payload)
        if len(text) > _MAX or not hmac.compare_digest(expected.encode(), mac.encode()):
            raise BadTicket("not signed by the portal")
        try:
            value = json.loads(_decode(payload))
            return Ticket(**value | {"role": Role(value["role"])})
        except (ValueError, TypeError, KeyError) as error:
            raise BadTicket("not a ticket of this version") from error

    def _use(self, ticket: Ticket, now: float) -> None:
        with self._lock:
            oldest = now - LIFETIME - 2 * SKEW
            self._used = {nonce: at for nonce, at in self._used.items() if at > oldest}
            if ticket.nonce in self._used:
                raise BadTicket("used before")
            self._used[ticket.nonce] = now


def _mac(secret: bytes, payload: str) -> str:
    digest = hmac.new(secret, _DOMAIN + payload.encode("utf-8", "surrogateescape"), hashlib.sha256)
    return _encode(digest.digest())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("no base64url") from error
