"""A slow receiver delays nobody: who is served next, as a matter of counting."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from portal.audit.actor import Actor
from portal.webhooks.dispatching import Lanes
from portal.webhooks.queueing import MAX_ATTEMPTS, SCHEDULE, Due, pause
from portal.webhooks.service import WebhookService
from tests.portal.conftest import MakeUser
from tests.portal.deposits.conftest import actor_of
from tests.portal.webhooks.conftest import Add
from tests.portal.webhooks.listener import Listener
from tests.waiting import PATIENCE


def test_failing_ones_share_half_of_the_lanes() -> None:
    lanes = Lanes(4)
    failing = [Due(f"bad-{number}", True) for number in range(10)]
    assert len(lanes.choose(failing)) == 2
    healthy = [Due(f"good-{number}", False) for number in range(10)]
    assert lanes.choose([*failing, *healthy]) == ["good-0", "good-1"]
    assert lanes.choose([*failing, *healthy]) == []


def test_a_slow_one_counts_as_slow_until_it_is_quick_again() -> None:
    lanes = Lanes(2)
    for name in ("a", "b"):
        lanes.choose([Due(name, False)])
        lanes.leave(name, slow=True)
    both = [Due("a", False), Due("b", False)]
    assert lanes.choose(both) == ["a"], "of the slow ones only half as many as there are lanes"
    lanes.leave("a", slow=False)
    assert lanes.choose(both) == ["b", "a"]


def test_each_has_its_turn() -> None:
    lanes = Lanes(1)
    due = [Due(name, False) for name in "abc"]
    served = []
    for _ in range(6):
        (name,) = lanes.choose(due)
        served.append(name)
        lanes.leave(name, slow=False)
    assert served == list("abcabc")


@given(st.integers(2, 8), st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=60))
def test_never_more_than_there_are_and_never_two_for_one(
    size: int, acts: list[tuple[int, bool]]
) -> None:
    lanes, open_now = Lanes(size), {}
    for number, flag in acts:
        name = str(number)
        if name in open_now:
            lanes.leave(name, slow=flag)
            del open_now[name]
            continue
        for chosen in lanes.choose([Due(name, flag)]):
            open_now[chosen] = flag
        assert len(open_now) <= size
        assert sum(open_now.values()) <= max(1, size // 2)


@given(st.integers(1, 30), st.integers(0, 5000))
def test_pauses_are_capped_and_heed_what_was_asked(attempts: int, asked: int) -> None:
    waits = pause(attempts, asked).total_seconds()
    planned = SCHEDULE[min(attempts, len(SCHEDULE)) - 1].total_seconds()
    assert max(planned, asked) <= waits <= max(planned * 1.2, asked)
    assert MAX_ATTEMPTS == 10


def test_a_receiver_that_hangs_delays_no_other(
    webhooks: WebhookService,
    add: Add,
    make_user: MakeUser,
    deposit,
    listener: Listener,  # type: ignore[no-untyped-def]
) -> None:
    hanging, released, quick = Listener(), threading.Event(), threading.Event()

    def hang(handler) -> None:  # type: ignore[no-untyped-def]
        released.wait(PATIENCE)
        handler.send_response(204)
        handler.end_headers()

    def answer(handler) -> None:  # type: ignore[no-untyped-def]
        handler.send_response(204)
        handler.end_headers()
        quick.set()

    hanging.behave, listener.behave = hang, answer
    server = hanging.start()
    try:
        slow_owner: Actor = actor_of(make_user())
        webhooks.create(slow_owner, hanging.url, ["deposit.received"])
        add(["deposit.received"])
        deposit(slow_owner)
        deposit()
        webhooks.advance()
        webhooks.advance()
        assert quick.wait(PATIENCE), "told while the other one still hangs"
        assert not released.is_set()
    finally:
        released.set()
        webhooks.close()
        server.shutdown()
        server.server_close()
