"""The portal restarted in the middle of a real session: it goes on, and its evidence is whole."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from forensics.desktop import local
from portal.accounts.service import create_user
from portal.audit.actor import Actor
from portal.captures.models import Capture, CaptureState
from portal.services import Services, build_services
from portal.settings import Settings
from tests.forensics.deskd.service import Service
from tests.portal.captures.conftest import acts, wish
from tests.portal.conftest import MakeSettings
from tests.portal.templates import Fill
from tests.waiting import wait_for

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[Service]:
    if os.geteuid() != 0:
        pytest.skip("needs root for desktops of their own network")
    if missing := local.what_is_missing():
        pytest.skip("; ".join(missing))
    service = Service(tmp_path / "desk", "--mode", "isolated", "--capacity", "1")
    yield service
    service.stop()


@pytest.fixture
def settings(make_settings: MakeSettings, desks: Service) -> Settings:
    return make_settings(desktops=f"local:{desks.root}")


def reach(services: Services, capture_id: str, state: CaptureState) -> Capture:
    """Do the worker's part until the capture is in that state."""

    def now() -> Capture:
        with services.database.reading() as session:
            return session.get_one(Capture, capture_id)

    deadline = time.monotonic() + 90
    while (found := now()).state != state:
        assert time.monotonic() < deadline, f"still {found.state}: {found.wait_detail}"
        captures = services.captures
        captures.drive()
        captures.stamp()
        captures.collect()
        time.sleep(0.1)
    return found


def test_the_session_goes_on_and_its_evidence_is_whole(
    settings: Settings, fill: Fill, desks: Service
) -> None:
    fill(settings.database)
    before = build_services(settings)
    user = create_user(
        before.database, settings, Actor.process("test"), "r@example.com", "R", "a long passphrase"
    )
    capture = before.captures.ask(acts(user), wish(start_url=""))
    reach(before, capture.id, CaptureState.LIVE)
    before.close()  # nobody drives, stamps or watches from here on
    seen = desks.client.observe(capture.session).count
    wait_for(lambda: desks.client.observe(capture.session).count > seen, "recorded on its own")

    after = build_services(settings)
    try:
        assert reach(after, capture.id, CaptureState.LIVE).session == capture.session
        after.captures.live.mark(acts(user), capture.id, "back again")
        after.captures.live.finish(acts(user), capture.id)
        ended = reach(after, capture.id, CaptureState.REVIEW)
        manifest = json.loads(after.vault.read(str(ended.manifest_key)))
    finally:
        after.close()
    assert (manifest["terminal"], manifest["lacking"]) == ("complete", [])
    assert manifest["recording"]["segments"] > seen
    assert manifest["events"]["kinds"]["mark"] == 1
