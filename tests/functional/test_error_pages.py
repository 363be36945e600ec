"""Error pages say what happened and what to do next, in both languages, whatever has failed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask, abort

from portal.accounts.keys import create_api_key
from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.services import Services
from tests.portal.absence import take_away
from tests.portal.client import PortalClient

Login = Callable[[User], PortalClient]
_STATUSES = [400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429, 500, 503]
#: in each language: what stands on the page of every status, and on that one
_NUMBER = {"zh": "如需帮助", "en": "If you ask for help, name this number"}


def _fail(status: int) -> None:
    abort(status)


@pytest.fixture
def failing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The portal with addresses that answer each status."""
    monkeypatch.setattr("portal.security.PUBLIC_ENDPOINTS", frozenset({"probe", "static"}))
    app.add_url_rule("/probe/<int:status>", "probe", _fail)
    return app


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_happened_what_next_and_the_number(
    failing: Flask, client: PortalClient, language: str
) -> None:
    helps = set()
    for status in _STATUSES:
        answer = client.get(f"/probe/{status}", headers={"Accept-Language": language})
        assert answer.status_code == status
        assert answer.mimetype == "text/html", status
        assert _NUMBER[language] in answer.text, status
        assert answer.headers["X-Request-ID"] in answer.text
        assert "Traceback" not in answer.text
        heading, help_ = _words(answer.text)
        assert heading
        chinese = any("\u4e00" <= letter <= "\u9fff" for letter in heading + help_)
        assert chinese == (language == "zh"), f"{status}: {heading} {help_}"
        helps.add(help_)
    assert len(helps) == len(_STATUSES)  # each has words of its own


def _words(page: str) -> tuple[str, str]:
    """The heading, and what one can do."""
    card = page.split('class="card card-lg error-card"')[1]
    heading = card.split("<h1>")[1].split("</h1>")[0]
    return heading, card.split('<p class="text-secondary">')[1].split("</p>")[0]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_database_that_is_away_is_said_so(
    services: Services, login: Login, user: User, language: str
) -> None:
    browser = login(user)
    browser.submit("/language", {"locale": language}, page="/deposits/new")
    take_away(services.database)
    for path in ("/deposits", "/account/activity", "/account"):
        answer = browser.get(path, headers={"Accept-Language": language})
        assert (answer.status_code, answer.mimetype) == (503, "text/html")
        assert _NUMBER[language] in answer.text
        assert answer.headers["X-Request-ID"] in answer.text
        assert f'href="{path}"' in answer.text  # try again
        assert "the database is away" not in answer.text
        assert int(answer.headers["Retry-After"]) > 0


def test_programs_get_the_same_in_their_shape(
    services: Services, client: PortalClient, user: User
) -> None:
    actor = Actor(user.id, user.name, user.role_names)
    key = create_api_key(services.database, actor, "test")[1]
    take_away(services.database)
    answer = client.get("/api/v1/deposits", headers=client.bearer(key))
    assert answer.status_code == 503
    assert answer.json["error"]["code"] == "database_busy"


def test_a_form_that_was_refused_leads_back_to_it(login: Login, user: User) -> None:
    browser = login(user)
    answer = browser.post(
        "/account/keys", data={"name": "x"}, headers={"Referer": "http://localhost/account/keys"}
    )
    assert answer.status_code == 400
    assert 'href="/account/keys"' in answer.text


def test_no_way_back_leads_out(login: Login, user: User) -> None:
    browser = login(user)
    for referrer in ("http://evil.example/x", "javascript:alert(1)", "//evil"):
        answer = browser.post("/account/keys", data={}, headers={"Referer": referrer})
        assert "evil" not in answer.text
        assert "javascript:" not in answer.text
