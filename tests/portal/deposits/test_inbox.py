"""Group commit: together is quicker, and nobody pays for a neighbour's mistake."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from chain_adapter import digest_of
from portal.audit.actor import Actor
from portal.database import Database
from portal.deposits import drafts
from portal.deposits.numbers import new_number
from portal.deposits.records import Metadata
from portal.deposits.service import DepositService
from portal.deposits.tools import Tools
from tests.portal.deposits.checking import check_spine

_MANY = 24


@pytest.fixture
def transactions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Counts transactions; the first one is slow, so that the others gather behind it."""
    counted: list[str] = []
    real = Database.writing

    @contextmanager
    def slow(database: Database) -> Iterator[Any]:
        counted.append("begun")
        if len(counted) == 1:
            threading.Event().wait(0.3)
        with real(database) as connection:
            yield connection

    monkeypatch.setattr(Database, "writing", slow)
    return counted


def _receive(deposits: DepositService, actor: Actor, number: int) -> str:
    digest = digest_of(f"evidence {number}".encode())
    return deposits.receive_digest(actor, [digest], Metadata(title=str(number))).deposit.id


def test_requests_that_come_together_share_a_transaction(
    deposits: DepositService, tools: Tools, actor: Actor, transactions: list[str]
) -> None:
    with ThreadPoolExecutor(_MANY) as pool:
        ids = list(pool.map(lambda number: _receive(deposits, actor, number), range(_MANY)))
    assert len(transactions) < _MANY / 2
    assert {row.id for row in deposits.page(actor, size=200).items} == set(ids)
    check_spine(tools)


def test_one_that_clashes_fails_alone(
    deposits: DepositService,
    tools: Tools,
    actor: Actor,
    transactions: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = deposits.get(actor, _receive(deposits, actor, 999))
    transactions.clear()
    real, clashes = new_number, iter([(taken.number, taken.code)])
    lock = threading.Lock()

    def sometimes(*arguments: Any) -> tuple[str, str]:
        with lock:
            return next(clashes, None) or real(*arguments)

    monkeypatch.setattr(drafts, "new_number", sometimes)
    with ThreadPoolExecutor(_MANY) as pool:
        ids = set(pool.map(lambda number: _receive(deposits, actor, number), range(_MANY)))
    assert len(ids) == _MANY
    assert len({row.number for row in deposits.page(actor, size=200).items}) == _MANY + 1
    check_spine(tools)


def test_a_failing_database_is_told_to_everyone_who_waited(
    deposits: DepositService, tools: Tools, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def locked(_: Database) -> Iterator[Any]:
        raise OperationalError("BEGIN", {}, Exception("database is locked"))
        yield

    with monkeypatch.context() as patch, ThreadPoolExecutor(4) as pool:
        patch.setattr(Database, "writing", locked)
        asked = [pool.submit(_receive, deposits, actor, number) for number in range(4)]
        assert all(isinstance(each.exception(), OperationalError) for each in asked)
    assert deposits.page(actor).items == ()
    check_spine(tools)
