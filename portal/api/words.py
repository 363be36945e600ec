"""The API's description in words. English alone: it is read beside code."""

from __future__ import annotations

from typing import Final

INTRODUCTION: Final = """\
Deposit files or their digests, follow each deposit until its letter is issued, take the evidence
away, and verify it.

**Keys.** Make one under *API keys* in your account and send it as `Authorization: Bearer nep_…`. A
key with the scope `read` downloads and lists; `write` deposits. Keys are never accepted in an
address, where they would end up in logs. Operations without a lock need no key.

**Sending something again.** Give every deposit an `Idempotency-Key`. The same key with the same
request answers 200 with the deposit made before; with another request it answers 409.

**States.** `received` → `timestamped` → `anchored` → `issued`. Whatever waits says why in `steps`.

**Lists** are read with cursors: ask again with the `cursor` of the page before, until it is null.

**Errors** have one shape, `{"error": {"code", "message", "field", "request_id"}}`. Programs decide
by status and `code`; messages are for people and come in the language of `Accept-Language`.

**Rates.** Every answer says how many requests are left (`X-RateLimit-Remaining`). Answers 429 and
503 say in `Retry-After` how many seconds to wait.
"""

#: status → (when it comes, code, message, field) with the example's values
ERRORS: Final[dict[int, tuple[str, str, str, str | None]]] = {
    400: (
        "It could not be read: broken or too deep JSON, a broken form, a key in the address.",
        "bad_request",
        "The browser (or proxy) sent a request that this server could not understand.",
        None,
    ),
    401: (
        "No key, or one that is unknown, expired or revoked.",
        "not_signed_in",
        "Sign in or send an API key.",
        None,
    ),
    403: (
        "The key lacks the scope, or its holder the role.",
        "scope_missing",
        "This key lacks the scope write.",
        None,
    ),
    404: (
        "Not there, or not yours.",
        "deposit_not_found",
        "There is no such deposit.",
        None,
    ),
    409: (
        "It contradicts what is recorded, or is not ready yet.",
        "idempotency_key_reused",
        "This Idempotency-Key was used for another request.",
        "Idempotency-Key",
    ),
    413: (
        "More bytes or items than the stated limit.",
        "batch_too_large",
        "A batch takes at most 10000 items.",
        "items",
    ),
    415: (
        "Another content type than the ones described.",
        "wrong_content_type",
        "The content type is not one this address takes.",
        None,
    ),
    422: (
        "It could be read, and something in it is not right; `field` names it.",
        "digest_missing",
        "A SHA-256 digest is always needed.",
        "sha256",
    ),
    429: (
        "Too many requests for now.",
        "rate_limited",
        "Too many requests from here; wait a little.",
        None,
    ),
    503: (
        "A part this needs cannot answer just now; the same request may pass later.",
        "vault_unavailable",
        "The vault cannot take or give content just now; try again later.",
        None,
    ),
}

#: a blueprint's name → its heading; others are shown by their own name
TAGS: Final[dict[str, str]] = {"key_api": "Your key"}
