"""The service without desktops: who may ask, what it says, that it goes on."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from forensics.deskd import protocol
from forensics.deskd.client import LocalDesktop
from forensics.deskd.house import Ability, House, default_capacity, find_ability
from forensics.deskd.server import Peers, Server
from forensics.desktop import components
from forensics.desktop.interface import DesktopSpec, Isolation, Phase, Terminal
from forensics.desktop.layout import socket_path
from forensics.desktop.options import Options
from forensics.desktop.registry import open_desktops
from forensics.desktop.slots import SLOTS, Claims
from forensics.errors import (
    CaptureSwitchedOff,
    DeskUnavailable,
    InvalidSpec,
    UnknownSession,
    WrongState,
)
from tests.forensics.deskd.service import CODE, Service
from tests.waiting import PATIENCE

SESSION = "ab" * 16


@pytest.fixture
def house(tmp_path: Path) -> House:
    root = tmp_path / "desk"
    root.mkdir()
    # Claims of its own, but places no desktop here has: their users' processes are ended.
    claims = Claims(tmp_path / "claims", first=SLOTS - 4)
    found = House(root, Options(), Ability(True, Isolation.BARE), 2, claims)
    found.recover()
    return found


@pytest.fixture
def client(house: House) -> Iterator[LocalDesktop]:
    server = Server(socket_path(house.root), house, Peers(os.getegid()))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield LocalDesktop(house.root)
    server.shutdown()
    thread.join()
    server.server_close()


def raw(house: House, data: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(str(socket_path(house.root)))
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        found = b""
        while piece := connection.recv(1 << 16):
            found += piece
        return found


def test_asked_through_the_socket(client: LocalDesktop, house: House) -> None:
    assert client.probe().capacity == 2
    client.create(DesktopSpec(SESSION))
    assert client.sessions() == [SESSION]
    assert client.observe(SESSION).phase is Phase.PREPARING
    assert client.endpoints(SESSION).gate.name == "gate"
    with pytest.raises(WrongState):
        client.command(SESSION, "mark", {"note": "x"})
    client.finish(SESSION)
    found = client.observe(SESSION)
    assert (found.phase, found.terminal) == (Phase.ENDED, Terminal.FAILED)
    assert client.files(SESSION) == []
    with pytest.raises(InvalidSpec):
        b"".join(client.read(SESSION, "../spec.json"))
    client.destroy(SESSION)
    assert client.sessions() == []
    assert [path.name for path in (house.root / "sessions").iterdir()] == []


def test_evidence_is_read_in_pieces(client: LocalDesktop, house: House) -> None:
    client.create(DesktopSpec(SESSION))
    data = os.urandom(300_000)
    (house.root / "sessions" / SESSION / "evidence" / "a").write_bytes(data)
    pieces = list(client.read(SESSION, "a"))
    assert len(pieces) > 1
    assert b"".join(pieces) == data
    client.destroy(SESSION)


def test_a_service_started_again_knows_its_sessions(house: House) -> None:
    house.create(DesktopSpec(SESSION, subject={"case": "案"}))
    house.finish(SESSION)
    again = House(house.root, house.options, house.ability, 2, house.claims)
    again.recover()
    found = again.observe(SESSION)
    assert (found.phase, found.terminal) == (Phase.ENDED, Terminal.FAILED)
    again.destroy(SESSION)
    assert again.sessions() == []


def test_what_has_no_state_is_removed(house: House) -> None:
    folder = house.root / "sessions" / SESSION
    folder.mkdir()
    again = House(house.root, house.options, house.ability, 2, house.claims)
    again.recover()
    assert again.sessions() == []
    assert not folder.exists()


@pytest.mark.parametrize("session", ["", "..", "../../etc", "AB" * 16, "ab" * 15, "ab" * 16 + "\n"])
def test_no_other_name_becomes_a_path(client: LocalDesktop, session: str) -> None:
    for act in (client.observe, client.launch, client.endpoints, client.destroy, client.files):
        with pytest.raises(UnknownSession):
            act(session)


def test_strange_requests_are_answered_or_ended(client: LocalDesktop, house: House) -> None:
    assert b"cannot do that" in raw(house, b'{"do":"shell"}\n')
    assert b"InvalidSpec" in raw(house, b"[]\n")
    assert b"InvalidSpec" in raw(house, b"x" * 100 + b"\n")
    assert b"InvalidSpec" in raw(house, b'{"do":"command","session":"' + b"a" * 32 + b'"}\n')
    assert b"no text" in raw(house, b'{"do":"observe"}\n')
    assert raw(house, b"") == b""
    answers = raw(house, b'{"do":"sessions"}\n{"do":"probe"}\n').splitlines()
    assert [list(json.loads(each)) for each in answers] == [["answer"], ["answer"]]


def test_a_line_without_end_is_not_kept(client: LocalDesktop, house: House) -> None:
    """The service stops reading: it answers, or the connection breaks while we still send."""
    try:
        found = raw(house, b'"' + b"x" * (protocol.MAX_REQUEST + 10_000_000))
    except ConnectionError:
        found = b"too long"
    assert b"too long" in found
    assert client.sessions() == []


def test_who_may_ask() -> None:
    peers = Peers(group=4711)
    assert peers.allow(0, 0)
    assert peers.allow(os.geteuid(), 99)
    assert peers.allow(12345, 4711)
    assert not peers.allow(12345, 12345)
    assert not Peers(group=0).allow(12345, 12345)


def test_a_desktops_user_is_refused_whatever_its_group() -> None:
    for uid in (61000, 61063, 62001, 63001):
        assert not Peers(group=4711).allow(uid, 4711)


@pytest.mark.root
def test_another_user_gets_no_word(client: LocalDesktop, house: House) -> None:
    """Not even where the file's mode would let them in."""
    for folder in (house.root, *list(house.root.parents)[:3]):
        folder.chmod(0o755)
    socket_path(house.root).chmod(0o666)
    words = (
        "import socket; s = socket.socket(socket.AF_UNIX); "
        f"s.connect({str(socket_path(house.root))!r}); "
        's.sendall(b\'{"do":"probe"}\\n\'); print(len(s.recv(100)))'
    )
    asked = ["setpriv", "--reuid", "61001", "--regid", "61001", "--clear-groups"]
    done = subprocess.run([*asked, "/usr/bin/python3", "-c", words], capture_output=True, text=True)
    assert done.stdout.strip() in {"", "0"}


