"""The keeper's socket: one request, one answer a connection."""

from __future__ import annotations

import json
import logging
import socketserver
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from forensics.errors import ForensicsError, InvalidSpec
from forensics.session.commands import MAX_REQUEST, check_command
from forensics.session.sockets import short_address

Answer = Callable[[str, dict[str, Any]], dict[str, Any]]
_log: Final = logging.getLogger(__name__)
_TIMEOUT: Final = 10.0


class _Handler(socketserver.StreamRequestHandler):
    timeout = _TIMEOUT
    server: _Server

    def handle(self) -> None:
        line = self.rfile.readline(MAX_REQUEST + 1)
        self.wfile.write(json.dumps(_answered(line, self.server.answer)).encode() + b"\n")


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path: str, answer: Answer) -> None:
        self.answer = answer
        super().__init__(path, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        _log.debug("a connection broke off", exc_info=True)


class CommandServer:
    """Answers at ``path`` by calling ``answer``, each connection in a thread of its own."""

    def __init__(self, path: Path, answer: Answer) -> None:
        path.unlink(missing_ok=True)
        with short_address(path) as address:
            self._server = _Server(address, answer)
        path.chmod(0o660)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="commands", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _answered(line: bytes, answer: Answer) -> dict[str, Any]:
    try:
        request = _request(line)
        arguments = check_command(str(request.get("command")), request.get("arguments") or {})
        return {"answer": answer(str(request["command"]), arguments)}
    except ForensicsError as error:
        return {"error": {"kind": type(error).__name__, "message": str(error)}}
    except OSError as error:
        message = f"the evidence cannot be written: {error.strerror or error}"
        return {"error": {"kind": "Retryable", "message": message}}
    except Exception:  # noqa: BLE001 - whoever asks gets an answer
        _log.exception("a command failed")
        return {"error": {"kind": "Retryable", "message": "the command failed inside"}}


def _request(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_REQUEST:
        raise InvalidSpec("that is too long for one request")
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidSpec("a request is one line of JSON") from error
    if not isinstance(value, dict) or not isinstance(value.get("arguments") or {}, dict):
        raise InvalidSpec("a request has command and arguments")
    return value
