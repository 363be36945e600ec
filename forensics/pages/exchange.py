"""One question to a server and its answer, as the browser tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from forensics.pages.bounds import number

Headers = list[tuple[str, str]]


@dataclass(slots=True)
class Chain:
    """The exchanges of one request, and the exact headers, which the browser tells apart from the
    rest and in no certain order: the n-th of each list belongs to the n-th exchange that has
    any."""

    requests: list[Mapping[str, Any]] = field(default_factory=list)
    responses: list[Mapping[str, Any]] = field(default_factory=list)
    counted: int = 0


@dataclass(slots=True)
class Exchange:
    """One question to a server and what came of it.

    ``started`` is seconds since 1970; ``received`` the body's bytes as the page got them,
    ``encoded`` those on the wire. ``place`` is its number in the chain's lists of exact headers, -1
    when it has none. ``response`` is empty when nothing was answered. ``ended`` says how:
    ``finished``, ``failed``, ``redirected`` or ``unfinished``.
    """

    session: str
    request: str
    address: str
    method: str
    started: float
    sent: Headers
    chain: Chain
    kind: str = ""
    initiator: str = ""
    document: str = ""
    loader: str = ""
    posted: bytes = b""
    posted_missing: bool = False
    response: Mapping[str, Any] = field(default_factory=dict)
    place: int = -1
    received: int = 0
    encoded: int = 0
    cached: bool = False
    ended: str = ""
    failure: str = ""
    redirected_to: str = ""
    body: Future[dict[str, Any]] | None = None

    @property
    def exact(self) -> Mapping[str, Any]:
        """The response's exact headers as the network saw them; empty until they are told."""
        return _at(self.chain.responses, self.place)

    @property
    def exact_request(self) -> Mapping[str, Any]:
        return _at(self.chain.requests, self.place)

    @property
    def waits_for_headers(self) -> bool:
        return self.place >= 0 and not self.exact

    @property
    def status(self) -> int:
        told = self.exact.get("statusCode") or self.response.get("status")
        value = int(number(told))
        return value if 100 <= value <= 999 else 0


def _at(values: list[Mapping[str, Any]], place: int) -> Mapping[str, Any]:
    return values[place] if 0 <= place < len(values) else {}
