"""One attempt: one POST to one checked address, within one time limit, a bounded answer.

A receiver is a stranger's server: it may be slow, drip, redirect, or answer without end. And its
name may lead elsewhere by the time we connect, so the connection goes to the address that was
judged a moment before; the name is only what we call it by (Host, SNI, certificate).
"""

from __future__ import annotations

import functools
import http.client
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from portal.webhooks.addresses import Network, Refused, Resolver, Url, judged, system_resolver
from timestamping.watchdog import Watchdog

_log = structlog.get_logger(__name__)
#: How much of an answer is kept.
KEPT: Final = 1024
#: Longest pause a receiver may ask for by Retry-After, seconds.
_MOST_PAUSE: Final = 3600


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt came to.

    Attributes:
        status: the HTTP status; None when no answer came.
        milliseconds: from resolving the name to the end of the answer.
        fault: empty when acknowledged (2xx); else ``unknown`` (the name has no address),
            ``address`` (not a public one), ``unreachable``, ``tls``, ``timeout``, ``broken``,
            ``redirect``, ``gone`` or ``status``.
        answer: the first KiB of the answer, as text; of what prevented one otherwise.
        pause: seconds the receiver asked to be left alone.
    """

    status: int | None
    milliseconds: int
    fault: str
    answer: str
    pause: int = 0

    @property
    def ok(self) -> bool:
        return not self.fault


@functools.cache
def _system_trust() -> ssl.SSLContext:
    """Whom the system trusts. Read once: it is some hundred certificates."""
    return ssl.create_default_context()


class Sender:
    """Safe for threads; keeps nothing between attempts."""

    def __init__(
        self,
        timeout: float,
        allowed: Sequence[Network] = (),
        resolve: Resolver = system_resolver,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """``timeout`` is for a whole attempt in seconds; ``allowed`` are networks that need not be
        public."""
        self.timeout = timeout
        self.allowed = tuple(allowed)
        self.resolve = resolve
        self._context = context or _system_trust()

    def post(self, url: Url, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Never raises for what the receiver does."""
        return self._attempt("POST", url, body, headers)

    def get(self, url: Url, headers: Mapping[str, str]) -> Outcome:
        """As :meth:`post`, for asking instead of telling: the answer has at most a KiB."""
        return self._attempt("GET", url, None, headers)

    def _attempt(
        self, method: str, url: Url, body: bytes | None, headers: Mapping[str, str]
    ) -> Outcome:
        began = time.monotonic()

        def ended(
            fault: str, answer: str = "", status: int | None = None, pause: int = 0
        ) -> Outcome:
            spent = round((time.monotonic() - began) * 1000)
            return Outcome(status, spent, fault, answer, pause)

        try:
            addresses = judged(url, self.resolve, self.allowed)
        except Refused as error:
            return ended(error.code)
        connection = _Pinned(url, addresses, self.timeout, self._context if url.secure else None)
        watchdog = Watchdog(lambda: connection.wire, self.timeout)
        try:
            with watchdog:
                connection.request(method, url.path, body=body, headers=dict(headers))
                with connection.getresponse() as response:
                    answer = _text(response.read(KEPT))
        except ssl.SSLError as error:
            return ended("timeout" if watchdog.bitten else "tls", _reason(error))
        except (OSError, http.client.HTTPException, ValueError) as error:
            late = watchdog.bitten or isinstance(error, TimeoutError)
            fault = "timeout" if late else "broken" if connection.wire else "unreachable"
            return ended(fault, _reason(error))
        finally:
            connection.close()
        if watchdog.bitten:
            return ended("timeout", answer)
        return ended(_judge(response.status), answer, response.status, _pause(response))


class _Pinned(http.client.HTTPConnection):
    """Connects to ``addresses`` in order, whatever the host's name leads to by now."""

    def __init__(
        self, url: Url, addresses: Sequence[str], timeout: float, context: ssl.SSLContext | None
    ) -> None:
        super().__init__(url.host, url.port, timeout=timeout)
        self._addresses, self._seconds = addresses, timeout
        self._context = context
        #: The connected socket. ``sock`` is forgotten by http.client as soon as it has read the
        #: head of an answer that ends with the connection.
        self.wire: socket.socket | None = None
        if context is not None:
            self.default_port = 443  # else Host would name the port

    def connect(self) -> None:
        last: OSError = TimeoutError("no connection in time")
        until = time.monotonic() + self._seconds
        for address in self._addresses:
            left = until - time.monotonic()
            if left <= 0:
                break
            try:
                raw = socket.create_connection((address, self.port), left)
            except OSError as error:
                last = error
                continue
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sock = self.wire = raw
            if self._context is not None:
                # The handshake apart, so that the watchdog has a socket to shut meanwhile.
                secured = self._context.wrap_socket(
                    raw, server_hostname=self.host, do_handshake_on_connect=False
                )
                self.sock = self.wire = secured
                secured.do_handshake()
            return
        raise last


def _judge(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return "redirect"  # never followed: it would lead past rule 4
    return "gone" if status == http.client.GONE else "status"


def _pause(response: http.client.HTTPResponse) -> int:
    """Retry-After in seconds, RFC 9110 §10.2.3; a date is not worth parsing for a hint."""
    given = response.headers.get("Retry-After", "")
    if not (given.isascii() and given.isdigit()):
        return 0
    return min(int(given[:9]), _MOST_PAUSE)


def _text(data: bytes) -> str:
    return data[:KEPT].decode("utf-8", "replace").replace("\x00", "�")


def _reason(error: Exception) -> str:
    words = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    return _text(str(words).encode("utf-8", "replace"))[:200] or type(error).__name__
