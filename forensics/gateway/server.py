"""Carries RFB between browsers' WebSockets and the desktops' unix sockets.

The ticket travels as a WebSocket subprotocol (RFC 6455 §1.9) beside ``binary``, so that no address,
and therefore no log, holds it. One thread runs an event loop; what asks the desktop service blocks
and runs in others.
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import http.cookies
import logging
import os
import re
import socket
import stat
import struct
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from forensics.desktop.interface import Desktop, Endpoints, Phase
from forensics.errors import ForensicsError
from forensics.gateway.gate import Gate
from forensics.gateway.rfb import BadMessage, ClientFilter
from forensics.gateway.tickets import BadTicket, Role, Ticket, Tickets

COOKIE: Final = "desk"
PROTOCOL: Final = Subprotocol("binary")
TICKET: Final = "ticket."
#: RFC 6455 §7.4.2: codes for applications; the page has a sentence for each.
ENDED: Final = 4001
BAD_MESSAGE: Final = 4002
_PATH: Final = re.compile(r"(?:/[a-z-]+)?/([0-9a-f]{32})")
_BLOCK: Final = 1 << 16
#: seconds for an X server to take a connection
_REACH: Final = 5
#: seconds between two words to the desktop that somebody is at it
_ACTIVITY: Final = 5.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GatewayOptions:
    """``origins``: pages that may connect, as browsers name them. ``desktop_of`` gives the provider
    that has a session, or raises UnknownSession."""

    secret: bytes
    origins: frozenset[str]
    desktop_of: Callable[[str], Desktop]
    host: str = "127.0.0.1"
    port: int = 8001
    max_connections: int = 500
    max_per_session: int = 60


@dataclass(slots=True)
class _Visit:
    """One admitted connection."""

    ticket: Ticket
    desktop: Desktop
    endpoints: Endpoints
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def drives(self) -> bool:
        return self.ticket.role is Role.DRIVER


class Gateway:
    """Serves until it is stopped. A refusal is one HTTP status and nothing else: whoever has no
    ticket learns nothing about sessions; the log says why."""

    def __init__(self, options: GatewayOptions) -> None:
        self._options = options
        self._tickets = Tickets(options.secret)
        # Weak: a handshake that fails after admission leaves nothing behind.
        self._visits: MutableMapping[ServerConnection, _Visit] = WeakKeyDictionary()
        self._server: Server | None = None

    async def start(self) -> int:
        """Begin to listen; returns the port."""
        self._server = await serve(
            self._carry,
            self._options.host,
            self._options.port,
            process_request=self._admit,
            subprotocols=[PROTOCOL],
            compression=None,  # RFB compresses by itself
            max_size=2 << 20,
            ping_interval=20,
            ping_timeout=20,
            server_header=None,
        )
        return int(next(iter(self._server.sockets)).getsockname()[1])

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.start()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await self.stop()

    # -- Who may come in ----------------------------------------------------------------------

    async def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.path == "/healthz":
            return connection.respond(http.HTTPStatus.OK, "ok\n")
        try:
            self._visits[connection] = await self._visit(request)
        except (BadTicket, ForensicsError) as error:
            _log.warning("desktop connection refused: %s", error)
            return connection.respond(http.HTTPStatus.FORBIDDEN, "This ticket is not good here.\n")
        return None

    async def _visit(self, request: Request) -> _Visit:
        """Admit, in this order: room, path, origin, ticket, a session that is going on.

        Raises:
            BadTicket, ForensicsError: no.
        """
        path = _PATH.fullmatch(request.path)
        if path is None:
            raise BadTicket("no such address")
        session = path[1]
        if len(self._visits) >= self._options.max_connections or (
            sum(each.ticket.session == session for each in self._visits.values())
            >= self._options.max_per_session
        ):
            raise BadTicket("too many connections")
        origin = request.headers.get("Origin", "")
        if origin not in self._options.origins:
            raise BadTicket("from a page of another origin")
        ticket = self._tickets.redeem(
            _offered(request), session=session, origin=origin, cookie=_cookie(request)
        )
        desktop = self._options.desktop_of(session)
        observed = await asyncio.to_thread(desktop.observe, session)
        if observed.phase not in (Phase.PREPARING, Phase.LIVE):
            raise BadTicket("the session is over")
        return _Visit(ticket, desktop, await asyncio.to_thread(desktop.endpoints, session))

    # -- Carrying -----------------------------------------------------------------------------

    async def _carry(self, connection: ServerConnection) -> None:
        visit = self._visits[connection]
        try:
            screen = await asyncio.to_thread(_reach, visit.endpoints.rfb)
            reader, writer = await asyncio.open_unix_connection(sock=screen)
        except OSError as error:
            _log.warning("the desktop's screen cannot be reached: %s", error)
            await connection.close(ENDED, "the desktop is not there")
            self._visits.pop(connection, None)
            return
        await self._tell(visit, "viewer", {"joined": True, "role": visit.ticket.role.value})
        try:
            await self._both_ways(connection, visit, reader, writer)
        finally:
            writer.close()
            self._visits.pop(connection, None)
            await self._tell(visit, "viewer", {"joined": False, "role": visit.ticket.role.value})

    async def _both_ways(
        self,
        connection: ServerConnection,
        visit: _Visit,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Until either side ends; the other is ended then."""
        down = asyncio.create_task(_to_browser(reader, connection))
        up = asyncio.create_task(self._to_desktop(connection, visit, writer))
        _, pending = await asyncio.wait({down, up}, return_when=asyncio.FIRST_COMPLETED)
        code, reason = ENDED, "the desktop ended"
        if up.done() and isinstance(up.exception(), BadMessage):
            code, reason = BAD_MESSAGE, "not understood"
            _log.warning("desktop connection ended: %s", up.exception())
        for task in pending:
            task.cancel()
        await asyncio.gather(down, up, return_exceptions=True)
        await connection.close(code, reason)

    async def _to_desktop(
        self, connection: ServerConnection, visit: _Visit, writer: asyncio.StreamWriter
    ) -> None:
        gate = Gate(visit.endpoints.gate)
        filtered = ClientFilter(lambda: visit.drives and bool(gate))
        told = 0.0
        now = asyncio.get_running_loop().time
        with contextlib.suppress(ConnectionClosed, ConnectionError):
            async for message in connection:
                if isinstance(message, str):
                    raise BadMessage("text where RFB was expected")
                before = filtered.passed.input
                writer.write(filtered.feed(message))
                await writer.drain()
                if filtered.passed.input > before and now() - told > _ACTIVITY:
                    told = now()
                    task = asyncio.create_task(self._tell(visit, "activity", {}))
                    visit.tasks.add(task)
                    task.add_done_callback(visit.tasks.discard)

    async def _tell(self, visit: _Visit, name: str, arguments: dict[str, object]) -> None:
        """A word to the session's record; a session that ends just now need not hear it."""
        try:
            await asyncio.to_thread(visit.desktop.command, visit.ticket.session, name, arguments)
        except ForensicsError as error:
            _log.info("the desktop was not told of %s: %s", name, error)


