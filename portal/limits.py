"""How much and how often one visitor may ask.

Counts are kept in memory, or in Redis when there is one; with several web processes and no Redis
each process counts for itself.
"""

from __future__ import annotations

import hashlib
import threading
import time

from flask import Flask, request, session
from flask_limiter import ApplicationLimit, Limiter
from limits.storage import MemoryStorage

from portal.settings import Settings
from portal.ui.context import visitor_address

#: answered from memory or disk, and asked for many times by one page or one monitor
_UNLIMITED = frozenset(
    {"static", "observability.healthz", "observability.readyz", "observability.metrics"}
)
_SIGN_IN = frozenset({"security.login", "security.register", "security.change_password"})
_PUBLISHED = frozenset(
    {"published.tsa", "published.checkpoint", "published.tile", "published.ledger_key"}
)
#: machines stamp and audit faster than people click
_PUBLISHED_LIMIT = "2000 per second"

#: pages that take a few words, never a file
_SMALL_BLUEPRINTS = frozenset({"security", "accounts", "audit", "ui"})
_SMALL_BODY = 256 * 1024
#: visitors remembered before those whose window is over are swept away
_MANY_COUNTS = 10_000
#: what a multipart form adds around the file itself
_FORM_OVERHEAD = 1024 * 1024


class CountingStorage(MemoryStorage):
    """Counts in memory. The library's own starts a thread for nearly every request to forget old
    counts; this one forgets a window when it is next asked for, and sweeps when there are many."""

    STORAGE_SCHEME = ["counting"]  # noqa: RUF012 (the library reads this name)

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **more: str) -> None:
        super().__init__(uri, wrap_exceptions, **more)
        self._lock = threading.Lock()
        self._sweep_at = _MANY_COUNTS

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """The count of ``key`` after adding ``amount``, in a window of ``expiry`` seconds."""
        now = time.time()
        with self._lock:
            if self.expirations.get(key, 0.0) <= now:
                self.storage[key] = 0
                self.expirations[key] = now + expiry
            self.storage[key] += amount
            if len(self.expirations) > self._sweep_at:
                self._sweep(now)
            return self.storage[key]

    def _sweep(self, now: float) -> None:
        for key in [each for each, end in self.expirations.items() if end <= now]:
            self.storage.pop(key, None)
            self.expirations.pop(key, None)
        self._sweep_at = max(_MANY_COUNTS, 2 * len(self.expirations))


def install(app: Flask, settings: Settings) -> None:
    """Bound the body, then count the request, before anything else is done for it."""
    app.config["MAX_CONTENT_LENGTH"] = settings.max_upload_bytes + _FORM_OVERHEAD

    @app.before_request
    def _bound_body() -> None:
        if request.blueprint in _SMALL_BLUEPRINTS:
            request.max_content_length = _SMALL_BODY
        elif request.mimetype != "multipart/form-data" and _parsed_whole():
            request.max_content_length = settings.max_json_bytes

    Limiter(
        visitor,
        app=app,
        application_limits=[
            ApplicationLimit(settings.rate_limit, exempt_when=_counted_elsewhere),
            ApplicationLimit(_PUBLISHED_LIMIT, scope="published", exempt_when=_not_published),
            ApplicationLimit(
                settings.sign_in_rate_limit, scope="sign-in", exempt_when=_not_sign_in
            ),
            ApplicationLimit(
                settings.sign_in_rate_limit,
                scope="account",
                key_function=_account,
                exempt_when=_not_sign_in,
            ),
        ],
        storage_uri=settings.redis_url or "counting://",
        in_memory_fallback_enabled=bool(settings.redis_url),
        strategy="fixed-window",
        headers_enabled=True,
    )


def visitor() -> str:
    """Whose requests are counted together: a signed-in session's, else an address's.

    The session cookie is signed, so nobody escapes the count by inventing one.
    """
    user = session.get("_user_id")
    return f"session:{user}" if user else f"address:{visitor_address()}"


def _account() -> str:
    # Slows guessing one person's password from many addresses. A digest, because people type
    # passwords into the wrong field.
    name = request.form.get("email", "").strip().lower() or visitor()
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()


def _parsed_whole() -> bool:
    return request.is_json or request.mimetype == "application/x-www-form-urlencoded"


def _counted_elsewhere() -> bool:
    return request.endpoint in _UNLIMITED or request.endpoint in _PUBLISHED


def _not_published() -> bool:
    return request.endpoint not in _PUBLISHED


def _not_sign_in() -> bool:
    return request.method != "POST" or request.endpoint not in _SIGN_IN
