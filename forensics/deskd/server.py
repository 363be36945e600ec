"""The socket: who may ask, what is asked, what is answered."""

from __future__ import annotations

import grp
import json
import logging
import os
import pwd
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from forensics.deskd import protocol
from forensics.deskd.house import House
from forensics.desktop.interface import DesktopSpec
from forensics.errors import DeskUnavailable, ForensicsError, InvalidSpec
from forensics.session.status import to_json

#: Seconds for a whole line to come in, and to take an answer.
_SECONDS: Final = 30.0
_CONNECTIONS: Final = 64
_BLOCK: Final = 1 << 16
#: Accounts of desktops never ask, whatever groups they are in (see slots).
_DESKTOPS: Final = range(61000, 64000)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Peers:
    """Who may ask: root, the service's own user, and the members of ``group``."""

    group: int

    def allow(self, uid: int, gid: int) -> bool:
        if uid in _DESKTOPS:
            return False
        return uid in {0, os.geteuid()} or gid == self.group or self._is_member(uid)

    def _is_member(self, uid: int) -> bool:
        if self.group == 0:
            return False  # root's own group opens nothing to others
        try:
            name = pwd.getpwuid(uid).pw_name
            return name in grp.getgrgid(self.group).gr_mem
        except KeyError:
            return False


def credentials(connection: socket.socket) -> tuple[int, int, int]:
    """Number, user and group of the process at the other end (unix(7), SO_PEERCRED)."""
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, gid = struct.unpack("3i", data)
    return pid, uid, gid


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Serves ``house`` at ``path``."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path: Path, house: House, peers: Peers) -> None:
        self.house, self.peers = house, peers
        self._places = threading.BoundedSemaphore(_CONNECTIONS)
        path.unlink(missing_ok=True)
        before = os.umask(0o177)  # nobody connects before the group is set
        try:
            super().__init__(str(path), _Conversation)
        finally:
            os.umask(before)
        os.chown(path, -1, peers.group)
        path.chmod(0o660)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        pid, uid, gid = credentials(request)
        if self.peers.allow(uid, gid):
            return True
        _log.warning("refused: process %s of user %s", pid, uid)
        return False

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(timeout=_SECONDS):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        _log.debug("a conversation broke off", exc_info=True)


class _Conversation(socketserver.StreamRequestHandler):
    timeout = _SECONDS
    wbufsize = -1

    def handle(self) -> None:
        house = cast(Server, self.server).house
        stream = cast(BinaryIO, self.rfile)
        while True:
            try:
                request = protocol.read_line(stream, protocol.MAX_REQUEST)
            except ValueError as error:
                self._say(protocol.error_of(InvalidSpec(str(error))))
                return
            if request is None:
                return
            if request.get("do") == "read":
                self._read(house, request)
            else:
                self._say(answer(house, request))

    def _read(self, house: House, request: Mapping[str, Any]) -> None:
        try:
            file, size = house.open(_text(request, "session"), _text(request, "path"))
        except ForensicsError as error:
            self._say(protocol.error_of(error))
            return
        with file:
            self._say({"answer": {"size": size}})
            while size:
                piece = file.read(min(size, _BLOCK))
                if not piece:
                    raise EOFError("the file became shorter")
                self.wfile.write(piece)
                size -= len(piece)
        self.wfile.flush()

    def _say(self, value: Mapping[str, Any]) -> None:
        line = protocol.encode(value)
        if len(line) > protocol.MAX_ANSWER:
            line = protocol.encode(protocol.error_of(DeskUnavailable("the answer is too long")))
        self.wfile.write(line)
        self.wfile.flush()


def answer(house: House, request: Mapping[str, Any]) -> dict[str, Any]:
    """What is answered to one request; never raises."""
    try:
        act = _ACTS.get(str(request.get("do")))
        if act is None:
            raise InvalidSpec("the desktop service cannot do that")
        return {"answer": act(house, request)}
    except ForensicsError as error:
        return protocol.error_of(error)
    except Exception:  # noqa: BLE001 - one request must not end the service
        _log.exception("answering %s", request.get("do"))
        return protocol.error_of(DeskUnavailable("the desktop service failed; its log says why"))


def _text(request: Mapping[str, Any], name: str) -> str:
    value = request.get(name)
    if not isinstance(value, str):
        raise InvalidSpec(f"{name} is no text")
    return value


def _spec(request: Mapping[str, Any]) -> DesktopSpec:
    return protocol.spec_from_json(request.get("spec"))


def _command(house: House, request: Mapping[str, Any]) -> dict[str, Any]:
    arguments = request.get("arguments")
    if not isinstance(arguments, dict):
        raise InvalidSpec("arguments is no object")
    return house.command(_text(request, "session"), _text(request, "name"), arguments)


def _endpoints(house: House, request: Mapping[str, Any]) -> dict[str, Any]:
    found = house.endpoints(_text(request, "session"))
    return {"rfb": str(found.rfb), "gate": str(found.gate)}


def _observe(house: House, request: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(to_json(house.observe(_text(request, "session"))))
    return found


def _nothing(act: Callable[[House, Mapping[str, Any]], None]) -> _Act:
    def done(house: House, request: Mapping[str, Any]) -> dict[str, Any]:
        act(house, request)
        return {}

    return done


_Act = Callable[[House, Mapping[str, Any]], dict[str, Any]]
_ACTS: Final[Mapping[str, _Act]] = {
    "probe": lambda house, request: protocol.probe_to_json(house.probe()),
    "create": _nothing(lambda house, request: house.create(_spec(request))),
    "launch": _nothing(lambda house, request: house.launch(_text(request, "session"))),
    "observe": _observe,
    "endpoints": _endpoints,
    "command": _command,
    "freeze": _nothing(
        lambda house, request: house.freeze(
            _text(request, "session"), _text(request, "reason")[:1000]
        )
    ),
    "finish": _nothing(lambda house, request: house.finish(_text(request, "session"))),
    "files": lambda house, request: {"files": house.files(_text(request, "session"))},
    "destroy": _nothing(lambda house, request: house.destroy(_text(request, "session"))),
    "sessions": lambda house, request: {"sessions": house.sessions()},
}
