"""How much and how often one visitor may ask.

Counts are kept in memory, or in Redis when there is one; with several web processes and no Redis
each process counts for itself.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import structlog
from flask import Flask, Request, Response, g, request, session
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage, Storage, storage_from_string
from werkzeug.exceptions import TooManyRequests

from portal.headers import send_with
from portal.problems import BadInput
from portal.settings import Settings
from portal.texts import normal_email
from portal.ui.context import this_request, visitor_address

_log = structlog.get_logger(__name__)

#: answered from memory or disk, and asked for many times by one page or one monitor
_UNLIMITED = frozenset(
    {"static", "observability.healthz", "observability.readyz", "observability.metrics"}
)
#: pages that passwords and codes are guessed at
SIGN_IN = frozenset(
    {"security.login", "security.register", "security.change_password", "security.confirm_email"}
    | {"security.forgot_password", "security.reset_password", "security.send_confirmation"}
    | {"signin.second", "signin.second_passkey", "signin.passkey", "signin.challenge"}
    | {"safety.verify", "safety.verify_passkey"}
)
_PUBLISHED = frozenset(
    {"published.tsa", "published.checkpoint", "published.tile", "published.ledger_key"}
    | {"published.supplement"}
)
#: where a number of a list might be guessed
_FIND = frozenset({"draws_public.find"})
_FIND_LIMIT = "60 per minute"
#: where numbers of deposits and certificates might be guessed
_VERIFY = frozenset(
    {"verification.page", "verification_api.DigestVerification"}
    | {"verification_api.NumberVerification"}
)
_VERIFY_LIMIT = "240 per minute"
#: a letter or package of a stranger's is examined, and a paper sealed, with some work
_EXAMINE = frozenset({"verification.examine", "verification_api.PackageVerification"})
_EXAMINE_LIMIT = "30 per minute"
_PAPERS = frozenset(
    {"verification.report", "verification.report_sent", "verification.rule17_pdf"}
    | {"verification.fre902", "verification.fre902_sent"}
)
_PAPERS_LIMIT = "20 per minute"
#: one request for each small file of a folder
_UPLOADS = frozenset({"uploads.create", "uploads.look", "uploads.piece", "uploads.digests"})
_COUNTED_ELSEWHERE = _UNLIMITED | _PUBLISHED | _UPLOADS
#: machines stamp and audit faster than people click
_PUBLISHED_LIMIT = "2000 per second"
_UPLOADS_LIMIT = "12000 per minute"

#: pages that take a few words, never a file
_SMALL_BLUEPRINTS = frozenset(
    {"cases", "security", "accounts", "signin", "safety", "identities", "audit", "ui"}
    | {"draws_public", "matters"}
)
#: the page of these that takes a document
_DOCUMENTS = frozenset({"matters.hand_in"})
_SMALL_BODY = 256 * 1024
#: pages whose files are tables to be read at once: blueprint → bytes
_TABLES = {"imports": 5 * 1024 * 1024}
#: visitors remembered before those whose window is over are swept away
_MANY_COUNTS = 10_000
#: seconds in which a storage that failed is not asked again
_RETRY_SHARED = 10.0
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


def _always(_asked: Request) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Rule:
    """``limit`` on each ``whose()``, for the requests to these endpoints to which it applies."""

    scope: str
    limit: RateLimitItem
    concerns: Callable[[str], bool]
    whose: Callable[[], str]
    applies: Callable[[Request], bool] = _always


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a visitor stands in the window of one rule: ``remaining`` requests until ``reset``,
    seconds since the epoch."""

    limit: int
    remaining: int
    reset: float

    @property
    def wait(self) -> int:
        """Seconds until the next window, at least one."""
        return max(1, math.ceil(self.reset - time.time()))


