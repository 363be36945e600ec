"""Deposits over real parts: what a test swaps, it swaps in :class:`Tools`."""

from __future__ import annotations

import dataclasses
import os
from datetime import UTC, datetime, timedelta

import pytest

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.deposits.models import Deposit
from portal.deposits.service import DepositService, Metadata
from portal.deposits.tools import Tools
from portal.services import Services
from tests.portal.conftest import MakeUser


class MovableClock:
    """The present, and what tests add to it."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self._held: datetime | None = None

    def __call__(self) -> datetime:
        return (self._held or datetime.now(UTC)) + self.ahead

    def hold(self) -> None:
        """Time goes on only as tests put it forward, however long the machine takes."""
        self._held = datetime.now(UTC)

    def forward(self, **span: float) -> None:
        self.ahead += timedelta(**span)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def tools(services: Services, clock: MovableClock) -> Tools:
    """The real parts, with a clock that tests move and nobody to nudge."""
    made = services.deposits.tools
    return dataclasses.replace(made, clock=clock, nudge=lambda: None)


@pytest.fixture
def deposits(tools: Tools) -> DepositService:
    return DepositService(tools)


@pytest.fixture
def actor(make_user: MakeUser) -> Actor:
    return actor_of(make_user(name="张三"))


def actor_of(user: User) -> Actor:
    return Actor(user.id, user.name, user.role_names, "203.0.113.7", "web")


def put(
    deposits: DepositService,
    actor: Actor,
    content: bytes | None = None,
    key: str | None = None,
    **metadata: str,
) -> Deposit:
    """Deposit some bytes."""
    intake = deposits.intake()
    intake.write(os.urandom(1000) if content is None else content)
    return deposits.receive_file(actor, intake, Metadata(**metadata), key).deposit


def run(deposits: DepositService) -> int:
    """Advance until nothing moves."""
    total = 0
    while moved := deposits.advance():
        total += moved
    return total
