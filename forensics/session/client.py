"""Ask a keeper: one connection, one line out, one line back."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from forensics import errors
from forensics.errors import DeskUnavailable, ForensicsError
from forensics.session.commands import MAX_REQUEST
from forensics.session.sockets import short_address

_TIMEOUT: Final = 10.0
_MAX_ANSWER: Final = 8 << 20


def ask(
    path: Path, name: str, arguments: Mapping[str, Any] | None = None, timeout: float = _TIMEOUT
) -> dict[str, Any]:
    """What the keeper listening at ``path`` answers to the command.

    Raises:
        DeskUnavailable: nobody answers within ``timeout`` seconds, or with nonsense.
        ForensicsError: of the class the keeper names, with its sentence.
    """
    request = json.dumps({"command": name, "arguments": dict(arguments or {})}).encode() + b"\n"
    if len(request) > MAX_REQUEST:
        raise errors.InvalidSpec("that is too long for one request")
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            with short_address(path) as address:
                connection.connect(address)
            connection.sendall(request)
            with connection.makefile("rb") as answers:
                line = answers.readline(_MAX_ANSWER)
        answer = json.loads(line)
    except (OSError, ValueError) as error:
        raise DeskUnavailable("the session does not answer") from error
    return _unpacked(answer)


def _unpacked(answer: Any) -> dict[str, Any]:
    if isinstance(answer, dict) and isinstance(answer.get("answer"), dict):
        return dict(answer["answer"])
    failure = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(failure, dict):
        raise DeskUnavailable("the session answers nonsense")
    kind = getattr(errors, str(failure.get("kind")), None)
    message = str(failure.get("message", ""))[:1000]
    if isinstance(kind, type) and issubclass(kind, ForensicsError):
        raise kind(message)
    raise DeskUnavailable(message or "the session failed to answer")
