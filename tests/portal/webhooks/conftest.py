"""Webhooks over a whole portal, with a receiver on 127.0.0.1 that the settings allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from portal.audit.actor import Actor
from portal.audit.service import record
from portal.services import Services
from portal.settings import Settings
from portal.webhooks.addresses import networks
from portal.webhooks.models import WebhookEndpoint
from portal.webhooks.sending import Sender
from portal.webhooks.service import WebhookService
from tests.portal.conftest import MakeSettings, MakeUser
from tests.portal.deposits.conftest import MovableClock, actor_of, put
from tests.portal.webhooks.listener import Listener

#: every public name leads to the test's own machine, which the settings allow
LOCAL = networks("127.0.0.0/8")
Settle = Callable[[], int]
Add = Callable[..., tuple[WebhookEndpoint, str]]


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    return make_settings(webhook_allow_private="127.0.0.0/8", webhook_timeout_seconds=30.0)


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    server = made.start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def post() -> list[tuple[str, str, str]]:
    """Mails: to, subject, text."""
    return []


@pytest.fixture
def webhooks(
    services: Services,
    settings: Settings,
    clock: MovableClock,
    post: list[tuple[str, str, str]],
) -> Iterator[WebhookService]:
    """The service with a clock that tests move, and mails that tests see."""
    box = services.webhooks._secrets._box
    made = WebhookService(
        settings,
        services.database,
        box,
        clock,
        lambda _session, *mail: post.append(mail),  # type: ignore[arg-type]
        Sender(settings.webhook_timeout_seconds, LOCAL),
    )
    yield made
    made.close()


@pytest.fixture
def actor(make_user: MakeUser) -> Actor:
    return actor_of(make_user(name="张三"))


@pytest.fixture
def add(webhooks: WebhookService, actor: Actor, listener: Listener) -> Add:
    """A webhook to the listener."""

    def make(events: Sequence[str] = ("deposit.issued",), who: Actor = actor, **more: str):  # type: ignore[no-untyped-def]
        return webhooks.create(who, more.pop("url", listener.url), events, **more)

    return make


@pytest.fixture
def deposit(services: Services, actor: Actor) -> Callable[..., str]:
    """Deposit something, write what the log says when its letter is issued, and give its id."""

    def make(who: Actor = actor) -> str:
        made, worker = put(services.deposits, who), Actor.process("worker")
        with services.database.transaction() as session:
            for step in ("timestamped", "anchored", "issued"):
                record(session, worker, f"deposit.{step}", made.subject, {"step": step})
        return made.id

    return make


@pytest.fixture
def settle(webhooks: WebhookService) -> Settle:
    """Do what the worker does until nothing is due and nothing is under way."""

    def until_quiet() -> int:
        total = 0
        while moved := webhooks.advance():
            total += moved
            webhooks._dispatcher.close()  # waits for the lanes
        return total

    return until_quiet
