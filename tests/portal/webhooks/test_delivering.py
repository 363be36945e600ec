"""From the custody log to the receiver: chosen, signed, tried again, stopped when disabled."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import func, select

from portal.audit.actor import Actor
from portal.audit.service import entries_for, head, verify_chain
from portal.problems import Conflict, RateLimited
from portal.services import Services
from portal.webhooks.history import Detail
from portal.webhooks.models import (
    DeliveryState,
    WebhookAttempt,
    WebhookCursor,
    WebhookDelivery,
    WebhookEndpoint,
)
from portal.webhooks.queueing import MAX_ATTEMPTS
from portal.webhooks.service import WebhookService
from tests.portal.conftest import MakeUser
from tests.portal.deposits.conftest import MovableClock, actor_of, put, run
from tests.portal.webhooks.conftest import Add, Settle
from tests.portal.webhooks.listener import Listener

EVERY = ["deposit.received", "deposit.timestamped", "deposit.anchored", "deposit.issued"]


@dataclass(frozen=True)
class Scene:
    """A portal, somebody who has webhooks there, and the receiver."""

    webhooks: WebhookService
    actor: Actor
    add: Add
    deposit: Callable[..., str]
    settle: Settle
    listener: Listener
    clock: MovableClock

    def happen(self) -> None:
        """A deposit is made and issued, and whoever is to be told is told."""
        self.deposit()
        self.settle()

    def tell(self, events: Sequence[str] = ("deposit.issued",)) -> WebhookEndpoint:
        """A new webhook, and the first thing to tell it."""
        endpoint, _ = self.add(events)
        self.happen()
        return endpoint

    def later(self, **span: float) -> None:
        self.clock.forward(**span)
        self.settle()

    def kept(self, endpoint: WebhookEndpoint) -> WebhookEndpoint:
        """As it is by now."""
        return self.webhooks.get(self.actor, endpoint.id)

    def log(self, endpoint: WebhookEndpoint) -> tuple[Detail, ...]:
        return self.webhooks.deliveries(self.actor, endpoint.id, size=200).items

    def test(self, endpoint: WebhookEndpoint) -> WebhookAttempt:
        return self.webhooks.test(self.actor, endpoint.id)

    @property
    def count(self) -> int:
        """How many requests came."""
        return len(self.listener.received)

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(each.body) for each in self.listener.received]


@pytest.fixture
def scene(
    webhooks: WebhookService,
    actor: Actor,
    add: Add,
    deposit: Callable[..., str],
    settle: Settle,
    listener: Listener,
    clock: MovableClock,
) -> Scene:
    return Scene(webhooks, actor, add, deposit, settle, listener, clock)


def test_a_letter_is_told_and_the_signature_holds(scene: Scene, services: Services) -> None:
    endpoint, secret = scene.add()
    deposit_id = put(services.deposits, scene.actor).id
    run(services.deposits)
    scene.settle()
    received = scene.listener.received[0]
    message = received.verified(secret)
    made = services.deposits.get(scene.actor, deposit_id)
    assert message["type"] == "deposit.issued"
    assert message["data"]["id"] == deposit_id
    assert message["data"]["number"] == made.number
    assert message["data"]["sha256"] == made.sha256
    assert message["data"]["url"].endswith(f"/api/v1/deposits/{deposit_id}")
    assert received.headers["content-type"] == "application/json"
    assert scene.count == 1
    assert endpoint.id not in received.body.decode()


def test_nothing_of_titles_names_or_files_leaves(scene: Scene, services: Services) -> None:
    scene.add(EVERY)
    put(services.deposits, scene.actor, title="秘密合同", filename="secret.pdf", note="private")
    run(services.deposits)
    scene.settle()
    told = b"".join(each.body for each in scene.listener.received).decode()
    assert [each["type"] for each in scene.told] == EVERY
    for word in ("秘密合同", "secret.pdf", "private", scene.actor.name):
        assert word not in told


def test_only_ones_own_deposits_are_told(scene: Scene, make_user: MakeUser) -> None:
    scene.add()
    scene.deposit(actor_of(make_user()))
    scene.settle()
    assert scene.listener.received == []


def test_an_organisations_webhook_hears_of_its_deposits_alone(scene: Scene) -> None:
    from portal.deposits.telling import Told
    from portal.webhooks.events import Happening
    from portal.webhooks.feed import _wants

    own, _ = scene.add()
    manager = Actor(
        scene.actor.id, scene.actor.name, organisation="org-1", organisation_role="manager"
    )
    shared, _ = scene.add(who=manager)
    happening = Happening(10**9, own.created_at, "deposit.issued", "d", {}, "0" * 64)
    mine = Told("d", "N", "file", "0" * 64, scene.actor.id, "")
    theirs = Told("d", "N", "file", "0" * 64, scene.actor.id, "org-1")
    others = Told("d", "N", "file", "0" * 64, scene.actor.id, "org-2")
    assert [_wants(own, happening, each) for each in (mine, theirs, others)] == [True, False, False]
    assert [_wants(shared, happening, each) for each in (mine, theirs, others)] == [
        False,
        True,
        False,
    ]


def test_what_happened_before_is_not_told(scene: Scene) -> None:
    scene.deposit()
    scene.add()
    scene.settle()
    assert scene.listener.received == []


def test_the_cursor_stands_at_the_end_when_nobody_listens(scene: Scene, services: Services) -> None:
    scene.happen()
    with services.database.reading() as session:
        cursor = session.scalars(select(WebhookCursor.seq)).one()
        assert cursor == head(session).size
        assert session.scalar(select(func.count()).select_from(WebhookDelivery)) == 0


def test_a_closed_account_is_told_nothing(scene: Scene, services: Services) -> None:
    from portal.accounts.models import User

    scene.add()
    scene.deposit()
    with services.database.transaction() as session:
        user = session.get(User, scene.actor.id)
        assert user is not None
        user.active = False
    scene.settle()
    assert scene.listener.received == []


def test_a_long_log_becomes_every_delivery_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.webhooks.feed._CHUNK", 2)
    scene.add(["deposit.received", "deposit.issued"])
    ids = [scene.deposit() for _ in range(3)]
    scene.settle()
    told = [(each["data"]["id"], each["type"]) for each in scene.told]
    assert sorted(told) == sorted(
        (each, kind) for each in ids for kind in ("deposit.received", "deposit.issued")
    )


class TestTryingAgain:
    def test_pauses_grow_then_it_is_given_up(self, scene: Scene) -> None:
        scene.listener.status, scene.listener.answer = 503, "<script>alert('忙')</script>".encode()
        endpoint = scene.tell()
        assert scene.count == 1
        scene.settle()
        assert scene.count == 1, "not due yet"
        for number in range(2, MAX_ATTEMPTS + 1):
            # Its patience would end first: keep the endpoint's own clock from running out.
            with scene.webhooks._database.transaction() as session:
                session.get(WebhookEndpoint, endpoint.id).failing_since = scene.clock()  # type: ignore[union-attr]
            scene.later(hours=30)
            assert scene.count == number
        scene.later(days=30)
        assert scene.count == MAX_ATTEMPTS
        assert len({each.headers["webhook-id"] for each in scene.listener.received}) == 1
        row = scene.log(endpoint)[0]
        assert row.delivery.state == DeliveryState.FAILED
        assert [each.number for each in row.attempts] == list(range(1, MAX_ATTEMPTS + 1))
        assert {each.status for each in row.attempts} == {503}
        assert row.last is not None
        assert row.last.answer == "<script>alert('忙')</script>"

    def test_it_gets_through_later(self, scene: Scene) -> None:
        scene.listener.status = 500
        endpoint = scene.tell()
        assert scene.kept(endpoint).failing_since is not None
        scene.listener.status = 200
        scene.later(minutes=1)
        row = scene.log(endpoint)[0]
        assert row.delivery.state == DeliveryState.DELIVERED
        assert [each.status for each in row.attempts] == [500, 200]
        assert scene.kept(endpoint).failing_since is None

    def test_a_failing_receiver_is_not_hammered(self, scene: Scene) -> None:
        scene.listener.status = 500
        scene.add(EVERY)
        for _ in range(3):
            scene.deposit()
        scene.settle()
        assert scene.count == 1

    def test_days_of_failure_disable_it_with_a_mail(
        self, scene: Scene, post: list[tuple[str, str, str]], services: Services
    ) -> None:
        scene.listener.status = 500
        endpoint = scene.tell()
        scene.clock.forward(days=6)
        scene.happen()
        stopped = scene.kept(endpoint)
        assert (stopped.enabled, stopped.stop_reason) == (False, "failing")
        assert len(post) == 1
        assert endpoint.url in post[0][2]
        states = {each.delivery.state for each in scene.log(endpoint)}
        assert states == {DeliveryState.CANCELLED}
        count = scene.count
        scene.clock.forward(days=6)
        scene.happen()
        assert scene.count == count
        with services.database.reading() as session:
            acts = [each.action for each in entries_for(session, stopped.subject)]
            assert acts == ["webhook.created", "webhook.disabled"]
            assert verify_chain(session).ok

    def test_410_disables_it_at_once(self, scene: Scene) -> None:
        scene.listener.status = 410
        endpoint = scene.tell()
        assert scene.kept(endpoint).stop_reason == "gone"

    def test_more_than_is_kept_disables_it(self, scene: Scene) -> None:
        scene.webhooks._dispatcher._feed._most_waiting = 3
        scene.listener.status = 500
        endpoint, _ = scene.add(["deposit.received", "deposit.issued"])
        scene.deposit()
        scene.happen()
        assert scene.kept(endpoint).stop_reason == "backlog"
        assert scene.listener.received == []


class TestDisabled:
    def test_means_stopped(self, scene: Scene) -> None:
        scene.listener.status = 500
        endpoint = scene.tell()
        scene.webhooks.disable(scene.actor, endpoint.id)
        scene.listener.status, count = 200, scene.count
        scene.deposit()
        scene.later(days=2)
        assert scene.count == count
        assert scene.log(endpoint)[0].delivery.state == DeliveryState.CANCELLED
        for act in (
            scene.webhooks.test,
            lambda *_: scene.webhooks.resend(
                scene.actor, endpoint.id, scene.log(endpoint)[0].delivery.id
            ),
        ):
            with pytest.raises(Conflict):
                act(scene.actor, endpoint.id)
        assert scene.count == count

    def test_then_enabled_tells_only_what_happens_from_then_on(self, scene: Scene) -> None:
        endpoint, _ = scene.add()
        scene.webhooks.disable(scene.actor, endpoint.id)
        scene.deposit()
        scene.webhooks.enable(scene.actor, endpoint.id)
        later = scene.deposit()
        scene.settle()
        assert [each["data"]["id"] for each in scene.told] == [later]

    def test_in_the_middle_of_a_run_ends_the_run(self, scene: Scene) -> None:
        endpoint, _ = scene.add(["deposit.received", "deposit.timestamped", "deposit.issued"])

        def disable_first(handler) -> None:  # type: ignore[no-untyped-def]
            scene.webhooks.disable(scene.actor, endpoint.id)
            handler.send_response(204)
            handler.end_headers()

        scene.deposit()
        scene.listener.behave = disable_first
        scene.settle()
        assert scene.count == 1


class TestCrashes:
    def test_what_was_taken_by_one_that_died_is_sent_by_another(self, scene: Scene) -> None:
        endpoint, _ = scene.add()
        scene.deposit()
        scene.webhooks._dispatcher._feed.gather()
        taken = scene.webhooks._dispatcher._queueing.take(endpoint.id, 20)
        assert taken is not None  # and is killed
        scene.settle()
        assert scene.listener.received == []
        scene.later(minutes=3)
        assert scene.count == 1

    def test_an_acknowledgement_that_was_not_noted_is_asked_for_again(self, scene: Scene) -> None:
        endpoint, _ = scene.add()
        scene.deposit()
        scene.webhooks._dispatcher._feed.gather()
        taken = scene.webhooks._dispatcher._queueing.take(endpoint.id, 20)
        assert taken is not None
        scene.webhooks._courier.carry(taken[0], taken[1][0])  # received, and we are killed
        scene.later(minutes=3)
        ids = [each.headers["webhook-id"] for each in scene.listener.received]
        assert len(ids) == 2
        assert len(set(ids)) == 1

    def test_two_followers_make_each_delivery_once(self, scene: Scene, services: Services) -> None:
        from concurrent.futures import ThreadPoolExecutor

        scene.add(["deposit.received", "deposit.issued"])
        for _ in range(3):
            scene.deposit()
        with ThreadPoolExecutor(4) as pool:
            made = list(pool.map(lambda _: scene.webhooks._dispatcher._feed.gather(), range(4)))
        assert sum(made) == 6
        with services.database.reading() as session:
            assert session.scalar(select(func.count()).select_from(WebhookDelivery)) == 6


class TestSecrets:
    def test_for_a_day_both_secrets_verify(self, scene: Scene) -> None:
        from standardwebhooks.webhooks import WebhookVerificationError

        endpoint, old = scene.add()
        new = scene.webhooks.rotate(scene.actor, endpoint.id)
        assert new != old
        scene.happen()
        scene.listener.received[0].verified(old)
        scene.listener.received[0].verified(new)
        # The clock is what the library checks times by, so the rotation is moved back instead.
        with scene.webhooks._database.transaction() as session:
            row = session.get(WebhookEndpoint, endpoint.id)
            assert row is not None
            row.previous_until = scene.clock()
        scene.happen()
        scene.listener.received[1].verified(new)
        with pytest.raises(WebhookVerificationError):
            scene.listener.received[1].verified(old)

    def test_no_secret_lies_open_in_the_database(self, scene: Scene) -> None:
        endpoint, secret = scene.add()
        kept = scene.kept(endpoint)
        assert secret.removeprefix("whsec_").encode() not in kept.secret
        assert secret.encode() not in kept.secret

    def test_a_secret_moved_to_another_row_does_not_sign(self, scene: Scene) -> None:
        first, _ = scene.add()
        second, _ = scene.add(["deposit.received"])
        with scene.webhooks._database.transaction() as session:
            session.get(WebhookEndpoint, first.id).secret = second.secret  # type: ignore[union-attr]
        scene.happen()
        told = {each["type"] for each in scene.told}
        assert told == {"deposit.received"}


class TestTestAndResend:
    def test_the_test_shows_the_answer(self, scene: Scene) -> None:
        endpoint, secret = scene.add()
        scene.listener.status, scene.listener.answer = 200, b"hello"
        tried = scene.test(endpoint)
        assert (tried.status, tried.fault, tried.answer) == (200, "", "hello")
        assert scene.listener.received[0].verified(secret)["type"] == "webhook.test"
        scene.listener.status = 404
        assert scene.test(endpoint).fault == "status"
        assert scene.kept(endpoint).failing_since is None
        states = [each.delivery.state for each in scene.log(endpoint)]
        assert states == ["failed", "delivered"]

    def test_tests_are_counted(self, scene: Scene) -> None:
        endpoint, _ = scene.add()
        for _ in range(10):
            scene.test(endpoint)
        with pytest.raises(RateLimited):
            scene.test(endpoint)
        scene.clock.forward(minutes=2)
        scene.test(endpoint)

    def test_again_under_the_same_id(self, scene: Scene) -> None:
        endpoint, secret = scene.add()
        scene.happen()
        row = scene.log(endpoint)[0].delivery
        scene.webhooks.resend(scene.actor, endpoint.id, row.id)
        scene.settle()
        first, second = scene.listener.received
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.body == second.body
        second.verified(secret)
        assert len(scene.log(endpoint)[0].attempts) == 2


def test_the_log_is_kept_within_bounds(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = scene.tell(["deposit.received", "deposit.timestamped", "deposit.issued"])
    scene.webhooks.housekeeping()
    assert len(scene.log(endpoint)) == 3
    scene.clock.forward(days=31)
    scene.happen()
    scene.webhooks.housekeeping()
    assert len(scene.log(endpoint)) == 3
    monkeypatch.setattr("portal.webhooks.history.MOST_ROWS", 1)
    scene.clock.forward(minutes=1)
    scene.test(endpoint)
    scene.webhooks.housekeeping()
    assert [each.delivery.event for each in scene.log(endpoint)] == ["webhook.test"]


def test_pages_of_the_log_follow_one_another(scene: Scene) -> None:
    endpoint, _ = scene.add()
    for _ in range(5):
        scene.test(endpoint)
    seen, cursor = [], None
    while True:
        page = scene.webhooks.deliveries(scene.actor, endpoint.id, cursor, 2)
        seen += [each.delivery.id for each in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 5


def test_what_waits_is_counted_for_operators(scene: Scene) -> None:
    scene.listener.status = 500
    scene.tell()
    assert scene.webhooks.overview() == {
        "enabled": 1,
        "failing": 1,
        "stopped": 0,
        "waiting": 1,
        "failed": 0,
    }
