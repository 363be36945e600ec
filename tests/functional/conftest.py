"""Pages through Flask's test client, over the whole portal."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Sequence
from typing import ClassVar

import pytest
from flask import Flask

from chain_adapter import Digest
from portal.accounts.models import User
from portal.app import create_app
from portal.deposits.service import DepositService
from portal.services import Services
from portal.settings import Settings
from tests.portal.client import PortalClient
from tests.portal.conftest import *  # noqa: F403 - the fixtures of a whole portal
from timestamping.errors import TsaUnavailable
from timestamping.stamper import Stamper, StamperHealth
from timestamping.token import Token
from timestamping.trust import TrustStore

Advance = Callable[[], None]


class SilentStamper(Stamper):
    """An authority that cannot be reached."""

    scheme: ClassVar[str] = "silent"
    label = "silent"
    independent = True

    def _stamp_many(self, digests: Sequence[Digest]) -> list[Token]:
        raise TsaUnavailable("https://tsa.example cannot be reached")

    def _trust(self) -> TrustStore:
        return TrustStore(())

    def _health(self) -> StamperHealth:
        return StamperHealth(False, "silent", self.label)


@pytest.fixture
def depositor(user: User, login: Callable[[User], PortalClient]) -> PortalClient:
    """A browser somebody has signed in with, who reads English."""
    browser = login(user)
    browser.submit("/language", {"locale": "en"}, page="/deposits/new")
    return browser


@pytest.fixture
def advance(services: Services) -> Advance:
    """Let the worker's work be done."""

    def run() -> None:
        while services.deposits.advance():
            pass

    return run


@pytest.fixture
def waiting_app(settings: Settings, services: Services) -> Flask:
    """The portal with an authority that does not answer."""
    tools = dataclasses.replace(services.deposits.tools, stamper=SilentStamper())
    silent = dataclasses.replace(services, deposits=DepositService(tools), stamper=tools.stamper)
    made = create_app(settings, silent)
    made.test_client_class = PortalClient
    return made


class Page:
    """Deposits as the form does them, and says where they are."""

    def __init__(self, browser: PortalClient) -> None:
        self.browser = browser

    def deposit(self, content: bytes | None = None, name: str = "a.txt", **fields: str) -> str:
        """Deposit through the form; the address of the item's page."""
        import io

        data = os.urandom(64) if content is None else content
        answer = self.browser.submit(
            "/deposits/new", {"mode": "file", "file": (io.BytesIO(data), name), **fields}
        )
        assert answer.status_code == 303, answer.text
        return str(answer.location)


@pytest.fixture
def page(depositor: PortalClient) -> Page:
    return Page(depositor)


def json_error(text: str) -> dict[str, str]:
    error: dict[str, str] = json.loads(text)["error"]
    assert set(error) == {"code", "message", "field", "request_id"}
    return error