def _reach(path: Path) -> socket.socket:
    """Connect to the X server. Blocking on purpose: when many come at once its queue is full, which
    a non-blocking connect to a unix socket takes for an error or, in asyncio, for success. The
    X server owns the folder, and may be anybody's by now: no link leads from there to another."""
    connection = socket.socket(socket.AF_UNIX)
    place = -1
    try:
        place = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        if not stat.S_ISSOCK(os.fstat(place).st_mode):
            raise OSError(f"{path} is no socket")
        # Python's own time-out would make the socket non-blocking; the kernel's does not.
        patience = struct.pack("@ll", _REACH, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, patience)
        connection.connect(f"/proc/self/fd/{place}")
        connection.setblocking(False)
    except OSError:
        connection.close()
        raise
    finally:
        if place >= 0:
            os.close(place)
    return connection


async def _to_browser(reader: asyncio.StreamReader, connection: ServerConnection) -> None:
    with contextlib.suppress(ConnectionClosed, ConnectionError):
        while data := await reader.read(_BLOCK):
            await connection.send(data)


def _offered(request: Request) -> str:
    """The ticket among the subprotocols; empty when there is none."""
    for header in request.headers.get_all("Sec-WebSocket-Protocol"):
        for each in header.split(","):
            if each.strip().startswith(TICKET):
                return each.strip().removeprefix(TICKET)
    return ""


def _cookie(request: Request) -> str:
    """The browser's secret. Whoever sends several such cookies sends none."""
    found = []
    for header in request.headers.get_all("Cookie"):
        with contextlib.suppress(http.cookies.CookieError):
            jar = http.cookies.SimpleCookie(header)
            found += [jar[COOKIE].value] if COOKIE in jar else []
    if len(found) != 1:
        raise BadTicket("without the browser's cookie")
    return found[0]
