"""Group commit: together is quicker, and nobody pays for a neighbour's mistake."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from chain_adapter import digest_of
from portal.audit.actor import Actor
from portal.audit.service import Act
from portal.database import Database
from portal.deposits import drafts, inbox
from portal.deposits.drafts import new_draft
from portal.deposits.inbox import Inbox
from portal.deposits.numbers import new_number
from portal.deposits.records import Metadata
from portal.deposits.service import DepositService
from portal.deposits.tools import Tools
from tests.portal.deposits.checking import check_spine
from tests.waiting import PATIENCE

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


class _Counted(Inbox):
    """One that says how many each transaction was for; its first one lasts until ``gathered``
    others wait."""

    def __init__(self, tools: Tools, gathered: int) -> None:
        super().__init__(tools.database)
        self.sizes: list[int] = []
        self.begun = threading.Event()
        self._gathered = gathered

    def _write(self, batch: Sequence[Any]) -> None:
        self.begun.set()
        while not self.sizes and len(self._waiting) < self._gathered:
            threading.Event().wait(0.01)
        self.sizes.append(len(batch))
        super()._write(batch)


def _write_all(written: _Counted, tools: Tools, actor: Actor, count: int) -> None:
    """``count`` deposits, each from a thread of its own; the very first is being written before the
    others come."""

    def write(number: int) -> None:
        digests = [digest_of(f"evidence {number}".encode())]
        draft = new_draft(
            tools, actor, digests, Metadata(), kind="digest", size=None, idempotency_key=None
        )
        written.write(draft, Act(actor, "deposit.received", draft.subject))

    with ThreadPoolExecutor(count) as pool:
        first = pool.submit(write, 0)
        assert written.begun.wait(PATIENCE)
        list(pool.map(write, range(1, count)))
        first.result()


def test_who_came_together_once_is_waited_for(
    tools: Tools, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = _Counted(tools, gathered=7)
    _write_all(written, tools, actor, 8)
    assert written.sizes == [1, 7]
    monkeypatch.setattr(inbox, "_PATIENCE", 60.0)  # the machine may be busy
    _write_all(written, tools, actor, 7)
    assert written.sizes == [1, 7, 7]
    check_spine(tools)


def test_who_stays_away_is_not_waited_for_again(
    tools: Tools, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = _Counted(tools, gathered=7)
    _write_all(written, tools, actor, 8)
    _write_all(written, tools, actor, 1)  # waits in vain, for a moment
    monkeypatch.setattr(inbox, "_PATIENCE", 1000.0)  # longer than a test may take
    _write_all(written, tools, actor, 1)
    assert written.sizes == [1, 7, 1, 1]


def test_one_that_is_torn_away_leaves_the_next_to_another(
    deposits: DepositService, tools: Tools, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, first = Database.writing, threading.Event()

    @contextmanager
    def torn(database: Database) -> Iterator[Any]:
        if not first.is_set():
            first.set()
            threading.Event().wait(0.2)  # the others gather meanwhile
            raise SystemExit
        with real(database) as connection:
            yield connection

    monkeypatch.setattr(Database, "writing", torn)
    with ThreadPoolExecutor(4) as pool:
        dying = pool.submit(_receive, deposits, actor, 0)
        first.wait()
        others = [pool.submit(_receive, deposits, actor, number) for number in (1, 2, 3)]
        assert isinstance(dying.exception(timeout=60), SystemExit)
        ids = {each.result(timeout=60) for each in others}
    assert {row.id for row in deposits.page(actor).items} == ids
    check_spine(tools)
