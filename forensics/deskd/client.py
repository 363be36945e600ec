"""The provider ``local``: asks the desktop service of this machine."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

from forensics.deskd import protocol
from forensics.desktop.interface import Desktop, DesktopSpec, Endpoints, Observation, Probe
from forensics.desktop.layout import socket_path
from forensics.errors import DeskUnavailable, InvalidEvidence, InvalidSpec
from forensics.session.status import from_json

_SECONDS: Final = 20.0
_BLOCK: Final = 1 << 16


class LocalDesktop(Desktop):
    """``root`` is the service's folder, or its socket. One connection a question: nothing is kept
    that could go stale when the service is started again."""

    def __init__(self, root: Path, seconds: float = _SECONDS) -> None:
        self._root, self._seconds = root, seconds

    def probe(self) -> Probe:
        answer = self._ask("probe")
        try:
            return protocol.probe_from_json(answer)
        except (KeyError, TypeError, ValueError) as error:
            raise DeskUnavailable("the desktop service answers nonsense") from error

    def create(self, spec: DesktopSpec) -> None:
        self._ask("create", spec=protocol.spec_to_json(spec))

    def launch(self, session: str) -> None:
        self._ask("launch", session=session)

    def observe(self, session: str) -> Observation:
        try:
            return from_json(protocol.encode(self._ask("observe", session=session)))
        except InvalidEvidence as error:
            raise DeskUnavailable(str(error)) from error

    def endpoints(self, session: str) -> Endpoints:
        answer = self._ask("endpoints", session=session)
        return Endpoints(Path(str(answer.get("rfb"))), Path(str(answer.get("gate"))))

    def command(self, session: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return self._ask("command", session=session, name=name, arguments=dict(arguments))

    def freeze(self, session: str, reason: str) -> None:
        self._ask("freeze", session=session, reason=reason)

    def finish(self, session: str) -> None:
        self._ask("finish", session=session)

    def files(self, session: str) -> list[tuple[str, int]]:
        found = self._ask("files", session=session).get("files", [])
        try:
            return [(str(path), int(size)) for path, size in found]
        except (TypeError, ValueError) as error:
            raise DeskUnavailable("the desktop service answers nonsense") from error

    def read(self, session: str, path: str) -> Iterator[bytes]:
        if len(path.encode()) > protocol.MAX_PATH:
            raise InvalidSpec("there is no file with so long a path")
        return self._pieces(session, path)

    def destroy(self, session: str) -> None:
        self._ask("destroy", session=session)

    def sessions(self) -> list[str]:
        return [str(each) for each in self._ask("sessions").get("sessions", [])]

    def _pieces(self, session: str, path: str) -> Iterator[bytes]:
        with self._connected() as stream:
            left = self._exchange(stream, {"do": "read", "session": session, "path": path})["size"]
            while left:
                try:
                    piece = stream.read(min(left, _BLOCK))
                except OSError as error:
                    raise DeskUnavailable(f"the desktop service broke off: {error}") from error
                if not piece:
                    raise DeskUnavailable("the desktop service broke off in the middle of a file")
                left -= len(piece)
                yield piece

    def _ask(self, do: str, **fields: Any) -> dict[str, Any]:
        with self._connected() as stream:
            return self._exchange(stream, {"do": do, **fields})

    def _exchange(self, stream: BinaryIO, request: dict[str, Any]) -> dict[str, Any]:
        line = protocol.encode(request)
        if len(line) > protocol.MAX_REQUEST:
            raise InvalidSpec("that is too long for one request")
        try:
            stream.write(line)
            stream.flush()
            answer = protocol.read_line(stream, protocol.MAX_ANSWER)
        except (OSError, ValueError) as error:
            raise DeskUnavailable(f"the desktop service does not answer: {error}") from error
        if answer is None:
            raise DeskUnavailable("the desktop service does not answer")
        if not isinstance(answer.get("answer"), dict):
            protocol.raise_error(answer.get("error"))
        return dict(answer["answer"])

    @contextlib.contextmanager
    def _connected(self) -> Iterator[BinaryIO]:
        path = self._root if self._root.is_socket() else socket_path(self._root)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(self._seconds)
        with connection:
            try:
                connection.connect(str(path))
            except OSError as error:
                raise DeskUnavailable(
                    f"the desktop service does not run at {path}: {error.strerror or error}; "
                    "start it by python -m forensics.deskd"
                ) from error
            with connection.makefile("rwb") as stream:
                yield stream  # type: ignore[misc]
