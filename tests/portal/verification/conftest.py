"""The evidence of tests of verification, and a portal that trusts the office it comes from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from portal.app import create_app
from portal.deposits.service import DepositService
from portal.deposits.tools import Tools
from portal.services import Services
from portal.settings import Settings
from tests.portal.client import PortalClient
from tests.portal.verification import samples as made
from tests.portal.verification.samples import Samples
from tests.timestamping.certificate.office import Bureau
from tests.timestamping.evidence import House
from tests.timestamping.evidence_fixtures import (  # noqa: F401
    deposit,
    house,
    letter,
    package,
    package_file,
    sealer,
)
from tests.timestamping.judging import judging_once
from timestamping.package_trust import PackageTrust


class Trusting(DepositService):
    """Deposits of an office that trusts what another one issued."""

    def __init__(self, tools: Tools, trust: PackageTrust) -> None:
        super().__init__(tools)
        self._given = trust

    def trust(self) -> PackageTrust:
        return self._given


@pytest.fixture(autouse=True, scope="package")
def judged_once() -> Iterator[None]:
    """The same evidence is asked about in several ways."""
    with judging_once():
        yield


@pytest.fixture
def trusting(services: Services, settings: Settings, house: House) -> Flask:  # noqa: F811
    """The portal, under the anchors of ``house``."""
    deposits = Trusting(services.deposits.tools, house.trust())
    app = create_app(settings, dataclasses.replace(services, deposits=deposits))
    app.test_client_class = PortalClient
    return app


@pytest.fixture
def reader(trusting: Flask) -> Callable[[str], PortalClient]:
    """A stranger's browser, which reads "zh" or "en"."""

    def open_one(language: str) -> PortalClient:
        client = trusting.test_client()
        assert isinstance(client, PortalClient)
        client.submit("/language", {"locale": language}, page="/signin")
        return client

    return open_one


@pytest.fixture(scope="session")
def samples(house: House, tmp_path_factory: pytest.TempPathFactory) -> Samples:  # noqa: F811
    """Everything that is compared: what was issued, and what was not."""
    bureau = Bureau.of(house)
    capture = made.captured(house, tmp_path_factory.mktemp("capture"))
    sound = made.good(house, bureau, capture)
    other = House.at(tmp_path_factory.mktemp("imitators"))
    return {**sound, **made.bad(house, bureau, sound, other)}
