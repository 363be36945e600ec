"""Whose webhooks they are, and what is refused."""

from __future__ import annotations

import dataclasses

import pytest

from portal.audit.actor import Actor
from portal.audit.service import entries_for
from portal.problems import BadInput, Conflict, Forbidden, NotFound
from portal.services import Services
from portal.webhooks.addresses import networks
from portal.webhooks.events import events
from portal.webhooks.models import WebhookEndpoint
from portal.webhooks.sending import Sender
from portal.webhooks.service import MAX_ENDPOINTS, WebhookService
from tests.portal.conftest import MakeUser
from tests.portal.deposits.conftest import actor_of
from tests.portal.webhooks.conftest import Add

_PUBLIC = "93.184.216.34"


@pytest.fixture
def public(webhooks: WebhookService) -> WebhookService:
    """Every name leads to a public address, and none that is not is allowed."""
    webhooks._sender.resolve = lambda *_: [_PUBLIC]
    webhooks._sender.allowed = ()
    return webhooks


def test_events_are_those_of_the_custody_log() -> None:
    assert {"deposit.received", "deposit.timestamped", "deposit.anchored"} <= set(events())
    assert {"deposit.issued", "deposit.waiting"} <= set(events())
    assert all(name.startswith("deposit.") for name in events())


@pytest.mark.parametrize(
    "found", [["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], [_PUBLIC, "::1"], ["::ffff:7f00:1"]]
)
def test_a_private_address_is_refused_when_it_is_added(
    public: WebhookService, actor: Actor, found: list[str]
) -> None:
    public._sender.resolve = lambda *_: found
    with pytest.raises(BadInput) as caught:
        public.create(actor, "https://example.com/", ["deposit.issued"])
    assert (caught.value.code, caught.value.field) == ("url_refused", "url")
    assert public.listed(actor) == []


def test_a_name_without_address_is_named(public: WebhookService, actor: Actor) -> None:
    def unknown(*_: object) -> list[str]:
        raise OSError("no such name")

    public._sender.resolve = unknown
    with pytest.raises(BadInput, match=r"example\.invalid has no address"):
        public.create(actor, "https://example.invalid/", ["deposit.issued"])


def test_an_address_is_checked_when_it_is_changed(public: WebhookService, actor: Actor) -> None:
    endpoint, _ = public.create(actor, "https://example.com/", ["deposit.issued"])
    public._sender.resolve = lambda *_: ["192.168.0.1"]
    with pytest.raises(BadInput):
        public.change(actor, endpoint.id, url="https://example.com/other")
    assert public.get(actor, endpoint.id).url == "https://example.com/"


def test_the_setting_lets_a_network_through(public: WebhookService, actor: Actor) -> None:
    public._sender.resolve = lambda *_: ["10.1.2.3"]
    public._sender.allowed = networks("10.1.0.0/16")
    assert public.create(actor, "https://intern.example/", ["deposit.issued"])


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"wanted": []}, "events"),
        ({"wanted": ["account.signed_in"]}, "events"),
        ({"wanted": ["deposit.issued"], "description": "x" * 201}, "description"),
        ({"wanted": ["deposit.issued"], "description": "a\nb"}, "description"),
    ],
)
def test_what_is_not_right_is_named(
    public: WebhookService, actor: Actor, given: dict[str, object], field: str
) -> None:
    with pytest.raises(BadInput) as caught:
        public.create(actor, "https://example.com/", **given)  # type: ignore[arg-type]
    assert caught.value.field == field


def test_there_are_only_so_many(public: WebhookService, actor: Actor) -> None:
    for number in range(MAX_ENDPOINTS):
        public.create(actor, f"https://example.com/{number}", ["deposit.issued"])
    with pytest.raises(Conflict):
        public.create(actor, "https://example.com/more", ["deposit.issued"])


def _acts(webhooks: WebhookService, actor: Actor, id_: str):  # type: ignore[no-untyped-def]
    return [
        lambda: webhooks.get(actor, id_),
        lambda: webhooks.change(actor, id_, description="x"),
        lambda: webhooks.rotate(actor, id_),
        lambda: webhooks.enable(actor, id_),
        lambda: webhooks.disable(actor, id_),
        lambda: webhooks.test(actor, id_),
        lambda: webhooks.deliveries(actor, id_),
        lambda: webhooks.delivery(actor, id_, "x"),
        lambda: webhooks.resend(actor, id_, "x"),
        lambda: webhooks.remove(actor, id_),
    ]


