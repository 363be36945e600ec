"""Accounts are made once for every state, and never shown as of an older one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.consortium import accounts
from portal.consortium.reading import Reading
from portal.problems import NotFound
from portal.services import build_services
from portal.settings import Settings
from tests.chain_adapter.consortium.people import ZERO, identity, regulators
from tests.portal.consortium.portal_world import PortalWorld


@pytest.fixture
def other(settings: Settings, founded: PortalWorld) -> Iterator[Reading]:
    """What another process of the same portal reads."""
    built = build_services(settings)
    yield built.consortium.reading
    built.close()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The identities whose accounts were made, in order."""
    counted: list[str] = []
    make = accounts._account

    def count(*given: object) -> object:
        account = make(*given)  # type: ignore[arg-type]
        counted.append(account.identity)
        return account

    monkeypatch.setattr(accounts, "_account", count)
    return counted


def standings(reading: Reading) -> dict[str, str]:
    return {each.identity: each.standing for each in reading.accounts()}


def test_they_are_made_once_for_every_state(founded: PortalWorld, made: list[str]) -> None:
    reading = founded.services.consortium.reading
    assert reading.accounts() == ()
    founded.carry_out(founded.world.register("house", kind=1, parent=ZERO))
    first = reading.accounts()
    assert reading.accounts() is first
    house = identity("house").hex()
    assert reading.account(house) is first[0]
    assert made == [house]
    with pytest.raises(NotFound):
        reading.account(identity("ann").hex())


def test_every_message_that_counts_is_seen_wherever_it_was_anchored(
    founded: PortalWorld, other: Reading
) -> None:
    house, ann = identity("house").hex(), identity("ann").hex()
    here, world = founded.services.consortium.reading, founded.world
    for act, expected in (
        (world.register("house", kind=1, parent=ZERO), {house: "active"}),
        (
            world.register("ann", parent=identity("house")),
            {house: "active", ann: "active"},
        ),
        (
            world.act("limit", "ann", by=regulators()[:1], value=3),
            {house: "active", ann: "limited"},
        ),
        (world.act("blacklist", "house"), {house: "blacklisted", ann: "branch_blocked"}),
    ):
        founded.carry_out(act)
        assert standings(other) == expected
        assert standings(here) == expected


def test_whoever_begins_now_reads_the_same(
    founded: PortalWorld, settings: Settings, other: Reading
) -> None:
    founded.carry_out(founded.world.register("ann"))
    founded.carry_out(founded.world.act("remove", "ann"))
    assert other.accounts() == founded.services.consortium.reading.accounts()


def test_what_changes_nothing_makes_nothing_anew(founded: PortalWorld, made: list[str]) -> None:
    founded.carry_out(founded.world.register("ann"))
    reading = founded.services.consortium.reading
    before = reading.accounts()
    founded.post(founded.world.act("remove", "ann", by=regulators()[:1]))
    assert reading.accounts() is before
    assert len(made) == 1
