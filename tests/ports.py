"""Ports for servers that are told theirs before they start, or that come back on the same one."""

from __future__ import annotations

import itertools
import os
import socket
from contextlib import suppress
from typing import Final

#: Below what the system gives away by itself, to every connection that goes out: a port from there
#: may be taken by one before its server binds it. Each worker of the tests has a part of its own.
_FIRST: Final = 12_000 if os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0" else 20_000
_COUNT: Final = 8_000
#: Another run of the tests begins elsewhere.
_places = itertools.count(os.getpid() * 97 % _COUNT)


def free_port() -> int:
    """A port nobody listens at, never given before by this process while there are others."""
    for place in itertools.islice(_places, _COUNT):
        port = _FIRST + place % _COUNT
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def free_ports(count: int) -> list[int]:
    return [free_port() for _ in range(count)]
