"""What services raise when a request cannot be done; only ``portal.errors`` knows about HTTP.

PortalError
├── Unauthenticated 401  nobody has signed in, or the key does not hold
├── Forbidden       403  signed in, but not allowed
├── NotFound        404  not there, or somebody else's
├── Conflict        409  contradicts what is already recorded
├── Gone            410  it was there and was erased on purpose
├── TooLarge        413  over a stated limit
├── BadInput        422  the input itself is wrong; ``field`` names it
├── RateLimited     429  too many requests for now
└── Unavailable     503  a part this needs cannot answer just now; the same request may pass later
"""

from __future__ import annotations


class PortalError(Exception):
    """One refusal: a stable code for programs and one clear sentence for people.

    Args:
        code: stable, lower case, e.g. ``"digest_length"``.
        message: an English sentence. It may hold ``%(name)s`` places for ``params``, so that the
            web layer can translate the sentence and fill it afterwards.
        field: the input that is at fault, as the caller named it.
        params: values for the places in ``message``.
    """

    status = 500

    def __init__(
        self, code: str, message: str, *, field: str | None = None, **params: str | int
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.field = field
        self.params = params

    def __str__(self) -> str:
        return self.message % self.params if self.params else self.message


class Unauthenticated(PortalError):
    status = 401


class Forbidden(PortalError):
    status = 403


class NotFound(PortalError):
    status = 404


class Conflict(PortalError):
    status = 409


class Gone(PortalError):
    status = 410


class TooLarge(PortalError):
    status = 413


class BadInput(PortalError):
    status = 422


class RateLimited(PortalError):
    status = 429


class Unavailable(PortalError):
    status = 503
