"""Whatever dies, stands still or fills up while a desktop is used: noticed, never complete."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from forensics.desktop import processes
from forensics.desktop.interface import Limits, Phase, Terminal
from tests.forensics.deskd.conftest import new_session
from tests.forensics.deskd.service import Live, Service, left_behind
from tests.forensics.slowness import Stalls, slowness
from tests.waiting import wait_for

pytestmark = [pytest.mark.root, pytest.mark.fault, pytest.mark.timeout(180)]

#: Within so many seconds of a machine of our own a fault has to be noticed.
NOTICED = 3.0


def kill_screen(live: Live) -> None:
    os.kill(live.found("/usr/bin/Xtigervnc")[0], signal.SIGKILL)


def stop_screen(live: Live) -> None:
    os.kill(live.found("/usr/bin/Xtigervnc")[0], signal.SIGSTOP)


def kill_sandbox(live: Live) -> None:
    os.kill(live.pid("browser"), signal.SIGKILL)


def kill_name_server(live: Live) -> None:
    os.kill(live.pid("name server"), signal.SIGKILL)


def kill_keeper(live: Live) -> None:
    os.kill(live.pid("keeper"), signal.SIGKILL)


def stop_keeper(live: Live) -> None:
    os.kill(live.pid("keeper"), signal.SIGSTOP)


def kill_recorder(live: Live) -> None:
    os.kill(int((live.folder.run / "recorder.pid").read_text()), signal.SIGKILL)


def gate_is_shut(live: Live) -> bool:
    """As the gateway sees it."""
    found = live.service.client.endpoints(live.session).gate
    try:
        old = time.time() - found.stat().st_mtime > 2
        return old or found.read_bytes()[:1] != b"1"
    except OSError:
        return True


def require_noticed(live: Live, fault: Callable[[Live], None]) -> None:
    """After ``fault`` the gate is shut in time, and input off at once with it."""
    wait_for(lambda: not gate_is_shut(live), "the gate is open")
    with Stalls() as stalls:
        fault(live)
        began = time.monotonic()
        slow = slowness()
        wait_for(lambda: gate_is_shut(live), "the gate is shut")
        shut = time.monotonic() - began
        wait_for(lambda: not live.look().input_on, "input is off")
        off = time.monotonic() - began
    allowed = NOTICED * max(slow, slowness()) + stalls.lost
    assert shut <= allowed
    assert off <= allowed + 0.3


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (kill_screen, ("X server", "screen", "recorder")),
        (stop_screen, ("X server", "screen")),
        (stop_keeper, ("ended unexpectedly",)),
        pytest.param(kill_sandbox, ("sandbox",), marks=pytest.mark.soak),
        pytest.param(kill_name_server, ("name server",), marks=pytest.mark.soak),
        pytest.param(kill_keeper, ("ended unexpectedly",), marks=pytest.mark.soak),
        pytest.param(kill_recorder, ("recorder",), marks=pytest.mark.soak),
    ],
)
def test_noticed_within_three_seconds(
    service: Service, fault: Callable[[Live], None], words: tuple[str, ...]
) -> None:
    live = service.live(new_session())
    try:
        require_noticed(live, fault)
        ended = live.ended()
        assert ended.terminal is Terminal.INTERRUPTED
        assert any(word in ended.reason for word in words), ended.reason
        manifest = live.manifest()
        assert manifest["terminal"] == "interrupted"
        assert manifest["recording"]["frames"] > 0
        slot = live.slot
    finally:
        service.client.destroy(live.session)
    assert left_behind(slot, service.root, live.session) == []


def test_the_memory_limit_interrupts(service: Service) -> None:
    """A page that takes what it can is killed inside its limits, and nobody calls that complete."""
    live = service.live(new_session(), limits=Limits(memory_bytes=700 << 20))
    try:
        live.inside("head -c 2G /dev/zero | tail > /dev/null", 60)
        ended = live.ended()
        assert ended.terminal is Terminal.INTERRUPTED
        assert "memory" in ended.reason
        assert live.manifest()["terminal"] == "interrupted"
    finally:
        service.client.destroy(live.session)


def test_a_frozen_session_can_only_end(service: Service) -> None:
    live = service.live(new_session())
    try:
        with Stalls() as stalls:
            service.client.freeze(live.session, "an operator looks into it")
            began = time.monotonic()
            wait_for(lambda: gate_is_shut(live), "the gate is shut")
            took = time.monotonic() - began
        assert not live.look().input_on
        assert took <= NOTICED * slowness() + stalls.lost
        service.client.finish(live.session)
        ended = live.ended()
        assert (ended.terminal, ended.reason) == (
            Terminal.INTERRUPTED,
            "an operator looks into it",
        )
    finally:
        service.client.destroy(live.session)


def test_who_closes_the_last_window_gets_another(service: Service) -> None:
    live = service.live(new_session())
    try:
        first = live.browser()
        os.kill(first, signal.SIGTERM)
        wait_for(lambda: not processes.started_at(first), "the browser has ended")
        wait_for(lambda: live.found("/usr/lib/chromium/chromium"), "there is another")
        assert live.look().phase is Phase.LIVE
        wait_for(lambda: live.events("browser"), "the event log knows")
    finally:
        service.client.destroy(live.session)


def test_a_service_that_was_killed_is_followed_by_one_that_cleans_up(service: Service) -> None:
    live = service.live(new_session())
    slot, stills = live.slot, live.service.client.command(live.session, "still", {})
    service.kill()
    wait_for(lambda: not processes.of_uids([slot.uid]), "no browser outlives the service")
    service.start()
    ended = live.ended()
    assert ended.terminal is Terminal.INTERRUPTED
    # X died with the service: whoever notices first, the keeper or the new service, says so.
    assert ended.reason
    assert stills["file"] in dict(service.client.files(live.session))
    assert live.manifest()["reason"] == ended.reason
    kept = {"files", "claim"}
    wait_for(lambda: set(left_behind(slot, service.root, live.session)) <= kept, "all else is gone")
    service.client.destroy(live.session)
    assert left_behind(slot, service.root, live.session) == []


def test_a_service_killed_with_its_keeper_is_followed_just_so(service: Service) -> None:
    live = service.live(new_session())
    slot, keeper = live.slot, live.pid("keeper")
    service.kill()
    os.kill(keeper, signal.SIGKILL)
    service.start()
    assert live.ended().terminal is Terminal.INTERRUPTED
    assert live.manifest()["recording"]["frames"] > 0
    service.client.destroy(live.session)
    assert left_behind(slot, service.root, live.session) == []
