"""The gateway before a real X server: from a key to its pixels, and what forty viewers cost others.

The gateway is a process of its own, as it is in service. Its viewers take what a page's viewer
takes: Tight with JPEG, as fast as it comes, of a screen that scrolls without end.
"""

from __future__ import annotations

import asyncio
import http.client
import multiprocessing
import os
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect as connect_async
from websockets.sync.client import ClientConnection, connect

from benchmarks._figures import figure
from benchmarks.portal import environment, prepare, server
from forensics.desktop.interface import Endpoints, Observation, Phase
from forensics.gateway import Gateway, GatewayOptions, Role, issue

_SECRET, _ORIGIN, _SESSION = b"b" * 32, "http://127.0.0.1:8000", "ab" * 16
_KEYS, _VIEWERS, _PAGES = 120, 40, 150
_WIDTH, _HEIGHT = 1280, 800
_HELLO = b"RFB 003.008\n\x01\x01"
_RAW, _TIGHT, _QUALITY_6 = 0, 7, -26
_SCROLLING = "while :; do ls -l /usr/bin /usr/lib; done"


def main() -> None:
    if not (shutil.which("Xtigervnc") and shutil.which("xterm")):
        print("gateway: Xtigervnc or xterm is not installed; nothing measured", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        display = stack.enter_context(_screen(folder))
        port = stack.enter_context(_gateway(folder))
        _keys(stack, display, port)
        _others(stack, display, port, folder)


def _keys(stack: ExitStack, display: str, port: int) -> None:
    with _program(display, "cat"):
        time.sleep(1)
        times = sorted(_key_to_pixel(stack.enter_context(_viewer(port)), _KEYS))
    middle, slow = statistics.median(times), times[int(len(times) * 0.95)]
    figure("key to pixel through the gateway, p50", middle, "ms", 60, at_most=True)
    figure("key to pixel through the gateway, p95", slow, "ms", 1000, at_most=True)


def _others(stack: ExitStack, display: str, port: int, folder: Path) -> None:
    settings = environment(folder)
    prepare(settings)
    web = stack.enter_context(server("wsgi:app", settings))
    _page_times(web, 20)
    quiet = statistics.median(_page_times(web, _PAGES))
    with _program(display, _SCROLLING), _crowd(port) as received:
        time.sleep(2)
        before, begin = received.value, time.monotonic()
        busy = _page_times(web, _PAGES)
        rate = (received.value - before) / (time.monotonic() - begin) / 1e6
    p99 = sorted(busy)[int(len(busy) * 0.99)]
    figure("another page without viewers, p50", quiet, "ms", 100, at_most=True)
    figure("another page beside 40 viewers, p50", statistics.median(busy), "ms", 100, at_most=True)
    figure("another page beside 40 viewers, p99", p99, "ms", 1000, at_most=True)
    figure("carried to 40 viewers together", rate, "MB/s", 0)


@contextmanager
def _screen(folder: Path) -> Iterator[str]:
    display = f":{200 + os.getpid() % 700}"
    arguments = ["-rfbunixpath", str(folder / "rfb.sock"), "-rfbport", "-1", "-nolisten", "tcp"]
    command = ["Xtigervnc", display, "-geometry", f"{_WIDTH}x{_HEIGHT}", "-depth", "24"]
    process = subprocess.Popen(
        [*command, "-SecurityTypes", "None", "-BlacklistThreshold", "100000", *arguments],
        stderr=subprocess.DEVNULL,
    )
    try:
        while not (folder / "rfb.sock").exists():
            time.sleep(0.02)
        yield display
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _program(display: str, shell: str) -> Iterator[None]:
    """A terminal over the whole screen."""
    command = ["xterm", "-geometry", "200x58+0+0", "-e", "sh", "-c", shell]
    process = subprocess.Popen(
        command, env=os.environ | {"DISPLAY": display}, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


class _Host:
    """As much of a provider as the gateway asks."""

    def __init__(self, folder: Path) -> None:
        self._endpoints = Endpoints(folder / "rfb.sock", folder / "gate")

    def observe(self, session: str) -> Observation:
        return Observation(session, Phase.LIVE)

    def endpoints(self, session: str) -> Endpoints:
        return self._endpoints

    def command(self, session: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return {}


def _serve(folder: Path, port: Any) -> None:
    async def run() -> None:
        host: Any = _Host(folder)
        gateway = Gateway(GatewayOptions(_SECRET, frozenset({_ORIGIN}), lambda _: host, port=0))
        port.value = await gateway.start()
        while True:  # the keeper's part: input may pass
            (folder / "gate").write_bytes(b"1")
            await asyncio.sleep(0.5)

    asyncio.run(run())


@contextmanager
def _gateway(folder: Path) -> Iterator[int]:
    spawn = multiprocessing.get_context("spawn")
    port = spawn.Value("i", 0)
    process = spawn.Process(target=_serve, args=(folder, port), daemon=True)
    process.start()
    while not port.value:
        time.sleep(0.05)
    yield int(port.value)
    process.kill()


def _call(port: int, role: Role) -> dict[str, Any]:
    ticket = issue(_SECRET, _SESSION, "benchmark", role, _ORIGIN, "c")
    return {
        "uri": f"ws://127.0.0.1:{port}/{_SESSION}",
        "subprotocols": ["binary", f"ticket.{ticket}"],
        "origin": _ORIGIN,
        "additional_headers": {"Cookie": "desk=c"},
        "compression": None,
        "proxy": None,
        "max_size": None,
    }


@contextmanager
def _viewer(port: int) -> Iterator[ClientConnection]:
    with connect(**_call(port, Role.DRIVER)) as connection:
        connection.send(_HELLO)
        yield connection


def _encodings(*numbers: int) -> bytes:
    return struct.pack(f">BxH{len(numbers)}i", 2, len(numbers), *numbers)


def _request(*, incremental: bool) -> bytes:
    return struct.pack(">BBHHHH", 3, incremental, 0, 0, _WIDTH, _HEIGHT)


class _Stream:
    """Bytes of a connection, as many as wanted."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection, self._buffer = connection, bytearray()

    def take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._buffer += self._connection.recv(10)  # type: ignore[arg-type]
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def waits(self, seconds: float) -> bool:
        """Whether anything comes within that time."""
        try:
            self._buffer += self._connection.recv(0 if self._buffer else seconds)  # type: ignore[arg-type]
        except TimeoutError:
            return bool(self._buffer)
        return True

    def update(self) -> None:
        """One FramebufferUpdate of raw rectangles (RFC 6143 §7.6.1, §7.7.1)."""
        while (kind := self.take(1)[0]) != 0:
            if kind == 3:  # ServerCutText
                self.take(int.from_bytes(self.take(7)[3:]))
        count = int.from_bytes(self.take(3)[1:])
        for _ in range(count):
            _, _, width, height, encoding = struct.unpack(">HHHHi", self.take(12))
            if encoding != _RAW:
                raise SystemExit(f"encoding {encoding} was not asked for")
            self.take(width * height * 4)


def _key_to_pixel(connection: ClientConnection, count: int) -> list[float]:
    """Milliseconds from sending a key until its picture is here."""
    stream = _Stream(connection)
    stream.take(12 + 2 + 4)
    init = stream.take(24)
    stream.take(int.from_bytes(init[20:24]))
    connection.send(_encodings(_RAW) + _request(incremental=False))
    stream.update()
    times = []
    for place in range(count):
        connection.send(_request(incremental=True))
        while stream.waits(0.1):  # what is left of the key before: the cursor, the next line
            stream.update()
            connection.send(_request(incremental=True))
        begin = time.monotonic()
        key = ord("a") + place % 26
        connection.send(b"".join(struct.pack(">BBxxI", 4, down, key) for down in (1, 0)))
        stream.update()
        times.append((time.monotonic() - begin) * 1000)
    return times


def _watch(port: int, received: Any) -> None:
    greeting = _HELLO + _encodings(_TIGHT, _QUALITY_6) + _request(incremental=False)

    async def one() -> None:
        async with connect_async(**_call(port, Role.VIEWER)) as connection:
            await connection.send(greeting)
            asking = asyncio.create_task(ask(connection))
            async for message in connection:
                received.value += len(message)
            asking.cancel()

    async def ask(connection: Any) -> None:
        while True:  # so often that there is always a question open; answers are not taken apart
            await asyncio.sleep(0.05)
            await connection.send(_request(incremental=True))

    async def crowd() -> None:
        await asyncio.gather(*(one() for _ in range(_VIEWERS)))

    asyncio.run(crowd())


@contextmanager
def _crowd(port: int) -> Iterator[Any]:
    """Forty viewers in a process of their own; gives the bytes they have received."""
    spawn = multiprocessing.get_context("spawn")
    received = spawn.Value("q", 0, lock=False)
    process = spawn.Process(target=_watch, args=(port, received), daemon=True)
    process.start()
    deadline = time.monotonic() + 30
    while received.value < 1_000_000:
        if time.monotonic() > deadline or not process.is_alive():
            raise SystemExit("the viewers see nothing")
        time.sleep(0.1)
    yield received
    process.kill()
    process.join()


def _page_times(port: int, count: int) -> list[float]:
    """Milliseconds of the sign-in page."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    times = []
    for _ in range(count):
        begin = time.monotonic()
        connection.request("GET", "/signin")
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"the page answered {answer.status}")
        times.append((time.monotonic() - begin) * 1000)
        time.sleep(0.02)
    connection.close()
    return times


if __name__ == "__main__":
    main()
