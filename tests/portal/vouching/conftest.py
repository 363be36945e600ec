"""Deposits that are kept, a clock that tests move, and the voucher check over them."""

from __future__ import annotations

import dataclasses

import pytest

from portal.audit.actor import Actor
from portal.deposits.models import Deposit
from portal.deposits.service import DepositService
from portal.deposits.tools import Tools
from portal.services import Services
from portal.vouching.service import VouchService
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
def make_vouching(services: Services, tools: Tools):  # type: ignore[no-untyped-def]  # noqa: F811
    """The check under other settings."""

    def make(**changes: object) -> VouchService:
        settings = tools.settings.model_copy(update=changes)
        return VouchService(dataclasses.replace(tools, settings=settings), services.mail.post)

    return make


@pytest.fixture
def vouching(make_vouching) -> VouchService:  # type: ignore[no-untyped-def]
    made: VouchService = make_vouching()
    return made


@pytest.fixture
def issued(deposits: DepositService, actor: Actor) -> Deposit:  # noqa: F811
    deposit = put(deposits, actor, b"what is kept" * 100, filename="合同.pdf")
    run(deposits)
    return deposits.get(actor, deposit.id)