class Counter:
    """Counts requests against rules. When the shared storage fails, each process counts for itself
    for a while: a visitor gets more than the limit rather than an error."""

    def __init__(
        self,
        rules: Sequence[Rule],
        storage_uri: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rules = rules
        #: endpoint → the rules that concern it; there are as many endpoints as views
        self._concerned: dict[str, list[Rule]] = {}
        self._own = CountingStorage()
        self._shared = self._own if not storage_uri else _open(storage_uri)
        self._clock, self._failed_at = clock, -math.inf

    def count(self, asked: Request) -> Standing | None:
        """The present request, counted under every rule that applies; the tightest standing, None
        when none does. ``remaining`` is negative when the request is one too many."""
        endpoint = asked.endpoint or ""
        rules = self._concerned.get(endpoint)
        if rules is None:
            rules = [each for each in self._rules if each.concerns(endpoint)]
            self._concerned[endpoint] = rules
        standings = [self._stand(rule) for rule in rules if rule.applies(asked)]
        return min(standings, key=_remaining, default=None)

    def _stand(self, rule: Rule) -> Standing:
        key = rule.limit.key_for(rule.scope, rule.whose())
        storage = self._storage()
        try:
            count, reset = _add(storage, key, rule.limit)
        except storage.base_exceptions as error:
            _log.warning("shared_counts_lost", reason=type(error).__name__)
            self._failed_at = self._clock()
            count, reset = _add(self._own, key, rule.limit)
        return Standing(rule.limit.amount, rule.limit.amount - count, reset)

    def _storage(self) -> Storage:
        resting = self._clock() - self._failed_at < _RETRY_SHARED
        return self._own if resting else self._shared


def _open(uri: str) -> Storage:
    # The queue's library knows unix:// addresses by that name alone, this one by another.
    storage = storage_from_string(f"redis+{uri}" if uri.startswith("unix://") else uri)
    if not isinstance(storage, Storage):
        raise ValueError("REDIS_URL names an asynchronous storage, which nothing here can use")
    return storage


def _remaining(standing: Standing) -> int:
    return standing.remaining


def _add(storage: Storage, key: str, limit: RateLimitItem) -> tuple[int, float]:
    return storage.incr(key, limit.get_expiry()), storage.get_expiry(key)


def install(app: Flask, settings: Settings) -> None:
    """Bound the body, then count the request, before anything else is done for it."""
    app.config["MAX_CONTENT_LENGTH"] = settings.max_upload_bytes + _FORM_OVERHEAD
    counter = Counter(tuple(_rules(settings)), settings.redis_url)

    @app.before_request
    def _bound_body() -> None:
        asked = this_request()
        feature = asked.blueprint
        if asked.endpoint in _DOCUMENTS:
            asked.max_content_length = settings.matter_document_bytes + 2 * _FORM_OVERHEAD
        elif feature in _SMALL_BLUEPRINTS:
            asked.max_content_length = _SMALL_BODY
        elif feature in _TABLES:
            asked.max_content_length = _TABLES[feature]
        elif asked.mimetype != "multipart/form-data" and _parsed_whole(asked):
            asked.max_content_length = settings.max_json_bytes

    @app.before_request
    def _count() -> None:
        asked = this_request()
        g.standing = standing = counter.count(asked) if asked.endpoint else None
        if standing is not None and standing.remaining < 0:
            raise TooManyRequests(retry_after=standing.wait)

    @app.after_request
    def _tell(response: Response) -> Response:
        standing: Standing | None = g.get("standing")
        if standing is not None:
            send_with(response, "X-RateLimit-Limit", str(standing.limit))
            send_with(response, "X-RateLimit-Remaining", str(max(0, standing.remaining)))
            send_with(response, "X-RateLimit-Reset", str(math.ceil(standing.reset)))
            if response.status_code == TooManyRequests.code:
                response.headers["Retry-After"] = str(standing.wait)
        return response


def _rules(settings: Settings) -> Iterator[Rule]:
    sign_in = settings.sign_in_rate_limit
    for scope, limits, concerns, whose, applies in (
        ("all", settings.rate_limit, _counted, visitor, _always),
        ("published", _PUBLISHED_LIMIT, _PUBLISHED.__contains__, visitor, _always),
        ("uploads", _UPLOADS_LIMIT, _UPLOADS.__contains__, visitor, _always),
        ("find", _FIND_LIMIT, _FIND.__contains__, visitor, _always),
        ("verify", _VERIFY_LIMIT, _VERIFY.__contains__, visitor, _asking),
        ("examine", _EXAMINE_LIMIT, _EXAMINE.__contains__, visitor, _always),
        ("papers", _PAPERS_LIMIT, _PAPERS.__contains__, visitor, _always),
        ("sign-in", sign_in, SIGN_IN.__contains__, visitor, _posting),
        ("account", sign_in, SIGN_IN.__contains__, _account, _posting),
    ):
        for limit in parse_many(limits):
            yield Rule(scope, limit, concerns, whose, applies)


def visitor() -> str:
    """Whose requests are counted together: a signed-in session's, else an address's.

    The session cookie is signed, so nobody escapes the count by inventing one.
    """
    user = session.get("_user_id")
    return f"session:{user}" if user else f"address:{visitor_address()}"


def _account() -> str:
    # Slows guessing one person's password from many addresses. A digest, because people type
    # passwords into the wrong field.
    name = _normal(request.form.get("email", "")) or visitor()
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()


def _normal(address: str) -> str:
    """One spelling of an address for all by which the account is found, full-width letters say."""
    try:
        return normal_email(address)
    except BadInput:
        return address.strip().lower()


def _parsed_whole(asked: Request) -> bool:
    return asked.is_json or asked.mimetype == "application/x-www-form-urlencoded"


def _counted(endpoint: str) -> bool:
    return endpoint not in _COUNTED_ELSEWHERE


def _asking(asked: Request) -> bool:
    # The page itself, without a question, costs nothing.
    return asked.endpoint != "verification.page" or bool(asked.query_string)


def _posting(asked: Request) -> bool:
    return asked.method == "POST"
