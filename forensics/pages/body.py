"""A response's body, and what the browser says of an exchange besides."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forensics.pages.bounds import headers, line, mapping, number
from forensics.pages.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Body:
    """A response's body. ``state``: ``whole``; ``empty`` for responses that have none; ``differs``
    when its length is not what was received; ``missing`` with the ``reason``."""

    data: bytes
    state: str
    reason: str = ""


def decode(answer: Mapping[str, Any], received: int) -> Body:
    """A body as ``Network.getResponseBody`` answers it; ``received`` bytes were told of before (0
    when none were, as for downloads)."""
    text = answer.get("body")
    if not isinstance(text, str):
        return Body(b"", "missing", "the browser gave no body")
    try:
        # Text comes as such only where it is UTF-8, so that encoding it gives the bytes again.
        data = base64.b64decode(text) if answer.get("base64Encoded") else text.encode()
    except (ValueError, UnicodeEncodeError):
        return Body(b"", "missing", "the browser gave no proper body")
    if not data and not received:
        return Body(b"", "empty")
    if received and len(data) != received:
        return Body(data, "differs", f"{received} bytes were received, {len(data)} were kept")
    return Body(data, "whole")


def about(exchange: Exchange, body: Body) -> dict[str, Any]:
    """What the browser says of an exchange besides the exchange itself, as JSON for RFC 8785."""
    response = exchange.response
    security = mapping(response.get("securityDetails"))
    return {
        "ended": exchange.ended,
        "failure": exchange.failure,
        "type": exchange.kind,
        "initiator": exchange.initiator,
        "document": exchange.document,
        "redirected_to": exchange.redirected_to,
        "protocol": line(response.get("protocol"), 40),
        "remote": line(response.get("remoteIPAddress"), 60),
        "remote_port": int(number(response.get("remotePort"))),
        "mime": line(response.get("mimeType"), 100),
        "charset": line(response.get("charset"), 60),
        "from_cache": exchange.cached or bool(response.get("fromDiskCache")),
        "from_service_worker": bool(response.get("fromServiceWorker")),
        "security": line(response.get("securityState"), 40),
        "tls": line(security.get("protocol"), 40),
        "cipher": line(security.get("cipher"), 60),
        "exact_headers": bool(exchange.exact),
        "headers": [list(each) for each in told(exchange)],
        "posted_missing": exchange.posted_missing,
        "received_bytes": exchange.received,
        "wire_bytes": exchange.encoded,
        "body": {
            "state": body.state,
            "reason": body.reason,
            "bytes": len(body.data),
            "sha256": hashlib.sha256(body.data).hexdigest(),
        },
    }


def told(exchange: Exchange) -> list[tuple[str, str]]:
    """The response's header fields: the exact ones, or else those the page was given."""
    return headers(exchange.exact.get("headers")) or headers(exchange.response.get("headers"))
