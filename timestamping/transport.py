"""RFC 3161 over HTTP (§3.4): one request, one small answer, within one time limit.

A TSA is a stranger's server. Its answer may be endless, dripping, compressed, a redirect or a
login page; none of that may hold a worker or fill its memory.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import socket
import ssl
from collections import deque
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote, urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, ProtocolError
from urllib3.response import HTTPResponse

from timestamping.errors import BadReply, TsaTimeout, TsaUnavailable
from timestamping.watchdog import Watchdog

REPLY_TYPE: Final = "application/timestamp-reply"
QUERY_TYPE: Final = "application/timestamp-query"
#: Real replies have 1 to 8 KiB; one with a long chain and revocation lists still fits.
MAX_REPLY: Final = 64 * 1024
_CHUNK: Final = 16 * 1024
_MOST_IDLE: Final = 8


class Transport:
    """Posts queries to one URL; connections are kept open and may be used by many threads.

    Args:
        url: ``http://`` or ``https://``; a user name and password in it become basic
            authentication and appear in no message.
        timeout: seconds for a whole exchange, from connecting to the last byte.

    Raises:
        ValueError: not such a URL.
    """

    def __init__(self, url: str, timeout: float) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the address of a TSA begins with http:// or https:// and a host")
        self._secure, self._host = parts.scheme == "https", parts.hostname
        self._port = parts.port or (443 if self._secure else 80)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._timeout = timeout
        self._context = ssl.create_default_context() if self._secure else None
        self._idle: deque[HTTPConnection] = deque()
        self._headers = {"Content-Type": QUERY_TYPE, "Accept": REPLY_TYPE}
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            encoded = base64.b64encode(pair.encode()).decode("ascii")
            self._headers["Authorization"] = f"Basic {encoded}"
        #: The address without user name and password.
        self.address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{self._path}"

    def post(self, query: bytes) -> bytes:
        """The body of the TSA's reply.

        Raises:
            TsaUnavailable: no connection, broken off, HTTP 429 or 5xx.
            TsaTimeout: not finished in time.
            BadReply: another status, a redirect, another content type, too large.
        """
        while True:
            connection, used = self._connection()
            try:
                return self._exchange(connection, query)
            except _Stale:
                # The server closed a kept connection meanwhile. Asking again is harmless: at
                # worst the TSA makes a token that nobody takes.
                if not used:
                    raise TsaUnavailable(f"{self.address} closed the connection") from None

    def reach(self) -> None:
        """Connect and hang up.

        Raises:
            TsaUnavailable, TsaTimeout: as ``post``.
        """
        connection = self._new()
        watchdog = Watchdog(lambda: connection.sock, self._timeout)
        try:
            with self._failures(watchdog), watchdog:
                connection.connect()
        except _Stale:
            raise TsaUnavailable(f"{self.address} closed the connection") from None
        finally:
            connection.close()

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _connection(self) -> tuple[HTTPConnection, bool]:
        try:
            return self._idle.pop(), True
        except IndexError:
            return self._new(), False

    def _new(self) -> HTTPConnection:
        if self._secure:
            return HTTPSConnection(
                self._host, self._port, timeout=self._timeout, ssl_context=self._context
            )
        return HTTPConnection(self._host, self._port, timeout=self._timeout)

    def _exchange(self, connection: HTTPConnection, query: bytes) -> bytes:
        done = False
        wire: socket.socket | None = None
        watchdog = Watchdog(lambda: wire or connection.sock, self._timeout)
        try:
            with self._failures(watchdog), watchdog:
                connection.request(
                    "POST",
                    self._path,
                    body=query,
                    headers=self._headers,
                    preload_content=False,
                    decode_content=False,
                )
                wire = connection.sock
                response = connection.getresponse()
                watchdog.check()  # so do headers
                self._check_head(response)
                body = self._read(response)
                watchdog.check()  # a body without a length ends wherever the line was cut
            done = response.headers.get("Connection", "").lower() != "close"
            return body
        finally:
            if done and len(self._idle) < _MOST_IDLE:
                self._idle.append(connection)
            else:
                connection.close()

    @contextlib.contextmanager
    def _failures(self, watchdog: Watchdog) -> Iterator[None]:
        """Turn what urllib3, http.client and the socket raise into this package's errors."""
        late = f"{self.address} did not answer within {self._timeout:g} s"
        try:
            yield
        except (HTTPError, http.client.HTTPException, OSError) as error:
            if watchdog.bitten or isinstance(error, TimeoutError) or "timed out" in str(error):
                raise TsaTimeout(late) from error
            if isinstance(
                error, http.client.RemoteDisconnected | ConnectionResetError | BrokenPipeError
            ):
                raise _Stale from error
            what = (
                "broke off its answer" if isinstance(error, ProtocolError) else "cannot be reached"
            )
            raise TsaUnavailable(f"{self.address} {what}: {_words(error)}") from error

    def _check_head(self, response: HTTPResponse) -> None:
        status = response.status
        if 300 <= status < 400:
            target = response.headers.get("Location", "nowhere")
            raise BadReply(
                f"{self.address} redirects to {target[:200]}; redirects are not followed",
                "bad-reply-redirect",
            )
        if status == 429 or status >= 500:
            raise TsaUnavailable(f"{self.address} is not able to answer now (HTTP {status})")
        if status != 200:
            raise BadReply(f"{self.address} answered with HTTP {status}", "bad-reply-http")
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != REPLY_TYPE or response.headers.get("Content-Encoding", "identity") != "identity":
            raise BadReply(
                f"{self.address} answered with {kind[:100] or 'no content type'}, not {REPLY_TYPE}",
                "bad-reply-type",
            )

    def _read(self, response: HTTPResponse) -> bytes:
        body = bytearray()
        while chunk := response.read1(_CHUNK, decode_content=False):
            body += chunk
            if len(body) > MAX_REPLY:
                raise BadReply(
                    f"{self.address} answered with more than {MAX_REPLY} bytes", "bad-reply-size"
                )
        return bytes(body)


class _Stale(Exception):
    """The other side hung up before it answered anything."""


def _words(error: BaseException) -> str:
    """The innermost reason, without the library's object addresses."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).rpartition(": ")[2] or type(error).__name__
