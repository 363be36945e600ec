"""Many digests at once: exactly the good ones, each once, whatever stands beside them."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from chain_adapter import Digest
from portal.audit.actor import Actor
from portal.audit.service import record_many
from portal.deposits import batching, drafts
from portal.deposits.batching import MAX_ITEMS, NewDigest
from portal.deposits.models import Deposit
from portal.deposits.numbers import new_number
from portal.deposits.records import Metadata
from portal.deposits.service import Accepted, DepositService
from portal.deposits.tools import Tools
from portal.problems import PortalError, TooLarge
from tests.portal.conftest import MakeUser
from tests.portal.deposits.checking import check_spine
from tests.portal.deposits.conftest import actor_of, run


def item(key: str | None = None, title: str = "", content: bytes | None = None) -> NewDigest:
    return NewDigest((Digest("sha256", content or os.urandom(32)),), Metadata(title=title), 7, key)


def count(tools: Tools) -> int:
    with tools.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Deposit)) or 0


def words(outcomes: list[Any]) -> list[str]:
    return [
        each.code if isinstance(each, PortalError) else "replayed" if each.replayed else "new"
        for each in outcomes
    ]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few items already are several transactions."""
    monkeypatch.setattr(batching, "_CHUNK", 4)


def test_good_and_bad_ones_mixed(deposits: DepositService, tools: Tools, actor: Actor) -> None:
    sha, sm3 = Digest("sha256", bytes(32)), Digest("sm3", bytes(32))
    items = [
        item(),
        NewDigest((sm3,), Metadata()),
        item(key="two words"),
        NewDigest((sha, sha), Metadata()),
        NewDigest((sm3, sha), Metadata(title="both")),
        NewDigest((sha,), Metadata(), size=-1),
        item(title="last"),
    ]
    outcomes = deposits.receive_many(actor, items)
    assert words(outcomes) == [
        "new",
        "digest_missing",
        "idempotency_key",
        "digest_algorithm",
        "new",
        "size",
        "new",
    ]
    assert count(tools) == 3
    both = outcomes[4]
    assert isinstance(both, Accepted)
    assert (both.deposit.sm3, both.deposit.title) == ("00" * 32, "both")
    run(deposits)
    check_spine(tools)


def test_the_same_batch_again_is_the_same_deposits(
    deposits: DepositService, tools: Tools, actor: Actor
) -> None:
    items = [item(key=f"k{place}") for place in range(10)]
    first = deposits.receive_many(actor, items)
    again = deposits.receive_many(actor, items)
    assert words(first) == ["new"] * 10
    assert words(again) == ["replayed"] * 10
    assert [each.deposit.id for each in again] == [each.deposit.id for each in first]  # type: ignore[union-attr]
    assert count(tools) == 10


def test_a_key_twice_in_one_batch(deposits: DepositService, tools: Tools, actor: Actor) -> None:
    same, other = item(key="k"), item(key="k", title="other")
    far = [item() for _ in range(5)]
    outcomes = deposits.receive_many(actor, [same, same, other, *far, same, other])
    assert words(outcomes) == [
        "new",
        "replayed",
        "idempotency_key_reused",
        *["new"] * 5,
        "replayed",
        "idempotency_key_reused",
    ]
    assert count(tools) == 6


def test_a_key_belongs_to_its_owner(
    deposits: DepositService, tools: Tools, make_user: MakeUser
) -> None:
    one, two = actor_of(make_user()), actor_of(make_user())
    assert words(deposits.receive_many(one, [item(key="k")])) == ["new"]
    assert words(deposits.receive_many(two, [item(key="k")])) == ["new"]
    assert count(tools) == 2


def test_more_than_a_batch_takes(deposits: DepositService, tools: Tools, actor: Actor) -> None:
    with pytest.raises(TooLarge, match="10000"):
        deposits.receive_many(actor, [item()] * (MAX_ITEMS + 1))
    assert count(tools) == 0
    assert deposits.receive_many(actor, []) == []


def test_a_number_taken_by_chance(
    deposits: DepositService, tools: Tools, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = deposits.receive_many(actor, [item()])[0]
    assert isinstance(taken, Accepted)
    real, clashes = new_number, iter([(taken.deposit.number, taken.deposit.code)])
    monkeypatch.setattr(drafts, "new_number", lambda *given: next(clashes, None) or real(*given))
    assert words(deposits.receive_many(actor, [item(), item(key="k")])) == ["new", "new"]
    assert count(tools) == 3


def test_one_thousand_that_cannot_be_written_leaves_the_others(
    deposits: DepositService, tools: Tools, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = record_many, iter(range(9))

    def sometimes(session: Any, acts: Any) -> None:
        if next(calls) == 1:
            raise OperationalError("COMMIT", {}, Exception("disk I/O error"))
        real(session, acts)

    monkeypatch.setattr(batching, "record_many", sometimes)
    items = [item(key=f"k{place}") for place in range(10)]
    first = deposits.receive_many(actor, items)
    assert words(first) == ["new"] * 4 + ["busy"] * 4 + ["new"] * 2
    assert count(tools) == 6
    assert Counter(words(deposits.receive_many(actor, items))) == {"replayed": 6, "new": 4}
    check_spine(tools)


def test_the_same_batch_by_several_at_once(
    deposits: DepositService, tools: Tools, actor: Actor
) -> None:
    items = [item(key=f"k{place}") for place in range(12)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: deposits.receive_many(actor, items), range(4)))
    assert count(tools) == 12
    assert Counter(word for each in answers for word in words(each)) == {"new": 12, "replayed": 36}
    check_spine(tools)
