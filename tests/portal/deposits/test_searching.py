"""Finding deposits: by index, by what is not indexed yet, and never anybody else's."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.deposits.filters import Owner, Sort
from portal.deposits.models import Deposit, State
from portal.deposits.service import DepositFilter, DepositService
from portal.organisations.models import AccessGrant
from portal.problems import BadInput
from portal.search.models import SearchCount, SearchDocument
from portal.services import Services
from tests.portal.conftest import MakeUser
from tests.portal.deposits.conftest import MovableClock, actor_of, put, run

Index = Callable[[], int]


@pytest.fixture
def index(deposits: DepositService, clock: MovableClock) -> Index:
    """Let the worker index everything there is."""

    def go() -> int:
        clock.forward(seconds=10)
        total = 0
        while count := deposits.index():
            total += count
        return total

    return go


@pytest.fixture(params=["not indexed", "indexed"])
def settle(request: pytest.FixtureRequest, index: Index) -> Index:
    """Before the worker has come by, and afterwards."""
    return index if request.param == "indexed" else lambda: 0


def titles(deposits: DepositService, actor: Actor, size: int = 50, **wanted: object) -> list[str]:
    """All pages of a list, one after the other."""
    asked = DepositFilter(**wanted)  # type: ignore[arg-type]
    found: list[str] = []
    cursor = None
    while True:
        page = deposits.page(actor, asked, cursor, size)
        assert len(page.items) <= size
        found += [row.title for row in page.items]
        if (cursor := page.cursor) is None:
            count = deposits.count(actor, asked)
            assert (count.number, count.more) == (len(found), False)
            return found


def test_words(deposits: DepositService, actor: Actor, settle: Index) -> None:
    put(deposits, actor, title="与甲公司的供货合同", filename="contract-final.pdf")
    put(deposits, actor, title="Photographs", note="现场照片，三号仓库")
    last = put(deposits, actor, title="100%", filename="合同 scan_A1.jpg")
    settle()
    for asked, expected in {
        "合同": ["100%", "与甲公司的供货合同"],
        "甲公司": ["与甲公司的供货合同"],
        "仓库": ["Photographs"],
        "final contr": ["与甲公司的供货合同"],
        "100%": ["100%"],
        "PHOTO": ["Photographs"],
        "合同 a1": ["100%"],
        last.number: ["100%"],
        last.number.lower(): ["100%"],
        last.code: ["100%"],
        last.sha256[:7]: ["100%"],
        last.sha256.upper(): ["100%"],
        f"{last.sha256[:8]} {last.sha256[8:16]}": ["100%"],
        "甲货": [],
        "%": [],
        "_": [],
        "' OR 1=1 --": [],
        '" OR ""': [],
        "NEAR(a b)": [],
        "title:合同 *": [],
        "<script>": [],
        "合同 没有": [],
    }.items():
        assert titles(deposits, actor, text=asked) == expected, asked


def test_filters_together(
    deposits: DepositService, actor: Actor, settle: Index, clock: MovableClock
) -> None:
    put(deposits, actor, title="first 合同")
    run(deposits)
    middle = clock()
    clock.forward(hours=1)
    put(deposits, actor, title="second 合同")
    put(deposits, actor, title="third")
    settle()
    assert titles(deposits, actor, state=State.ISSUED) == ["first 合同"]
    assert titles(deposits, actor, state=State.RECEIVED) == ["third", "second 合同"]
    assert titles(deposits, actor, state=State.RECEIVED, text="合同") == ["second 合同"]
    assert titles(deposits, actor, text="合同", since=middle) == ["second 合同"]
    assert titles(deposits, actor, text="合同", until=middle) == ["first 合同"]
    assert titles(deposits, actor, since=middle) == ["third", "second 合同"]
    assert titles(deposits, actor, kind="file", size=1) == ["third", "second 合同", "first 合同"]
    assert titles(deposits, actor, kind="digest") == []
    assert titles(deposits, actor, kind="no such kind") == []
    assert titles(deposits, actor, case_id="' OR 1") == []
    assert titles(deposits, actor, tag="\x00😀") == []
    assert titles(deposits, actor, waits=True) == []


def test_waiting_is_found_while_it_waits(
    deposits: DepositService, actor: Actor, index: Index
) -> None:
    row = put(deposits, actor, title="waits")
    index()
    values = {"reason": "tsa-timeout", "detail": "no answer", "id": row.id}
    with deposits.tools.database.transaction() as session:
        session.execute(
            text("UPDATE deposits SET wait_reason=:reason, wait_detail=:detail WHERE id=:id"),
            values,
        )
    deposits.rebuild_index()
    assert titles(deposits, actor, waits=True) == ["waits"]
    assert deposits.waiting(actor) == 1
    index()
    assert titles(deposits, actor, waits=True) == ["waits"]
    assert deposits.waiting(actor) == 1
    run(deposits)
    assert titles(deposits, actor, waits=True) == []
    index()
    assert titles(deposits, actor, waits=True) == []
    assert deposits.waiting(actor) == 0


@pytest.mark.parametrize("size", [1, 3, 50])
@pytest.mark.parametrize("wanted", [{}, {"text": "item"}], ids=["all", "some"])
def test_orders(
    deposits: DepositService, actor: Actor, settle: Index, size: int, wanted: dict[str, str]
) -> None:
    for title, length in (("item Beta", 3), ("item 张", 9), ("item alpha", 9), ("item 李", 1)):
        put(deposits, actor, b"x" * length, title=title)
    settle()
    expected = {
        Sort.NEWEST: ["item 李", "item alpha", "item 张", "item Beta"],
        Sort.OLDEST: ["item Beta", "item 张", "item alpha", "item 李"],
        Sort.TITLE: ["item alpha", "item Beta", "item 李", "item 张"],
        Sort.SIZE: ["item alpha", "item 张", "item Beta", "item 李"],
    }
    for sort, order in expected.items():
        assert titles(deposits, actor, size, sort=sort, **wanted) == order, sort


def test_pages_hold_still_while_deposits_come_in(
    deposits: DepositService, actor: Actor, index: Index
) -> None:
    made = [put(deposits, actor, title=f"item {number}").id for number in range(9)]
    index()
    for sort in Sort:
        wanted = DepositFilter(text="item", sort=sort)
        first = deposits.page(actor, wanted, size=4)
        new = {put(deposits, actor, title="item 4a").id, put(deposits, actor, title="item").id}
        seen, cursor = [row.id for row in first.items], first.cursor
        while cursor is not None:
            page = deposits.page(actor, wanted, cursor, 4)
            seen, cursor = [*seen, *(row.id for row in page.items)], page.cursor
            index()
        assert len(seen) == len(set(seen)), sort
        assert set(made) <= set(seen) <= {*made, *new}, sort
        made += sorted(new)


def test_a_state_that_changed_since_counts_not_what_the_index_says(
    deposits: DepositService, actor: Actor, index: Index
) -> None:
    put(deposits, actor, title="moving")
    index()
    assert titles(deposits, actor, state=State.RECEIVED) == ["moving"]
    run(deposits)
    assert titles(deposits, actor, state=State.RECEIVED) == []
    assert titles(deposits, actor, state=State.ISSUED) == ["moving"]
    assert deposits.counts(actor)[State.ISSUED] == 1
    index()
    assert titles(deposits, actor, state=State.ISSUED) == ["moving"]
    assert deposits.counts(actor) == {
        **dict.fromkeys(State, 0),
        State.ISSUED: 1,
    }


def test_nobody_finds_or_counts_what_is_not_theirs(
    deposits: DepositService, actor: Actor, make_user: MakeUser, settle: Index
) -> None:
    stranger = actor_of(make_user(name="李四"))
    mine = put(deposits, actor, title="secret 机密合同")
    settle()
    for wanted in (
        DepositFilter(text="机密"),
        DepositFilter(text=mine.number),
        DepositFilter(text=mine.sha256),
        DepositFilter(state=State.RECEIVED),
        DepositFilter(sort=Sort.TITLE),
        DepositFilter(sort=Sort.SIZE),
        DepositFilter(owner=Owner.MINE),
        DepositFilter(owner=Owner.SHARED),
        DepositFilter(text=f"u_{actor.id}"),
        DepositFilter(tag=f" OR u_{actor.id}", text="secret"),
    ):
        assert deposits.page(stranger, wanted).items == (), wanted
        assert deposits.count(stranger, wanted).number == 0, wanted
    assert set(deposits.counts(stranger).values()) == {0}
    organised = dataclasses.replace(actor, organisation="0" * 32, organisation_role="manager")
    assert deposits.page(organised, DepositFilter(text="机密")).items == ()
    assert set(deposits.counts(organised).values()) == {0}


def test_an_index_that_is_wrong_about_owners_shows_nothing(
    deposits: DepositService, actor: Actor, user: User, index: Index
) -> None:
    put(deposits, actor, title="moved")
    index()
    with deposits.tools.database.transaction() as session:
        session.execute(
            text("UPDATE deposits SET owner_id = :other WHERE owner_id = :mine"),
            {"other": user.id, "mine": actor.id},
        )
    assert deposits.page(actor, DepositFilter(text="moved")).items == ()


def test_the_index_can_be_made_anew(deposits: DepositService, actor: Actor, index: Index) -> None:
    for number in range(5):
        put(deposits, actor, title=f"item {number}")
    run(deposits)
    assert index() == 5
    assert index() == 0
    before = _contents(deposits)
    deposits.rebuild_index()
    assert titles(deposits, actor, text="item") == [f"item {number}" for number in range(4, -1, -1)]
    assert index() == 5
    assert _contents(deposits) == before


def test_the_index_waits_for_deposits_on_their_way(
    deposits: DepositService, actor: Actor, clock: MovableClock
) -> None:
    put(deposits, actor)
    assert deposits.index() == 0
    clock.forward(seconds=3)
    assert deposits.index() == 1


def test_two_workers_write_each_deposit_once(
    deposits: DepositService, actor: Actor, clock: MovableClock
) -> None:
    put(deposits, actor, title="once")
    clock.forward(seconds=10)
    other = DepositService(deposits.tools)
    assert [deposits.index(), other.index()] == [1, 0]
    deposits.rebuild_index()
    assert [other.index(), deposits.index()] == [1, 0]
    with deposits.tools.database.reading() as session:
        assert len(session.scalars(select(SearchDocument)).all()) == 1
        assert session.scalars(select(SearchCount.count)).all() == [1]


def test_deposits_of_one_moment_each_have_their_place(
    deposits: DepositService, actor: Actor, index: Index
) -> None:
    made = [put(deposits, actor, title=f"item {number}") for number in range(4)]
    with deposits.tools.database.transaction() as session:
        for number, row in enumerate(made):  # one microsecond, and one tie
            session.execute(
                text("UPDATE deposits SET received_at = :at, id = :new WHERE id = :id"),
                {"at": made[0].received_at, "id": row.id, "new": f"aaaa{number}{row.id[5:]}"},
            )
            session.execute(
                text("UPDATE search_progress SET seq = 0"),
            )
    with deposits.tools.database.reading() as session:
        rows = session.scalars(select(Deposit)).all()
    assert len({row.received_at for row in rows}) == 1
    with deposits.tools.database.transaction() as session:
        from portal.audit.service import record

        for row in rows:
            record(session, actor, "deposit.received", row.subject)
    index()
    for size in (1, 2, 10):
        assert sorted(titles(deposits, actor, size, text="item")) == [
            f"item {number}" for number in range(4)
        ]


@pytest.mark.parametrize(
    "cursor",
    ["", "made-up", "Zm9v", "🙂", "x" * 5000, "bmV3ZXN0IDEgMSAx", "bmV3ZXN0IC0xIDAgYSBi"],
)
def test_cursors_nobody_gave(deposits: DepositService, actor: Actor, cursor: str) -> None:
    for wanted in (DepositFilter(), DepositFilter(text="x"), DepositFilter(sort=Sort.SIZE)):
        with pytest.raises(BadInput) as caught:
            deposits.page(actor, wanted, cursor)
        assert caught.value.field == "cursor"


def test_a_cursor_of_another_order_is_refused(deposits: DepositService, actor: Actor) -> None:
    for _ in range(2):
        put(deposits, actor)
    cursor = deposits.page(actor, DepositFilter(), size=1).cursor
    with pytest.raises(BadInput):
        deposits.page(actor, DepositFilter(sort=Sort.SIZE), cursor)


def test_finds_what_looking_at_each_finds(
    deposits: DepositService, actor: Actor, index: Index
) -> None:
    """Random titles, random questions: the index, the tail, and the plain definition agree."""
    chance = random.Random(7)  # noqa: S311 - no secret
    pool = "合同书甲乙公司照片录音12ab"

    def text_of(most: int) -> str:
        return "".join(chance.choice(pool + " ,") for _ in range(chance.randrange(1, most)))

    for _ in range(40):
        put(deposits, actor, title=text_of(14), note=text_of(20), filename=text_of(8))
    rows = deposits.page(actor, size=200).items
    questions = ["".join(chance.choices("合同书甲乙公司照片", k=2)) for _ in range(30)]
    before = {each: _ids(deposits, actor, each) for each in questions}
    index()
    for each in questions:
        naive = {row.id for row in rows if any(each in it for it in _fields(row))}
        assert _ids(deposits, actor, each) == naive == before[each], each
    for each in (text_of(6) for _ in range(30)):
        indexed = _ids(deposits, actor, each)
        deposits.rebuild_index()
        assert _ids(deposits, actor, each) == indexed, each
        index()


def test_far_behind_is_said(
    deposits: DepositService, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.deposits.tail.MOST_CHANGES", 3)
    for number in range(4):
        put(deposits, actor, title=f"item {number}")
    page = deposits.page(actor, DepositFilter(text="item"))
    assert page.behind
    assert [row.title for row in page.items] == ["item 3", "item 2", "item 1"]


def test_dates_beyond_all_deposits(deposits: DepositService, actor: Actor, settle: Index) -> None:
    row = put(deposits, actor, title="item")
    settle()
    year = timedelta(days=365)
    before, after = row.received_at - 100 * year, row.received_at + 400 * year
    assert titles(deposits, actor, text="item", since=before, until=after) == ["item"]
    assert titles(deposits, actor, text="item", until=before) == []
    assert titles(deposits, actor, text="item", since=after) == []


def _fields(row: Deposit) -> tuple[str, ...]:
    return row.title, row.note, row.filename


def _ids(deposits: DepositService, actor: Actor, text: str) -> set[str]:
    page = deposits.page(actor, DepositFilter(text=text), size=200)
    assert page.cursor is None
    return {row.id for row in page.items}


def _contents(deposits: DepositService) -> list[tuple[object, ...]]:
    with deposits.tools.database.reading() as session:
        rows = session.execute(select(*SearchDocument.__table__.c).order_by(SearchDocument.doc))
        counted = select(*SearchCount.__table__.c).order_by(SearchCount.name)
        counts = session.execute(counted.where(SearchCount.__table__.c["count"] > 0))
        return [tuple(row) for row in (*rows, *counts)]


def test_the_command_makes_the_index_anew(
    app: Flask, services: Services, deposits: DepositService, actor: Actor, index: Index
) -> None:
    put(deposits, actor, title="item")
    index()
    with deposits.tools.database.transaction() as session:
        session.execute(text("UPDATE search_counts SET count = 77"))
    outcome = app.test_cli_runner().invoke(args=["search", "rebuild"])
    assert outcome.exit_code == 0, outcome.output
    assert "deposits indexed" in outcome.output
    assert deposits.counts(actor)[State.RECEIVED] == 1


def test_shared_with_me_is_searched_too(
    deposits: DepositService, actor: Actor, make_user: MakeUser, settle: Index
) -> None:
    other = make_user(name="李四")
    given, kept = put(deposits, actor, title="合同 given"), put(deposits, actor, title="合同 kept")
    settle()
    with deposits.tools.database.transaction() as session:
        session.add(
            AccessGrant(
                deposit_id=given.id,
                user_id=other.id,
                granted_by=actor.id,
                created_at=given.received_at,
            )
        )
    friend = actor_of(other)
    assert titles(deposits, friend, owner=Owner.SHARED) == ["合同 given"]
    assert titles(deposits, friend, owner=Owner.SHARED, text="合同", sort=Sort.SIZE) == [
        "合同 given"
    ]
    assert titles(deposits, friend, owner=Owner.SHARED, text="nothing") == []
    assert titles(deposits, friend, text="合同") == []
    assert kept.id not in {row.id for row in deposits.page(friend).items}
    with deposits.tools.database.transaction() as session:
        session.execute(text("UPDATE access_grants SET revoked_at = created_at"))
    assert titles(deposits, friend, owner=Owner.SHARED) == []


def test_what_is_found_is_read_whole(deposits: DepositService, actor: Actor) -> None:
    """Also what the index does not know yet, of which only some columns are looked at first."""
    put(deposits, actor, title="whole")
    run(deposits)
    (row,) = deposits.page(actor, DepositFilter(text="whole")).items
    assert row.token
    assert row.proof
    assert row.letter_key


def test_more_than_a_thousand_are_not_counted(
    deposits: DepositService,
    actor: Actor,
    monkeypatch: pytest.MonkeyPatch,
    settle: Index,
) -> None:
    monkeypatch.setattr("portal.deposits.searching.MOST_COUNTED", 3)
    for number in range(5):
        put(deposits, actor, title=f"item {number}")
    settle()
    for wanted in (DepositFilter(), DepositFilter(text="item"), DepositFilter(kind="file")):
        count = deposits.count(actor, wanted)
        assert (count.number, count.more) == (3, True)
