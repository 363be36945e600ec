"""Pages and API of webhooks, through the HTTP client with CSRF on."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from portal.accounts.models import User
from portal.services import Services
from tests.portal.client import PortalClient
from tests.portal.webhooks.listener import Listener

_API = "/api/v1/webhooks"


@pytest.fixture
def browser(login: Callable[[User], PortalClient], user: User) -> PortalClient:
    made = login(user)
    made.submit("/language", {"locale": "en"}, page="/account/keys")
    return made


def _add(browser: PortalClient, listener: Listener, **more: object) -> tuple[str, str]:
    given = {"url": listener.url, "events": ["deposit.issued"], "description": "ERP", **more}
    answer = browser.submit("/webhooks", given)
    assert answer.status_code == 201, answer.text
    secret = re.search(r'id="new-secret"[^>]*>(whsec_[^<]+)<', answer.text)
    page = re.search(r'action="(/webhooks/[^"]+)/test"', answer.text)
    assert secret
    assert page
    return page[1], secret[1]


def test_the_secret_is_shown_once(browser: PortalClient, listener: Listener) -> None:
    page, secret = _add(browser, listener)
    assert "whsec_" not in browser.get(page).text
    assert "whsec_" not in browser.get("/webhooks").text
    again = browser.submit(f"{page}/secret", {}, page=page).text
    assert "whsec_" in again
    assert secret not in again


def test_the_test_button_shows_the_answer_escaped(
    browser: PortalClient, listener: Listener
) -> None:
    page, secret = _add(browser, listener)
    listener.status, listener.answer = 200, b"<script>alert(1)</script>\x00\xff"
    answer = browser.submit(f"{page}/test", {}, page=page)
    assert "The test got through." in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    assert "<script>alert(1)" not in answer.text
    assert listener.received[0].verified(secret)["type"] == "webhook.test"
    listener.status = 500
    assert "did not get through" in browser.submit(f"{page}/test", {}, page=page).text


def test_disabled_enabled_changed_and_removed(browser: PortalClient, listener: Listener) -> None:
    page, _ = _add(browser, listener)
    assert browser.submit(f"{page}/disable", {}, page=page).status_code == 303
    stopped = browser.get(page).text
    assert "This webhook is disabled: nothing is sent." in stopped
    assert f'action="{page}/test"' not in stopped
    assert browser.submit(f"{page}/test", {}, page=page).status_code == 409
    assert listener.received == []
    browser.submit(f"{page}/enable", {}, page=page)
    changed = {"url": listener.url, "events": ["deposit.received"], "description": "<i>new</i>"}
    assert browser.submit(page, changed).status_code == 303
    assert "&lt;i&gt;new&lt;/i&gt;" in browser.get("/webhooks").text
    assert browser.submit(f"{page}/remove", {}, page=page).location == "/webhooks"
    assert browser.get(page).status_code == 404


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"url": "http://10.0.0.1/"}, "not public"),
        ({"url": "http://169.254.169.254/latest/meta-data"}, "not public"),
        ({"url": "https://user:pw@example.com/"}, "user name or password"),
        ({"url": "ftp://127.0.0.1/"}, "begins with https"),
        ({"url": ""}, "give the address"),
        ({"events": []}, "at least one event"),
        ({"events": ["deposit.exploded"]}, "is not a valid choice"),
    ],
)
def test_what_is_refused_stands_beside_its_field_and_the_text_is_kept(
    browser: PortalClient, listener: Listener, given: dict[str, object], words: str
) -> None:
    filled = {"url": listener.url, "events": ["deposit.issued"], "description": "kept", **given}
    answer = browser.submit("/webhooks", filled)
    assert answer.status_code == 422
    assert words in answer.text
    assert 'value="kept"' in answer.text
    assert "No webhooks yet" in answer.text


def test_strangers_find_nothing(
    browser: PortalClient,
    listener: Listener,
    make_user: Callable[..., User],
    login: Callable[[User], PortalClient],
) -> None:
    page, _ = _add(browser, listener)
    stranger = login(make_user("administrator"))
    token = stranger.token("/account/keys")
    assert stranger.get(page).status_code == 404
    assert stranger.get(f"{page}/deliveries").status_code == 404
    for act in ("", "/test", "/secret", "/enable", "/disable", "/remove"):
        answer = stranger.post(page + act, headers={"X-CSRFToken": token})
        assert answer.status_code == 404, act


class TestApi:
    def test_from_creation_to_removal(
        self, client: PortalClient, api_key: str, listener: Listener, services: Services
    ) -> None:
        headers = client.bearer(api_key)
        given = {"url": listener.url, "events": ["deposit.issued"], "description": "ERP"}
        answer = client.post(_API, json=given, headers=headers)
        assert answer.status_code == 201
        made = answer.json
        assert made["secret"].startswith("whsec_")
        one = answer.headers["Location"]
        shown = client.get(one, headers=headers).json
        assert "secret" not in shown
        assert shown == {key: value for key, value in made.items() if key != "secret"}
        assert client.get(_API, headers=headers).json["items"] == [shown]

        tried = client.post(f"{one}/test", headers=headers).json
        assert (tried["status"], tried["fault"]) == (204, "")
        listener.received[0].verified(made["secret"])
        log = client.get(f"{one}/deliveries", headers=headers).json
        assert [each["event"] for each in log["items"]] == ["webhook.test"]
        assert log["cursor"] is None
        delivery = f"{one}/deliveries/{log['items'][0]['id']}"
        assert client.get(delivery, headers=headers).json == log["items"][0]
        assert client.post(f"{delivery}/resend", headers=headers).status_code == 409

        newer = client.post(f"{one}/secret", headers=headers)
        assert newer.status_code == 201
        assert newer.json["secret"] != made["secret"]
        changed = client.patch(
            one, json={"enabled": False, "events": ["deposit.waiting"]}, headers=headers
        ).json
        assert (changed["enabled"], changed["stop_reason"]) == (False, "person")
        assert changed["events"] == ["deposit.waiting"]
        refused = client.post(f"{one}/test", headers=headers)
        assert (refused.status_code, refused.json["error"]["code"]) == (409, "webhook_disabled")
        assert client.delete(one, headers=headers).status_code == 204
        assert client.get(one, headers=headers).status_code == 404

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"url": "http://10.0.0.1/", "events": ["deposit.issued"]}, "url"),
            ({"url": "http://[::1]/", "events": ["deposit.issued"]}, "url"),
            ({"events": ["deposit.issued"]}, "url"),
            ({"url": "https://example.com/", "events": ["nothing"]}, "events.0"),
            ({"url": "https://example.com/", "events": []}, "events"),
            ({"url": "https://example.com/", "events": ["deposit.issued"], "x": 1}, "x"),
            ({"url": 5, "events": ["deposit.issued"]}, "url"),
        ],
    )
    def test_refusals_have_the_one_shape(
        self, client: PortalClient, api_key: str, given: dict[str, object], field: str
    ) -> None:
        answer = client.post(_API, json=given, headers=client.bearer(api_key))
        assert answer.status_code == 422
        assert answer.json["error"]["field"] == field
        assert client.get(_API, headers=client.bearer(api_key)).json["items"] == []

    def test_a_reading_key_changes_nothing(
        self, client: PortalClient, make_key: Callable[..., str], user: User, listener: Listener
    ) -> None:
        headers = client.bearer(make_key(user, ("read",)))
        given = {"url": listener.url, "events": ["deposit.issued"]}
        assert client.post(_API, json=given, headers=headers).status_code == 403
        assert client.get(_API, headers=headers).status_code == 200
