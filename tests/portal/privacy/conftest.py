"""Deposits, a clock that tests move, and the privacy use cases over them."""

from __future__ import annotations

import pytest

from portal.audit.actor import Actor
from portal.deposits.models import Deposit
from portal.deposits.service import DepositService
from portal.deposits.tools import Tools
from portal.privacy.service import PrivacyService
from portal.services import Services
from tests.portal.deposits.conftest import (  # noqa: F401 - fixtures
    MovableClock,
    actor,
    clock,
    deposits,
    put,
    run,
    tools,
)


@pytest.fixture
def make_privacy(services: Services, tools: Tools):  # type: ignore[no-untyped-def]  # noqa: F811
    """The use cases under other settings."""

    def make(**changes: int) -> PrivacyService:
        settings = tools.settings.model_copy(update=changes)
        return PrivacyService(settings, tools.database, tools.vault, services.accounts, tools.clock)

    return make


@pytest.fixture
def privacy(make_privacy) -> PrivacyService:  # type: ignore[no-untyped-def]
    made: PrivacyService = make_privacy()
    return made


@pytest.fixture
def issued(deposits: DepositService, actor: Actor) -> Deposit:  # noqa: F811
    deposit = put(deposits, actor, b"secret content" * 100, filename="合同.pdf")
    run(deposits)
    return deposits.get(actor, deposit.id)
