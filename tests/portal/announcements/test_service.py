"""Announcements are shown when they should be, and cost pages nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event

from portal.announcements.models import Audience, Level
from portal.announcements.service import AnnouncementService, Draft
from portal.audit.actor import Actor
from portal.audit.service import latest
from portal.database import Database
from portal.problems import BadInput, NotFound
from portal.services import Services
from tests.portal.conftest import MakeUser
from tests.portal.deposits.conftest import MovableClock, actor_of


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def board(services: Services, clock: MovableClock) -> AnnouncementService:
    return AnnouncementService(services.database, clock)


@pytest.fixture
def actor(make_user: MakeUser) -> Actor:
    return actor_of(make_user("operator"))


def _draft(clock: MovableClock, begins: float = 0, ends: float | None = None, **more: str) -> Draft:
    now = clock()
    given = {"text_zh": "维护", "text_en": "Work", **more}
    until = None if ends is None else now + timedelta(hours=ends)
    start = now + timedelta(hours=begins)
    return Draft(given["text_zh"], given["text_en"], Level.INFO, Audience.EVERYBODY, start, until)


def _shown(board: AnnouncementService) -> list[str]:
    return [each.text_en for each in board.showing(signed_in=False)]


def test_from_its_beginning_to_its_end(
    board: AnnouncementService, actor: Actor, clock: MovableClock
) -> None:
    board.publish(actor, _draft(clock, 1, 2))
    assert _shown(board) == []
    clock.forward(minutes=61)
    assert _shown(board) == ["Work"]
    clock.forward(hours=1)
    assert _shown(board) == []


def test_withdrawn_once_with_its_custody_entries(
    board: AnnouncementService, actor: Actor, clock: MovableClock, services: Services
) -> None:
    row = board.publish(actor, _draft(clock))
    board.withdraw(actor, row.id)
    board.withdraw(actor, row.id)
    assert _shown(board) == []
    with services.database.reading() as session:
        assert [each.action for each in latest(session, 2)] == [
            "announcement.withdrawn", "announcement.published",
        ]  # fmt: skip
    with pytest.raises(NotFound):
        board.withdraw(actor, "none")


def test_a_thousand_pages_cost_one_query(
    board: AnnouncementService, actor: Actor, clock: MovableClock, services: Services
) -> None:
    board.publish(actor, _draft(clock))
    asked: list[str] = []
    event.listen(
        services.database.engine,
        "before_cursor_execute",
        lambda _c, _k, statement, *_: asked.append(statement),
    )
    for _ in range(1000):
        assert _shown(board) == ["Work"]
    assert len([each for each in asked if "announcements" in each]) == 1


def test_a_database_that_is_away_takes_no_page_away(clock: MovableClock) -> None:
    board = AnnouncementService(Database("sqlite:////nowhere/at/all.db"), clock)
    assert _shown(board) == []


@pytest.mark.parametrize(
    "text",
    ["", "  \n ", "x" * 501, "a\x00b", "a\u202eb"],
    ids=["none", "blank", "long", "nul", "rtl"],
)
def test_texts_that_will_not_do(
    board: AnnouncementService, actor: Actor, clock: MovableClock, text: str
) -> None:
    with pytest.raises(BadInput) as caught:
        board.publish(actor, _draft(clock, text_en=text))
    assert caught.value.field == "text_en"
    assert board.history() == []


def test_an_end_before_its_beginning(
    board: AnnouncementService, actor: Actor, clock: MovableClock
) -> None:
    for begins, ends in ((2, 1), (-2, -1), (1, 1)):
        with pytest.raises(BadInput):
            board.publish(actor, _draft(clock, begins, ends))
