"""What was asked and answered, put together from the browser's network events.

Free of I/O: events go in, finished exchanges come out. One request that is redirected is several
exchanges, one for each address that was asked.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from forensics.pages import bounds
from forensics.pages.bounds import headers, line, mapping, number, url
from forensics.pages.cdp import Event
from forensics.pages.exchange import Chain, Exchange


class Exchanges:
    """The exchanges under way. Not safe for several threads: the events' thread alone uses it."""

    def __init__(self) -> None:
        self._open: dict[str, Exchange] = {}
        self._chains: dict[str, Chain] = {}
        self.sockets: list[str] = []

    def __len__(self) -> int:
        return len(self._open)

    def take(self, event: Event) -> list[Exchange]:
        """What ended with this event: none, one, or (with too many under way) more."""
        handler = _HANDLERS.get(event.method)
        if handler is None:
            return []
        # By the request alone, which is unique in the browser: what a worker asks for is told of
        # partly by its page and partly by itself.
        key = line(event.params.get("requestId"), 200)
        if key in self._open and event.method in _BY_THE_READER:
            self._open[key].session = event.session
        ended: list[Exchange] = handler(self, key, event.params, event.session)
        return ended

    def under_way(self, session: str = "") -> int:
        """Requests that have not ended, of one target or of all; streams that never end apart."""
        return sum(
            (not session or each.session == session) and each.kind not in ("EventSource", "Media")
            for each in self._open.values()
        )

    def leave(self, loader: str) -> list[Exchange]:
        """What a document had under way when it was left, as ``unfinished``: of much of that, no
        end is ever told."""
        keys = [key for key, each in self._open.items() if each.loader == loader]
        return [each for each in (self._end(key, "unfinished") for key in keys) if each]

    def drop(self, session: str | None = None) -> list[Exchange]:
        """What has not ended, of one target or of all, as ``unfinished``; it is under way no
        more."""
        keys = [key for key, each in self._open.items() if session in (None, each.session)]
        ended = [self._end(key, "unfinished") for key in keys]
        return [each for each in ended if each]

    def _asked(self, key: str, params: Mapping[str, Any], session: str) -> list[Exchange]:
        ended: list[Exchange] = []
        asked = mapping(params.get("request"))
        address = url(asked.get("url"))
        before = self._open.get(key)
        if before is not None and params.get("redirectResponse"):
            self._answer(before, params["redirectResponse"], params.get("redirectHasExtraInfo"))
            before.redirected_to = address
            ended += filter(None, [self._end(key, "redirected")])
        elif before is not None:
            ended += filter(None, [self._end(key, "unfinished")])
        if not bounds.is_web(address):
            return ended
        while len(self._open) >= bounds.MAX_OPEN:
            ended += filter(None, [self._end(next(iter(self._open)), "unfinished")])
        posted, missing = _posted(asked)
        self._open[key] = Exchange(
            session=session,
            request=key,
            address=address,
            method=line(asked.get("method"), 20).upper() or "GET",
            started=number(params.get("wallTime")),
            sent=headers(asked.get("headers")),
            chain=self._chain(key),
            kind=line(params.get("type"), 40),
            initiator=url(mapping(params.get("initiator")).get("url")),
            document=url(params.get("documentURL")),
            loader=line(params.get("loaderId"), 100),
            posted=posted,
            posted_missing=missing,
        )
        return ended

    def _answered(self, key: str, params: Mapping[str, Any], session: str) -> list[Exchange]:
        exchange = self._open.get(key)
        if exchange is not None:
            exchange.kind = line(params.get("type"), 40) or exchange.kind
            self._answer(exchange, params.get("response"), params.get("hasExtraInfo"))
        return []

    def _answer(self, exchange: Exchange, response: Any, has_exact: Any) -> None:
        exchange.response = mapping(response)
        if has_exact and exchange.place < 0:
            exchange.place = exchange.chain.counted
            exchange.chain.counted += 1

    def _data(self, key: str, params: Mapping[str, Any], session: str) -> list[Exchange]:
        if exchange := self._open.get(key):
            exchange.received += int(number(params.get("dataLength")))
        return []

    def _cached(self, key: str, params: Mapping[str, Any], session: str) -> list[Exchange]:
        if exchange := self._open.get(key):
            exchange.cached = True
        return []

    def _exact_request(self, key: str, params: Mapping[str, Any], session: str) -> list[Exchange]:
        _remember(self._chain(key).requests, params)
        return []

    def _exact_response(self, key: str, params: Mapping[str, Any], session: str) -> list[Exchange]:
        _remember(self._chain(key).responses, params)
        return []

    def _finished(self, key: str, params: Mapping[str, Any], session: str) -> list[Exchange]:
        if exchange := self._open.get(key):
            exchange.encoded = int(number(params.get("encodedDataLength")))
        return list(filter(None, [self._end(key, "finished")]))

    def _failed(self, key: str, params: Mapping[str, Any], session: str) -> list[Exchange]:
        if exchange := self._open.get(key):
            blocked = params.get("blockedReason")
            exchange.failure = line(params.get("errorText"), 200)
            exchange.failure += f" ({line(blocked, 60)})" if blocked else ""
        return list(filter(None, [self._end(key, "failed")]))

    def _socket(self, key: str, params: Mapping[str, Any], session: str) -> list[Exchange]:
        if len(self.sockets) < bounds.MAX_ORIGINS:
            self.sockets.append(url(params.get("url")))
        return []

    def _end(self, key: str, how: str) -> Exchange | None:
        exchange = self._open.pop(key, None)
        if exchange is not None:
            exchange.ended = how
        return exchange  # its chain stays a while: exact headers may be told later

    def _chain(self, key: str) -> Chain:
        if key not in self._chains:
            while len(self._chains) >= 2 * bounds.MAX_OPEN:
                del self._chains[next(iter(self._chains))]
            open_ = self._open.get(key)
            self._chains[key] = open_.chain if open_ else Chain()
        return self._chains[key]


def _remember(values: list[Mapping[str, Any]], params: Mapping[str, Any]) -> None:
    if len(values) < 30:  # the browser itself follows 20 redirects
        values.append({"headers": params.get("headers"), "statusCode": params.get("statusCode")})


def _posted(asked: Mapping[str, Any]) -> tuple[bytes, bool]:
    """The request's body, and whether (a part of) it is missing."""
    entries = asked.get("postDataEntries")
    if isinstance(entries, list) and entries:
        try:
            parts = [base64.b64decode(str(mapping(each)["bytes"])) for each in entries[:100]]
            return b"".join(parts)[: bounds.MAX_POST], len(entries) > 100
        except (KeyError, binascii.Error, ValueError):
            return b"", True
    text = asked.get("postData")
    if isinstance(text, str):
        return text[: bounds.MAX_POST].encode("utf-8", "replace"), len(text) > bounds.MAX_POST
    return b"", bool(asked.get("hasPostData"))


#: Told of in the session that has the body.
_BY_THE_READER = ("Network.responseReceived", "Network.loadingFinished")
_HANDLERS: dict[str, Any] = {
    "Network.requestWillBeSent": Exchanges._asked,
    "Network.responseReceived": Exchanges._answered,
    "Network.dataReceived": Exchanges._data,
    "Network.requestServedFromCache": Exchanges._cached,
    "Network.requestWillBeSentExtraInfo": Exchanges._exact_request,
    "Network.responseReceivedExtraInfo": Exchanges._exact_response,
    "Network.loadingFinished": Exchanges._finished,
    "Network.loadingFailed": Exchanges._failed,
    "Network.webSocketCreated": Exchanges._socket,
}
