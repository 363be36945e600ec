"""A desktop from its first folder to its last, as the portal asks for it."""

from __future__ import annotations

import hashlib
import time

import pytest

from forensics.desktop.interface import DesktopSpec, Isolation, Phase, Step, Terminal
from forensics.errors import InvalidSpec, NoCapacity, UnknownSession, WrongState
from tests.forensics.deskd.conftest import new_session
from tests.forensics.deskd.service import Live, Service, left_behind
from tests.forensics.deskd.site import Site
from tests.forensics.slowness import Stalls, slowness
from tests.waiting import wait_for

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]

#: Within so many seconds of a machine of our own a desktop is gone.
GONE = 5.0


def destroy_in_time(service: Service, session: str) -> None:
    with Stalls() as stalls:
        slow = slowness()
        began = time.monotonic()
        service.client.destroy(session)
        took = time.monotonic() - began
    assert took <= GONE * max(slow, slowness()) + stalls.lost


def test_probe(service: Service) -> None:
    probe = service.client.probe()
    assert (probe.available, probe.isolation) == (True, Isolation.ISOLATED)
    assert probe.capacity == 4
    assert probe.versions["chromium"]


def test_from_start_to_manifest(service: Service, the_site: Site) -> None:
    session = new_session()
    live = service.live(session, start_url=f"http://{the_site.address}/file")
    try:
        seen = live.look()
        assert [each.state for each in seen.steps] == ["done"] * len(Step)
        times = [each.at for each in seen.steps]
        assert None not in times
        assert seen.checks.get("fail", 0) == 0
        assert seen.memory_bytes > 50 << 20
        assert seen.cpu_seconds > 0
        assert service.client.command(session, "mark", {"note": "这里"})["n"] > 0
        with pytest.raises(InvalidSpec, match="own word"):
            service.client.command(session, "input", {"on": True})
        with pytest.raises(WrongState):
            service.client.files(session)
        wait_for(lambda: live.look().counts.get("downloads"), "the download was taken in")
        service.client.finish(session)
        ended = live.ended()
        assert (ended.terminal, ended.reason) == (Terminal.COMPLETE, "")
        files = dict(service.client.files(session))
        manifest = live.manifest()
        listed = {each["path"]: each["sha256"] for each in manifest["files"]}
        assert set(listed) == set(files) - {"manifest.json"}
        for path, sha256 in listed.items():
            data = b"".join(service.client.read(session, path))
            assert hashlib.sha256(data).hexdigest() == sha256, path
        assert files["log/egress.jsonl"] > 0
        assert [path for path in files if path.startswith("downloads/")]
        with pytest.raises(WrongState):
            service.client.command(session, "mark", {"note": "late"})
    finally:
        slot = live.slot
        service.client.destroy(session)
    assert left_behind(slot, service.root, session) == []
    with pytest.raises(UnknownSession):
        service.client.observe(session)
    service.client.destroy(session)


def test_a_session_is_created_once(service: Service) -> None:
    session = new_session()
    service.client.create(DesktopSpec(session))
    service.client.create(DesktopSpec(session))
    with pytest.raises(InvalidSpec, match="another session"):
        service.client.create(DesktopSpec(session, width=1920, height=1080))
    assert session in service.client.sessions()
    assert service.client.observe(session).phase is Phase.PREPARING
    with pytest.raises(WrongState):
        service.client.command(session, "mark", {"note": ""})
    service.client.destroy(session)
    assert session not in service.client.sessions()


def test_what_was_never_started_can_be_finished(service: Service) -> None:
    session = new_session()
    service.client.create(DesktopSpec(session))
    service.client.finish(session)
    found = service.client.observe(session)
    assert (found.phase, found.terminal) == (Phase.ENDED, Terminal.FAILED)
    service.client.destroy(session)


def test_capacity(service: Service) -> None:
    taken = [new_session() for _ in range(4)]
    for each in taken:
        service.client.create(DesktopSpec(each))
    assert service.client.probe().running == 4
    with pytest.raises(NoCapacity):
        service.client.create(DesktopSpec(new_session()))
    for each in taken:
        service.client.destroy(each)
    assert service.client.probe().running == 0


def test_destroyed_in_the_middle_of_its_start(service: Service) -> None:
    session = new_session()
    service.client.create(DesktopSpec(session))
    slot = Live(service, session).slot
    service.client.launch(session)
    time.sleep(1.2)
    destroy_in_time(service, session)
    assert left_behind(slot, service.root, session) == []


def test_finished_in_the_middle_of_its_start(service: Service) -> None:
    session = new_session()
    service.client.create(DesktopSpec(session))
    service.client.launch(session)
    wait_for(lambda: service.client.observe(session).frames, "it is recorded")
    service.client.finish(session)
    ended = Live(service, session).ended()
    assert ended.terminal is Terminal.FAILED
    assert "before anybody could use it" in ended.reason
    assert Live(service, session).manifest()["terminal"] == "failed"
    service.client.destroy(session)


def cycles(service: Service, count: int) -> None:
    for _ in range(count):
        live = service.live(new_session())
        slot = live.slot
        destroy_in_time(service, live.session)
        assert left_behind(slot, service.root, live.session) == []
    assert service.client.sessions() == []


def test_two_cycles_leave_nothing(service: Service) -> None:
    cycles(service, 2)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_fifty_cycles_leave_nothing(service: Service) -> None:
    cycles(service, 50)
