"""The node's HTTP surface as a table: what a handler gets, what it gives, which handler it is.

Nothing here knows sockets. A handler raises :class:`Rejection` for every answer that is not what
was asked for; the server adds nothing to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from chain_adapter.canonical import canonical_json

#: Longest body of a request unless its route says otherwise, bytes.
MAX_BODY: Final = 1024 * 1024
TEXT: Final = "text/plain; charset=utf-8"
JSON: Final = "application/json"


class Rejection(Exception):
    """The answer is this status and this sentence. ``code`` goes with it in the header
    ``Notary-Refusal`` and, when the node keeps a record of it, into its list of refusals."""

    def __init__(
        self,
        status: int,
        code: str,
        sentence: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = TEXT,
    ) -> None:
        super().__init__(sentence)
        self.status, self.code, self.sentence = status, code, sentence
        self.headers = dict(headers or {})
        self.content_type = content_type
        self.body = f"{sentence}\n".encode() if body is None else body


class Body(Protocol):
    """A request's body on its way in: never more of it than its route allows."""

    length: int

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes, b"" at the end. Raises Rejection when the sender is too slow."""


@dataclass(frozen=True, slots=True)
class Request:
    """``path`` without query; ``groups`` what the route's pattern caught; header names in lower
    case, ``peer`` the address at the other end."""

    method: str
    path: str
    groups: tuple[str, ...]
    headers: Mapping[str, str]
    content: Body
    peer: str = ""

    def body(self) -> bytes:
        """All of the body at once."""
        return self.content.read()


@dataclass(frozen=True, slots=True)
class Response:
    """``body`` is bytes, or a file that is sent as it is read."""

    body: bytes | Path
    status: int = 200
    content_type: str = TEXT
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """``limit`` is the longest body in bytes; 0 for none at all."""

    method: str
    pattern: re.Pattern[str]
    handler: Handler
    limit: int


class Routes:
    """``routes.add("PUT", r"/packets/([0-9a-f]{64})/([1-9][0-9]*)", handler, limit=…)``."""

    def __init__(self) -> None:
        self._routes: list[Route] = []

    def add(self, method: str, pattern: str, handler: Handler, *, limit: int = 0) -> None:
        """Answer ``method`` on paths that ``pattern`` matches from end to end by ``handler``."""
        self._routes.append(Route(method, re.compile(pattern, re.ASCII), handler, limit))

    def find(self, method: str, path: str) -> tuple[Route, tuple[str, ...]]:
        """The route of a request and what its pattern caught.

        Raises:
            Rejection: 404 for an unknown path, 405 for another method than those it knows.
        """
        allowed = []
        for route in self._routes:
            match = route.pattern.fullmatch(path)
            if match is None:
                continue
            if route.method == method:
                return route, match.groups()
            allowed.append(route.method)
        if allowed:
            headers = {"Allow": ", ".join(sorted(set(allowed)))}
            raise Rejection(405, "method", "this is not asked for in that way", headers=headers)
        raise Rejection(404, "path", "there is nothing here by that name")


class Context(Protocol):
    """What a node tells those who add routes to it (``mount(routes, context)``)."""

    @property
    def name(self) -> str:
        """The node's name, as in its key."""

    @property
    def folder(self) -> Path:
        """The node's folder; one who adds routes may keep a folder of its own below it."""

    @property
    def platforms(self) -> Mapping[str, bytes]:
        """Key id → raw Ed25519 public key of every platform whose entries this node takes."""

    @property
    def options(self) -> Mapping[str, Any]:
        """The node's configuration file as read, for tables of those who add routes."""

    def holds_data(self, root: bytes) -> bool:
        """Whether an entry in the node's own copy commits to this data tree (32 bytes)."""


def json_response(value: dict[str, Any], status: int = 200) -> Response:
    """RFC 8785."""
    return Response(canonical_json(value), status, JSON)
