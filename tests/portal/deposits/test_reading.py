"""What strangers may learn of a deposit, and how lists are paged."""

from __future__ import annotations

import pytest

from portal.audit.actor import Actor
from portal.deposits.letters import masked_address
from portal.deposits.models import State
from portal.deposits.service import DepositFilter, DepositService
from portal.problems import BadInput, NotFound
from tests.portal.deposits.conftest import put, run


class TestPublic:
    def test_by_number_code_and_digest(self, deposits: DepositService, actor: Actor) -> None:
        deposit = put(deposits, actor, b"x", title="SECRET", filename="SECRET.pdf")
        for text in (
            deposit.number,
            deposit.number.lower(),
            deposit.code,
            deposit.sha256,
            f" {deposit.sha256.upper()} ",
        ):
            found = deposits.find_public(text)
            assert found.number == deposit.number
            assert "SECRET" not in repr(found)
            assert actor.id not in repr(found)

    def test_a_digest_deposited_twice_shows_the_earliest(
        self, deposits: DepositService, actor: Actor
    ) -> None:
        first = put(deposits, actor, b"x")
        put(deposits, actor, b"x")
        assert deposits.find_public(first.sha256).number == first.number

    def test_the_wrong_date_is_another_number(self, deposits: DepositService, actor: Actor) -> None:
        deposit = put(deposits, actor)
        with pytest.raises(NotFound):
            deposits.find_public(f"NE19990101-{deposit.code}")

    @pytest.mark.parametrize("text", ["", "hello", "0" * 63, "g" * 64, "x" * 10_000, "\x00"])
    def test_something_else(self, deposits: DepositService, text: str) -> None:
        with pytest.raises(BadInput) as caught:
            deposits.find_public(text)
        assert caught.value.field == "number"

    def test_nothing_there(self, deposits: DepositService) -> None:
        for text in ("0" * 64, "NE20260101-00000000", "00000000"):
            with pytest.raises(NotFound):
                deposits.find_public(text)


def test_deposits_of_one_moment_are_paged_without_loss(
    deposits: DepositService, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = deposits.tools.clock()
    frozen = DepositService(
        type(deposits.tools)(**{**vars(deposits.tools), "clock": lambda: moment})
    )
    made = {put(frozen, actor).id for _ in range(7)}
    seen: list[str] = []
    cursor = None
    while True:
        page = deposits.page(actor, cursor=cursor, size=2)
        seen += [each.id for each in page.items]
        if (cursor := page.cursor) is None:
            break
    assert len(seen) == 7
    assert set(seen) == made


def test_counts_by_state(deposits: DepositService, actor: Actor) -> None:
    put(deposits, actor)
    run(deposits)
    put(deposits, actor)
    counts = deposits.counts(actor)
    assert (counts[State.ISSUED], counts[State.RECEIVED], counts[State.ANCHORED]) == (1, 1, 0)
    assert len(deposits.page(actor, DepositFilter(state=State.ISSUED)).items) == 1


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("203.0.113.7", "203.0.113.*"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::*"),
        ("::1", "::*"),
        ("", ""),
        ("nonsense", ""),
    ],
)
def test_addresses_are_masked_on_paper(address: str, shown: str) -> None:
    assert masked_address(address) == shown
