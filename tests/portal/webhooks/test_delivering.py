"""From the custody log to the receiver: chosen, signed, tried again, stopped when disabled."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from portal.audit.actor import Actor
from portal.audit.service import entries_for, head, verify_chain
from portal.problems import Conflict, RateLimited
from portal.services import Services
from portal.webhooks.models import DeliveryState, WebhookCursor, WebhookDelivery, WebhookEndpoint
from portal.webhooks.queueing import MAX_ATTEMPTS
from portal.webhooks.service import WebhookService
from tests.portal.conftest import MakeUser
from tests.portal.deposits.conftest import MovableClock, actor_of, put, run
from tests.portal.webhooks.conftest import Add, Settle
from tests.portal.webhooks.listener import Listener

Deposit = Callable[..., str]


def _log(webhooks: WebhookService, actor: Actor, endpoint: WebhookEndpoint):  # type: ignore[no-untyped-def]
    return webhooks.deliveries(actor, endpoint.id, size=200).items


def test_a_letter_is_told_and_the_signature_holds(
    add: Add, deposit: Deposit, settle: Settle, listener: Listener, services: Services, actor: Actor
) -> None:
    endpoint, secret = add()
    deposit_id = put(services.deposits, actor).id
    run(services.deposits)
    settle()
    received = listener.received[0]
    message = received.verified(secret)
    made = services.deposits.get(actor, deposit_id)
    assert message["type"] == "deposit.issued"
    assert message["data"]["id"] == deposit_id
    assert message["data"]["number"] == made.number
    assert message["data"]["sha256"] == made.sha256
    assert message["data"]["url"].endswith(f"/api/v1/deposits/{deposit_id}")
    assert received.headers["content-type"] == "application/json"
    assert len(listener.received) == 1
    assert endpoint.id not in received.body.decode()


def test_nothing_of_titles_names_or_files_leaves(
    webhooks: WebhookService,
    add: Add,
    settle: Settle,
    listener: Listener,
    services: Services,
    actor: Actor,
) -> None:
    add(["deposit.received", "deposit.timestamped", "deposit.anchored", "deposit.issued"])
    put(services.deposits, actor, title="秘密合同", filename="secret.pdf", note="private")
    run(services.deposits)
    settle()
    told = b"".join(each.body for each in listener.received).decode()
    assert [json.loads(each.body)["type"] for each in listener.received] == [
        "deposit.received",
        "deposit.timestamped",
        "deposit.anchored",
        "deposit.issued",
    ]
    for word in ("秘密合同", "secret.pdf", "private", actor.name):
        assert word not in told


def test_only_ones_own_deposits_are_told(
    add: Add, deposit: Deposit, settle: Settle, listener: Listener, make_user: MakeUser
) -> None:
    add()
    deposit(actor_of(make_user()))
    settle()
    assert listener.received == []


def test_an_organisations_webhook_hears_of_its_deposits_alone(
    add: Add, webhooks: WebhookService, actor: Actor
) -> None:
    from portal.deposits.telling import Told
    from portal.webhooks.events import Happening
    from portal.webhooks.feed import _wants

    own, _ = add()
    manager = Actor(actor.id, actor.name, organisation="org-1", organisation_role="manager")
    shared, _ = add(who=manager)
    happening = Happening(10**9, own.created_at, "deposit.issued", "d", {}, "0" * 64)
    mine = Told("d", "N", "file", "0" * 64, actor.id, "")
    theirs = Told("d", "N", "file", "0" * 64, actor.id, "org-1")
    others = Told("d", "N", "file", "0" * 64, actor.id, "org-2")
    assert [_wants(own, happening, each) for each in (mine, theirs, others)] == [True, False, False]
    assert [_wants(shared, happening, each) for each in (mine, theirs, others)] == [
        False,
        True,
        False,
    ]


def test_what_happened_before_is_not_told(
    add: Add, deposit: Deposit, settle: Settle, listener: Listener
) -> None:
    deposit()
    add()
    settle()
    assert listener.received == []


def test_the_cursor_stands_at_the_end_when_nobody_listens(
    deposit: Deposit, settle: Settle, services: Services
) -> None:
    deposit()
    settle()
    with services.database.reading() as session:
        cursor = session.scalars(select(WebhookCursor.seq)).one()
        assert cursor == head(session).size
        assert session.scalar(select(func.count()).select_from(WebhookDelivery)) == 0


def test_a_closed_account_is_told_nothing(
    add: Add, deposit: Deposit, settle: Settle, listener: Listener, services: Services, actor: Actor
) -> None:
    from portal.accounts.models import User

    add()
    deposit()
    with services.database.transaction() as session:
        user = session.get(User, actor.id)
        assert user is not None
        user.active = False
    settle()
    assert listener.received == []


def test_a_long_log_becomes_every_delivery_once(
    add: Add, deposit: Deposit, settle: Settle, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.webhooks.feed._CHUNK", 2)
    add(["deposit.received", "deposit.issued"])
    ids = [deposit() for _ in range(3)]
    settle()
    told = [
        (json.loads(each.body)["data"]["id"], json.loads(each.body)["type"])
        for each in listener.received
    ]
    assert sorted(told) == sorted(
        (each, kind) for each in ids for kind in ("deposit.received", "deposit.issued")
    )


class TestTryingAgain:
    def test_pauses_grow_then_it_is_given_up(
        self,
        webhooks: WebhookService,
        add: Add,
        deposit: Deposit,
        settle: Settle,
        listener: Listener,
        clock: MovableClock,
        actor: Actor,
    ) -> None:
        listener.status, listener.answer = 503, "<script>alert('忙')</script>".encode()
        endpoint, _ = add()
        deposit()
        settle()
        assert len(listener.received) == 1
        settle()
        assert len(listener.received) == 1, "not due yet"
        for number in range(2, MAX_ATTEMPTS + 1):
            # Its patience would end first: keep the endpoint's own clock from running out.
            with webhooks._database.transaction() as session:
                session.get(WebhookEndpoint, endpoint.id).failing_since = clock()  # type: ignore[union-attr]
            clock.forward(hours=30)
            settle()
            assert len(listener.received) == number
        clock.forward(days=30)
        settle()
        assert len(listener.received) == MAX_ATTEMPTS
        assert len({each.headers["webhook-id"] for each in listener.received}) == 1
        row = _log(webhooks, actor, endpoint)[0]
        assert row.delivery.state == DeliveryState.FAILED
        assert [each.number for each in row.attempts] == list(range(1, MAX_ATTEMPTS + 1))
        assert {each.status for each in row.attempts} == {503}
        assert row.last is not None
        assert row.last.answer == "<script>alert('忙')</script>"

    def test_it_gets_through_later(
        self,
        webhooks: WebhookService,
        add: Add,
        deposit: Deposit,
        settle: Settle,
        listener: Listener,
        clock: MovableClock,
        actor: Actor,
    ) -> None:
        listener.status = 500
        endpoint, _ = add()
        deposit()
        settle()
        assert webhooks.get(actor, endpoint.id).failing_since is not None
        listener.status = 200
        clock.forward(minutes=1)
        settle()
        row = _log(webhooks, actor, endpoint)[0]
        assert row.delivery.state == DeliveryState.DELIVERED
        assert [each.status for each in row.attempts] == [500, 200]
        assert webhooks.get(actor, endpoint.id).failing_since is None

    def test_a_failing_receiver_is_not_hammered(
        self, add: Add, deposit: Deposit, settle: Settle, listener: Listener
    ) -> None:
        listener.status = 500
        add(["deposit.received", "deposit.timestamped", "deposit.anchored", "deposit.issued"])
        for _ in range(3):
            deposit()
        settle()
        assert len(listener.received) == 1

    def test_days_of_failure_disable_it_with_a_mail(
        self,
        webhooks: WebhookService,
        add: Add,
        deposit: Deposit,
        settle: Settle,
        listener: Listener,
        clock: MovableClock,
        actor: Actor,
        post: list[tuple[str, str, str]],
        services: Services,
    ) -> None:
        listener.status = 500
        endpoint, _ = add()
        deposit()
        settle()
        clock.forward(days=6)
        deposit()
        settle()
        stopped = webhooks.get(actor, endpoint.id)
        assert (stopped.enabled, stopped.stop_reason) == (False, "failing")
        assert len(post) == 1
        assert endpoint.url in post[0][2]
        states = {each.delivery.state for each in _log(webhooks, actor, endpoint)}
        assert states == {DeliveryState.CANCELLED}
        count = len(listener.received)
        clock.forward(days=6)
        deposit()
        settle()
        assert len(listener.received) == count
        with services.database.reading() as session:
            acts = [each.action for each in entries_for(session, stopped.subject)]
            assert acts == ["webhook.created", "webhook.disabled"]
            assert verify_chain(session).ok

    def test_410_disables_it_at_once(
        self,
        webhooks: WebhookService,
        add: Add,
        deposit: Deposit,
        settle: Settle,
        listener: Listener,
        actor: Actor,
    ) -> None:
        listener.status = 410
        endpoint, _ = add()
        deposit()
        settle()
        assert webhooks.get(actor, endpoint.id).stop_reason == "gone"

    def test_more_than_is_kept_disables_it(
        self,
        webhooks: WebhookService,
        add: Add,
        deposit: Deposit,
        settle: Settle,
        listener: Listener,
        actor: Actor,
    ) -> None:
        webhooks._dispatcher._feed._most_waiting = 3
        listener.status = 500
        endpoint, _ = add(["deposit.received", "deposit.issued"])
        deposit()
        deposit()
        settle()
        assert webhooks.get(actor, endpoint.id).stop_reason == "backlog"
        assert listener.received == []


class TestDisabled:
    def test_means_stopped(
        self,
        webhooks: WebhookService,
        add: Add,
        deposit: Deposit,
        settle: Settle,
        listener: Listener,
        clock: MovableClock,
        actor: Actor,
    ) -> None:
        listener.status = 500
        endpoint, _ = add()
        deposit()
        settle()
        webhooks.disable(actor, endpoint.id)
        listener.status, count = 200, len(listener.received)
        deposit()
        clock.forward(days=2)
        settle()
        assert len(listener.received) == count
        assert _log(webhooks, actor, endpoint)[0].delivery.state == DeliveryState.CANCELLED
        for act in (
            webhooks.test,
            lambda *_: webhooks.resend(
                actor, endpoint.id, _log(webhooks, actor, endpoint)[0].delivery.id
            ),
        ):
            with pytest.raises(Conflict):
                act(actor, endpoint.id)
        assert len(listener.received) == count

    def test_then_enabled_tells_only_what_happens_from_then_on(
        self,
        webhooks: WebhookService,
        add: Add,
        deposit: Deposit,
        settle: Settle,
        listener: Listener,
        actor: Actor,
    ) -> None:
        endpoint, _ = add()
        webhooks.disable(actor, endpoint.id)
        deposit()
        webhooks.enable(actor, endpoint.id)
        later = deposit()
        settle()
        assert [json.loads(each.body)["data"]["id"] for each in listener.received] == [later]

    def test_in_the_middle_of_a_run_ends_the_run(
        self,
        webhooks: WebhookService,
        add: Add,
        deposit: Deposit,
        settle: Settle,
        listener: Listener,
        actor: Actor,
    ) -> None:
        endpoint, _ = add(["deposit.received", "deposit.timestamped", "deposit.issued"])

        def disable_first(handler) -> None:  # type: ignore[no-untyped-def]
            webhooks.disable(actor, endpoint.id)
            handler.send_response(204)
            handler.end_headers()

        deposit()
        listener.behave = disable_first
        settle()
        assert len(listener.received) == 1


class TestCrashes:
    def test_what_was_taken_by_one_that_died_is_sent_by_another(
        self,
        webhooks: WebhookService,
        add: Add,
        deposit: Deposit,
        settle: Settle,
        listener: Listener,
        clock: MovableClock,
    ) -> None:
        endpoint, _ = add()
        deposit()
        webhooks._dispatcher._feed.gather()
        assert webhooks._dispatcher._queueing.take(endpoint.id, 20) is not None  # and is killed
        settle()
        assert listener.received == []
        clock.forward(minutes=3)
        settle()
        assert len(listener.received) == 1

    def test_an_acknowledgement_that_was_not_noted_is_asked_for_again(
        self,
        webhooks: WebhookService,
        add: Add,
        deposit: Deposit,
        settle: Settle,
        listener: Listener,
        clock: MovableClock,
    ) -> None:
        endpoint, _ = add()
        deposit()
        webhooks._dispatcher._feed.gather()
        taken = webhooks._dispatcher._queueing.take(endpoint.id, 20)
        assert taken is not None
        webhooks._courier.carry(taken[0], taken[1][0])  # received, and we are killed
        clock.forward(minutes=3)
        settle()
        ids = [each.headers["webhook-id"] for each in listener.received]
        assert len(ids) == 2
        assert len(set(ids)) == 1

    def test_two_followers_make_each_delivery_once(
        self, webhooks: WebhookService, add: Add, deposit: Deposit, services: Services
    ) -> None:
        from concurrent.futures import ThreadPoolExecutor

        add(["deposit.received", "deposit.issued"])
        for _ in range(3):
            deposit()
        with ThreadPoolExecutor(4) as pool:
            made = list(pool.map(lambda _: webhooks._dispatcher._feed.gather(), range(4)))
        assert sum(made) == 6
        with services.database.reading() as session:
            assert session.scalar(select(func.count()).select_from(WebhookDelivery)) == 6


class TestSecrets:
    def test_for_a_day_both_secrets_verify(
        self,
        webhooks: WebhookService,
        add: Add,
        deposit: Deposit,
        settle: Settle,
        listener: Listener,
        clock: MovableClock,
        actor: Actor,
    ) -> None:
        from standardwebhooks.webhooks import WebhookVerificationError

        endpoint, old = add()
        new = webhooks.rotate(actor, endpoint.id)
        assert new != old
        deposit()
        settle()
        listener.received[0].verified(old)
        listener.received[0].verified(new)
        # The clock is what the library checks times by, so the rotation is moved back instead.
        with webhooks._database.transaction() as session:
            row = session.get(WebhookEndpoint, endpoint.id)
            assert row is not None
            row.previous_until = clock()
        deposit()
        settle()
        listener.received[1].verified(new)
        with pytest.raises(WebhookVerificationError):
            listener.received[1].verified(old)

    def test_no_secret_lies_open_in_the_database(
        self, webhooks: WebhookService, add: Add, actor: Actor
    ) -> None:
        endpoint, secret = add()
        kept = webhooks.get(actor, endpoint.id)
        assert secret.removeprefix("whsec_").encode() not in kept.secret
        assert secret.encode() not in kept.secret

    def test_a_secret_moved_to_another_row_does_not_sign(
        self,
        webhooks: WebhookService,
        add: Add,
        deposit: Deposit,
        settle: Settle,
        listener: Listener,
        actor: Actor,
    ) -> None:
        first, _ = add()
        second, _ = add(["deposit.received"])
        with webhooks._database.transaction() as session:
            session.get(WebhookEndpoint, first.id).secret = second.secret  # type: ignore[union-attr]
        deposit()
        settle()
        told = {json.loads(each.body)["type"] for each in listener.received}
        assert told == {"deposit.received"}


class TestTestAndResend:
    def test_the_test_shows_the_answer(
        self, webhooks: WebhookService, add: Add, listener: Listener, actor: Actor
    ) -> None:
        endpoint, secret = add()
        listener.status, listener.answer = 200, b"hello"
        tried = webhooks.test(actor, endpoint.id)
        assert (tried.status, tried.fault, tried.answer) == (200, "", "hello")
        assert listener.received[0].verified(secret)["type"] == "webhook.test"
        listener.status = 404
        assert webhooks.test(actor, endpoint.id).fault == "status"
        assert webhooks.get(actor, endpoint.id).failing_since is None
        states = [each.delivery.state for each in _log(webhooks, actor, endpoint)]
        assert states == ["failed", "delivered"]

    def test_tests_are_counted(
        self, webhooks: WebhookService, add: Add, actor: Actor, clock: MovableClock
    ) -> None:
        endpoint, _ = add()
        for _ in range(10):
            webhooks.test(actor, endpoint.id)
        with pytest.raises(RateLimited):
            webhooks.test(actor, endpoint.id)
        clock.forward(minutes=2)
        webhooks.test(actor, endpoint.id)

    def test_again_under_the_same_id(
        self,
        webhooks: WebhookService,
        add: Add,
        deposit: Deposit,
        settle: Settle,
        listener: Listener,
        actor: Actor,
    ) -> None:
        endpoint, secret = add()
        deposit()
        settle()
        row = _log(webhooks, actor, endpoint)[0].delivery
        webhooks.resend(actor, endpoint.id, row.id)
        settle()
        first, second = listener.received
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.body == second.body
        second.verified(secret)
        assert len(_log(webhooks, actor, endpoint)[0].attempts) == 2


def test_the_log_is_kept_within_bounds(
    webhooks: WebhookService,
    add: Add,
    deposit: Deposit,
    settle: Settle,
    clock: MovableClock,
    actor: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    endpoint, _ = add(["deposit.received", "deposit.timestamped", "deposit.issued"])
    deposit()
    settle()
    webhooks.housekeeping()
    assert len(_log(webhooks, actor, endpoint)) == 3
    clock.forward(days=31)
    deposit()
    settle()
    webhooks.housekeeping()
    assert len(_log(webhooks, actor, endpoint)) == 3
    monkeypatch.setattr("portal.webhooks.history.MOST_ROWS", 1)
    clock.forward(minutes=1)
    webhooks.test(actor, endpoint.id)
    webhooks.housekeeping()
    assert [each.delivery.event for each in _log(webhooks, actor, endpoint)] == ["webhook.test"]


def test_pages_of_the_log_follow_one_another(
    webhooks: WebhookService, add: Add, actor: Actor, clock: MovableClock
) -> None:
    endpoint, _ = add()
    for _ in range(5):
        webhooks.test(actor, endpoint.id)
    seen, cursor = [], None
    while True:
        page = webhooks.deliveries(actor, endpoint.id, cursor, 2)
        seen += [each.delivery.id for each in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 5


def test_what_waits_is_counted_for_operators(
    webhooks: WebhookService, add: Add, deposit: Deposit, settle: Settle, listener: Listener
) -> None:
    listener.status = 500
    add()
    deposit()
    settle()
    assert webhooks.overview() == {
        "enabled": 1,
        "failing": 1,
        "stopped": 0,
        "waiting": 1,
        "failed": 0,
    }
