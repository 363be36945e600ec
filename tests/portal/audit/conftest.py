"""The custody log over real parts, with a clock that tests move."""

from __future__ import annotations

import dataclasses

import pytest

from portal.audit.actor import Actor
from portal.audit.custody import Custody
from portal.deposits.tools import Tools
from portal.services import Services
from tests.portal.deposits.conftest import MovableClock

AUDITOR = Actor("7", "陈静", frozenset({"auditor"}), "192.0.2.7")
HOURS = 24


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def tools(services: Services, clock: MovableClock) -> Tools:
    made = services.deposits.tools
    return dataclasses.replace(made, clock=clock, nudge=lambda: None)


@pytest.fixture
def custody(tools: Tools) -> Custody:
    return Custody(tools, HOURS)


def settle(custody: Custody) -> None:
    """Let the worker do what is due."""
    while custody.advance():
        pass
