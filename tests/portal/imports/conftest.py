"""Imports over real parts."""

from __future__ import annotations

import pytest

from portal.cases.service import CaseService
from portal.deposits.service import DepositService
from portal.imports.service import ImportService
from tests.portal.cases.conftest import (  # noqa: F401 - fixtures of cases and deposits
    actor,
    case,
    cases,
    clock,
    deposits,
    stranger,
    tools,
)


@pytest.fixture
def imports(deposits: DepositService, cases: CaseService) -> ImportService:  # noqa: F811
    return ImportService(deposits, cases.filing)


def table(*digests: int, title: str = "row") -> bytes:
    """A file with these numbers as digests."""
    rows = [f"{number:064x},{title} {number}" for number in digests]
    return "\n".join(["sha256,title", *rows]).encode()