def test_other_peoples_are_not_found(
    webhooks: WebhookService, add: Add, actor: Actor, make_user: MakeUser
) -> None:
    endpoint, _ = add()
    stranger = actor_of(make_user())
    acting = dataclasses.replace(actor, organisation="org-1", organisation_role="manager")
    for other in (stranger, acting, Actor.nobody()):
        for act in _acts(webhooks, other, endpoint.id):
            with pytest.raises(NotFound):
                act()
        assert webhooks.listed(other) == []
    assert webhooks.get(actor, endpoint.id).enabled


def test_an_organisations_are_seen_by_members_and_changed_by_managers(
    webhooks: WebhookService, add: Add, actor: Actor, make_user: MakeUser
) -> None:
    manager = dataclasses.replace(actor, organisation="org-1", organisation_role="manager")
    endpoint, _ = add(who=manager)
    assert webhooks.listed(actor) == []
    for role in ("member", "reader"):
        member = dataclasses.replace(
            actor_of(make_user()), organisation="org-1", organisation_role=role
        )
        assert [each.id for each in webhooks.listed(member)] == [endpoint.id]
        assert webhooks.deliveries(member, endpoint.id).items == ()
        with pytest.raises(Forbidden):
            webhooks.create(member, endpoint.url, ["deposit.issued"])
        for act in _acts(webhooks, member, endpoint.id):
            try:
                act()
            except (Forbidden, NotFound):
                continue
        assert webhooks.get(manager, endpoint.id).enabled
        assert webhooks.get(manager, endpoint.id).description == ""


def test_anothers_delivery_is_not_found_through_ones_own_webhook(
    webhooks: WebhookService, add: Add, actor: Actor, make_user: MakeUser
) -> None:
    endpoint, _ = add()
    webhooks.test(actor, endpoint.id)
    theirs = webhooks.deliveries(actor, endpoint.id).items[0].delivery.id
    other = actor_of(make_user())
    mine, _ = add(who=other)
    for act in (webhooks.delivery, webhooks.resend):
        with pytest.raises(NotFound):
            act(other, mine.id, theirs)


def test_every_change_is_in_the_custody_log_without_the_secret(
    webhooks: WebhookService, add: Add, actor: Actor, services: Services
) -> None:
    endpoint, secret = add()
    webhooks.change(actor, endpoint.id, wanted=["deposit.received"])
    newer = webhooks.rotate(actor, endpoint.id)
    webhooks.test(actor, endpoint.id)
    webhooks.disable(actor, endpoint.id)
    webhooks.disable(actor, endpoint.id)
    webhooks.enable(actor, endpoint.id)
    webhooks.remove(actor, endpoint.id)
    with services.database.reading() as session:
        entries = entries_for(session, endpoint.subject)
        assert session.get(WebhookEndpoint, endpoint.id) is None
    assert [each.action.removeprefix("webhook.") for each in entries] == [
        "created", "changed", "secret_changed", "tested", "disabled", "enabled", "removed",
    ]  # fmt: skip
    told = "".join(each.detail for each in entries)
    assert secret not in told
    assert newer not in told


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "bm90IGEgdGltZSB4", "♥"])
def test_a_made_up_cursor(webhooks: WebhookService, add: Add, actor: Actor, cursor: str) -> None:
    endpoint, _ = add()
    with pytest.raises(BadInput):
        webhooks.deliveries(actor, endpoint.id, cursor)


def test_in_production_an_http_address_of_before_is_not_sent_to(
    webhooks: WebhookService, add: Add, actor: Actor
) -> None:
    from portal.webhooks.courier import Courier

    endpoint, _ = add()
    strict = Courier(Sender(1), webhooks._secrets, webhooks._clock, https_only=True)
    webhooks._trying._courier = strict
    assert webhooks.test(actor, endpoint.id).fault == "address"