def test_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(DeskUnavailable, match=r"python -m forensics\.deskd"):
        LocalDesktop(tmp_path).probe()


def test_missing_parts_are_named_with_the_way_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(components, "PATH", "/nonexistent")
    ability = find_ability("auto")
    assert not ability.available
    said = " ".join(ability.reasons)
    assert "Xvnc" in said
    assert "apt-get install --no-install-recommends" in said
    assert "tigervnc-standalone-server" in said


def test_without_ability_nothing_is_created(tmp_path: Path) -> None:
    off = Ability(False, Isolation.ISOLATED, ("missing: Xvnc; run: apt-get install x",))
    house = House(tmp_path, Options(), off, 2, Claims(tmp_path / "claims"))
    assert house.probe().capacity == 0
    with pytest.raises(CaptureSwitchedOff, match="apt-get install x"):
        house.create(DesktopSpec(SESSION))


def test_the_service_goes_on_though_it_can_make_nothing(tmp_path: Path) -> None:
    service = Service(
        tmp_path / "desk", "--mode", "shared-network" if os.geteuid() == 0 else "isolated"
    )
    try:
        probe = service.client.probe()
        assert not probe.available
        assert probe.reasons
        with pytest.raises(CaptureSwitchedOff):
            service.client.create(DesktopSpec(SESSION))
        assert service.process.poll() is None
    finally:
        service.stop()
    assert service.process.returncode == 0
    assert not socket_path(service.root).exists()


def test_one_folder_has_one_service(tmp_path: Path) -> None:
    service = Service(tmp_path / "desk", "--mode", "bare")
    try:
        words = [sys.executable, "-m", "forensics.deskd", "--root", str(service.root)]
        done = subprocess.run(words, capture_output=True, text=True, cwd=CODE)
        assert done.returncode == 1
        assert "another desktop service" in done.stderr
        assert service.client.sessions() == []
    finally:
        service.stop()


def test_default_capacity() -> None:
    assert 1 <= default_capacity() <= 2 * (os.cpu_count() or 1)


def test_registry(tmp_path: Path) -> None:
    found = open_desktops("local: local:elsewhere", base=tmp_path)
    assert [type(each) for each in found] == [LocalDesktop, LocalDesktop]
    assert open_desktops("", base=tmp_path) == []
    for wrong in ("local", "LOCAL:", "nobody:x", ":x"):
        with pytest.raises(InvalidSpec):
            open_desktops(wrong, base=tmp_path)
