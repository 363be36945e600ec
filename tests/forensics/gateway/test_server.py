"""The gateway over real WebSockets, before what plays an X server and before a real one."""

from __future__ import annotations

import asyncio
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from forensics.desktop.interface import Endpoints, Observation, Phase
from forensics.errors import UnknownSession
from forensics.gateway import Gateway, GatewayOptions, Role, gate, issue
from forensics.gateway.server import BAD_MESSAGE, ENDED
from tests.forensics.gateway.test_rfb import HELLO, KEY, POINTER, UPDATE
from tests.forensics.xvnc import on_free_display
from tests.waiting import PATIENCE, wait_for

SECRET = b"s" * 32
SESSION = "ab" * 16
ORIGIN = "http://127.0.0.1:8000"
COOKIE = "browser-secret"


class Host:
    """As much of a provider as the gateway asks; remembers what it was told."""

    def __init__(self, folder: Path) -> None:
        self.phase = Phase.LIVE
        self.told: list[tuple[str, Mapping[str, Any]]] = []
        self._endpoints = Endpoints(folder / "rfb.sock", folder / "gate")

    def observe(self, session: str) -> Observation:
        if session != SESSION:
            raise UnknownSession(session)
        return Observation(session, self.phase)

    def endpoints(self, session: str) -> Endpoints:
        return self._endpoints

    def command(self, session: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self.told.append((name, arguments))
        return {}


class Screen(threading.Thread):
    """Greets like an X server and keeps what reaches it."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self.got = bytearray()
        self.connections: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()

    def run(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections.append(connection)
                connection.sendall(b"RFB 003.008\n")
                threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        with suppress(OSError):
            while data := connection.recv(4096):
                self.got += data

    def close(self) -> None:
        self._listener.close()
        for each in self.connections:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


class Serving:
    """A gateway on a port of its own, in a thread of its own."""

    def __init__(self, host: Host, **options: Any) -> None:
        chosen = {
            "secret": SECRET,
            "origins": frozenset({ORIGIN}),
            "desktop_of": lambda _: host,
            "port": 0,
        }
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._gateway = Gateway(GatewayOptions(**chosen | options))
        self.port = self._do(self._gateway.start())

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def close(self) -> None:
        self._do(self._gateway.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def connect(
        self, ticket: str | None = None, *, role: Role = Role.DRIVER, **changed: Any
    ) -> ClientConnection:
        text = ticket or issue(SECRET, SESSION, "u", role, ORIGIN, COOKIE)
        values = {"session": SESSION, "origin": ORIGIN, "cookie": f"desk={COOKIE}"} | changed
        return connect(
            f"ws://127.0.0.1:{self.port}/{values['session']}",
            subprotocols=["binary", f"ticket.{text}"],  # type: ignore[list-item]
            origin=values["origin"],
            additional_headers={"Cookie": values["cookie"]} if values["cookie"] else {},
            compression=None,
            proxy=None,
        )


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    # Nobody here says again and again that the gate is open.
    monkeypatch.setattr(gate, "STALE", 600.0)
    (tmp_path / "gate").write_bytes(b"1")
    return Host(tmp_path)


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    playing = Screen(tmp_path / "rfb.sock")
    playing.start()
    yield playing
    playing.close()


@pytest.fixture
def serving(host: Host) -> Iterator[Serving]:
    gateway = Serving(host)
    yield gateway
    gateway.close()


def test_bytes_go_both_ways(serving: Serving, screen: Screen, host: Host) -> None:
    with serving.connect() as browser:
        assert browser.subprotocol == "binary"
        assert browser.recv(PATIENCE) == b"RFB 003.008\n"
        browser.send(HELLO + KEY)
        wait_for(lambda: bytes(screen.got) == HELLO + KEY)
    wait_for(lambda: ("viewer", {"joined": False, "role": "driver"}) in host.told)
    assert ("viewer", {"joined": True, "role": "driver"}) in host.told
    assert ("activity", {}) in host.told


def test_a_viewer_only_watches(serving: Serving, screen: Screen, host: Host) -> None:
    with serving.connect(role=Role.VIEWER) as browser:
        browser.send(HELLO + KEY + POINTER + UPDATE)
        wait_for(lambda: bytes(screen.got) == HELLO + UPDATE)
    assert ("activity", {}) not in host.told


def test_a_closed_gate_holds_keys_back(serving: Serving, screen: Screen, tmp_path: Path) -> None:
    (tmp_path / "gate").write_bytes(b"0")
    with serving.connect() as browser:
        browser.send(HELLO + KEY + UPDATE)
        wait_for(lambda: bytes(screen.got) == HELLO + UPDATE)


def test_a_ticket_used_twice_is_refused(serving: Serving, screen: Screen) -> None:
    ticket = issue(SECRET, SESSION, "u", Role.DRIVER, ORIGIN, COOKIE)
    with serving.connect(ticket):
        pass
    with pytest.raises(InvalidStatus) as refused:
        serving.connect(ticket)
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    "changed",
    [
        {"origin": "https://evil.example"},
        {"origin": None},
        {"cookie": "desk=of-another-person"},
        {"cookie": ""},
        {"cookie": f"desk={COOKIE}; desk=other"},
        {"session": "cd" * 16},
        {"session": "../" + "ab" * 16},
        {"ticket": "forged.ticket"},
    ],
)
def test_whoever_is_not_meant_is_refused(
    serving: Serving, screen: Screen, changed: dict[str, Any]
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        serving.connect(**changed)
    assert refused.value.response.status_code == 403
    assert screen.connections == []


@pytest.mark.parametrize("phase", [Phase.ENDING, Phase.ENDED])
def test_after_the_end_nobody_comes_in(
    serving: Serving, screen: Screen, host: Host, phase: Phase
) -> None:
    host.phase = phase
    with pytest.raises(InvalidStatus):
        serving.connect()


def test_what_is_not_rfb_ends_the_connection(serving: Serving, screen: Screen) -> None:
    with serving.connect() as browser:
        assert browser.recv(PATIENCE) == b"RFB 003.008\n"
        browser.send(HELLO + b"\x99")
        with pytest.raises(ConnectionClosed) as closed:
            browser.recv(PATIENCE)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == BAD_MESSAGE
    wait_for(lambda: bytes(screen.got) in {b"", HELLO})


def test_when_the_desktop_ends_the_page_is_told(serving: Serving, screen: Screen) -> None:
    with serving.connect() as browser:
        browser.recv(PATIENCE)
        screen.close()
        with pytest.raises(ConnectionClosed) as closed:
            browser.recv(PATIENCE)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == ENDED


def test_a_desktop_that_is_not_there(serving: Serving) -> None:
    with serving.connect() as browser, pytest.raises(ConnectionClosed) as closed:
        browser.recv(PATIENCE)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == ENDED


@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_link_to_another_socket_leads_nowhere(
    serving: Serving, tmp_path: Path, kind: str
) -> None:
    """An X server taken over by a page could lay one, to have the gateway speak to another."""
    other = Screen(tmp_path / "another.sock")
    other.start()
    if kind == "link":
        (tmp_path / "rfb.sock").symlink_to(tmp_path / "another.sock")
    else:
        (tmp_path / "rfb.sock").write_bytes(b"")
    with serving.connect() as browser, pytest.raises(ConnectionClosed) as closed:
        browser.recv(PATIENCE)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == ENDED
    assert other.connections == []
    other.close()


def test_there_is_room_for_so_many(host: Host, screen: Screen) -> None:
    gateway = Serving(host, max_per_session=2)
    try:
        with gateway.connect(), gateway.connect(), pytest.raises(InvalidStatus):
            gateway.connect()
        wait_for(lambda: sum(told[0] == "viewer" for told in host.told) == 4)
        with gateway.connect() as another:
            assert another.recv(PATIENCE) == b"RFB 003.008\n"
    finally:
        gateway.close()


@pytest.mark.skipif(not shutil.which("Xtigervnc"), reason="Xtigervnc is not installed")
def test_a_real_x_server_answers_through_it(serving: Serving, host: Host, tmp_path: Path) -> None:
    arguments = ["-geometry", "640x480", "-SecurityTypes", "None", "-nolisten", "tcp"]
    arguments += ["-rfbunixpath", str(tmp_path / "rfb.sock"), "-rfbport", "-1"]
    _, server = on_free_display(
        lambda number: subprocess.Popen(
            ["Xtigervnc", f":{number}", *arguments], stderr=subprocess.DEVNULL
        )
    )
    try:
        wait_for((tmp_path / "rfb.sock").exists)
        with serving.connect() as browser:
            received = bytearray()
            browser.send(HELLO)
            # Version, one security type, its result, then ServerInit with the size (§7.3.2).
            while len(received) < 12 + 2 + 4 + 4:
                received += browser.recv(PATIENCE)  # type: ignore[arg-type]
        assert received[:12] == b"RFB 003.008\n"
        assert struct.unpack(">HH", received[18:22]) == (640, 480)
    finally:
        server.terminate()
        server.wait(PATIENCE)
