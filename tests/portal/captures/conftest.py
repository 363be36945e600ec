"""A whole portal whose desktops are scripted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from portal.accounts.models import User
from portal.app import create_app
from portal.audit.actor import Actor
from portal.captures.hosts import Hosts
from portal.captures.models import Capture, CaptureState
from portal.captures.service import CaptureService, Wish
from portal.cases.filing import Filing
from portal.services import Services, build_services
from portal.settings import Settings
from tests.portal.captures.fake import FakeDesktop
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeSettings
from tests.portal.templates import Fill

SECRET = b"s" * 32
Drive = Callable[..., None]


class Clock:
    """The portal's clock, which tests put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def forward(self, **amount: float) -> None:
        self.ahead += timedelta(**amount)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(tmp_path: Path) -> FakeDesktop:
    return FakeDesktop(tmp_path / "desk")


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    return make_settings(desktops="")


@pytest.fixture
def services(settings: Settings, fill: Fill, desk: FakeDesktop, clock: Clock):  # type: ignore[no-untyped-def]
    """As always, but with the scripted host ``fake:``."""
    fill(settings.database)
    built = build_services(settings, clock)
    yield with_hosts(built, Hosts({"fake:": desk}))
    built.close()


@pytest.fixture
def app(settings: Settings, services: Services) -> Flask:
    app = create_app(settings, services)
    app.test_client_class = PortalClient
    return app


def with_hosts(services: Services, hosts: Hosts) -> Services:
    """The same portal with other desktop hosts."""
    tools = services.deposits.tools
    captures = CaptureService(tools, Filing(tools), hosts, SECRET)
    return replace(services, captures=captures)


@pytest.fixture
def captures(services: Services) -> CaptureService:
    return services.captures


def acts(user: User, **more: object) -> Actor:
    return Actor(user.id, user.name, user.role_names, **more)  # type: ignore[arg-type]


@pytest.fixture
def actor(user: User) -> Actor:
    return acts(user)


@pytest.fixture
def drive(captures: CaptureService) -> Drive:
    """The worker's sidelines, until nothing moves: a host may need a round to get on."""

    def run() -> None:
        quiet = 0
        while quiet < 3:
            moved = captures.drive() + captures.stamp() + captures.collect()
            quiet = 0 if moved else quiet + 1

    return run


@pytest.fixture
def reload(services: Services) -> Callable[[Capture], Capture]:
    """The row as it is now."""

    def read(capture: Capture) -> Capture:
        with services.database.reading() as session:
            found = session.get(Capture, capture.id)
            assert found is not None
            return found

    return read


@pytest.fixture
def live(captures: CaptureService, actor: Actor, drive: Drive, reload) -> Capture:  # type: ignore[no-untyped-def]
    """A capture whose desktop is on."""
    capture = captures.ask(actor, wish())
    drive()
    found: Capture = reload(capture)
    assert found.state == CaptureState.LIVE
    return found


@pytest.fixture
def reviewed(
    captures: CaptureService, actor: Actor, live: Capture, drive: Drive, reload
) -> Capture:  # type: ignore[no-untyped-def]
    """A capture that waits for its review."""
    captures.live.finish(actor, live.id)
    drive()
    found: Capture = reload(live)
    assert found.state == CaptureState.REVIEW
    return found


def wish(**changes: object) -> Wish:
    values = {"title": "侵权页面", "purpose": "销售侵权商品", "start_url": "https://shop.example/"}
    return Wish.of(**(values | changes))  # type: ignore[arg-type]
