"""Who asks too often is told so, and how long to wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Request
from limits import parse
from werkzeug.test import EnvironBuilder

from portal.app import create_app
from portal.limits import Counter, CountingStorage, Rule
from portal.services import Services
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeSettings

ASKED = Request(EnvironBuilder().get_environ())


def _client(make_settings: MakeSettings, services: Services) -> PortalClient:
    app = create_app(make_settings(rate_limit="5 per minute"), services)
    app.test_client_class = PortalClient
    return app.test_client()  # type: ignore[return-value]


def test_over_the_limit(make_settings: MakeSettings, services: Services) -> None:
    client = _client(make_settings, services)
    answers = [client.get("/api/openapi.json") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[0].headers["X-RateLimit-Remaining"] == "4"
    assert answers[5].json["error"]["code"] == "rate_limited"
    assert 0 < int(answers[5].headers["Retry-After"]) <= 61
    assert client.get("/signin").status_code == 429, "one count for all addresses"


def test_each_address_has_its_own_count(make_settings: MakeSettings, services: Services) -> None:
    client = _client(make_settings, services)
    for _ in range(6):
        client.get("/signin")
    other = client.get("/signin", environ_base={"REMOTE_ADDR": "203.0.113.9"})
    assert other.status_code == 200


def test_one_account_has_one_count_however_it_is_written(
    make_settings: MakeSettings, services: Services
) -> None:
    app = create_app(make_settings(sign_in_rate_limit="3 per minute"), services)
    app.test_client_class = PortalClient
    client: PortalClient = app.test_client()  # type: ignore[assignment]
    token = client.token("/signin")
    statuses = []
    for place, email in enumerate(
        ("a@example.org", "A@Example.org ", "a@ｅxample.org", "a@exampl\uff45.org")
    ):
        answer = client.post(
            "/signin",
            data={"email": email, "password": "guess", "csrf_token": token},
            environ_base={"REMOTE_ADDR": f"198.51.100.{place}"},
        )
        statuses.append(answer.status_code)
    assert statuses[3] == 429
    assert 429 not in statuses[:3]


def test_no_attempt_comes_as_json(client: PortalClient) -> None:
    """Flask-Security would read it; the count of attempts on one account would not."""
    answer = client.post(
        "/signin",
        json={"email": "a@example.org", "password": "guess"},
        headers={"X-CSRFToken": client.token("/signin")},
    )
    assert answer.status_code == 415


def test_what_machines_fetch_is_not_counted_with_pages(
    make_settings: MakeSettings, services: Services
) -> None:
    client = _client(make_settings, services)
    for path in ("/ledger/checkpoint", "/healthz", "/static/js/portal.js"):
        for _ in range(8):
            answer = client.get(path)
            assert answer.status_code == 200, path
            answer.close()
    for _ in range(8):
        answer = client.post("/tsa", data=b"x", content_type="application/timestamp-query")
        assert answer.status_code == 200


class _Unreachable(CountingStorage):
    """A shared storage whose server is away until ``back``."""

    back = False

    @property
    def base_exceptions(self) -> type[Exception]:
        return ConnectionError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        if not self.back:
            raise ConnectionError("away")
        return super().incr(key, expiry, amount)


def test_a_shared_count_that_fails_lets_each_process_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shared, seconds = _Unreachable(), [100.0]
    monkeypatch.setattr("portal.limits.storage_from_string", lambda _uri: shared)
    rule = Rule("all", parse("2 per minute"), lambda _: True, lambda: "somebody")
    counter = Counter([rule], "redis://example.invalid", lambda: seconds[0])
    assert [_remaining(counter) for _ in range(3)] == [1, 0, -1]
    shared.back = True
    assert _remaining(counter) == -2, "not asked again at once"
    seconds[0] += 11
    assert _remaining(counter) == 1, "the shared count is in force again"


def test_the_tightest_rule_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = [
        Rule("wide", parse("9 per minute"), lambda _: True, lambda: "a"),
        Rule("tight", parse("3 per hour"), lambda _: True, lambda: "a"),
        Rule("elsewhere", parse("1 per hour"), lambda _: False, lambda: "a"),
    ]
    standing = Counter(rules, "").count(ASKED)
    assert standing is not None
    assert (standing.limit, standing.remaining) == (3, 2)
    assert 0 < standing.wait <= 3600


def test_old_counts_are_forgotten() -> None:
    storage = CountingStorage()
    with time_machine.travel(datetime(2026, 5, 1, tzinfo=UTC), tick=False) as clock:
        for number in range(10_001):
            storage.incr(f"visitor {number}", 60)
        clock.shift(timedelta(seconds=61))
        assert storage.incr("visitor 1", 60) == 1
        for number in range(10_000):
            storage.incr(f"later {number}", 60)
        assert len(storage.storage) <= 20_001


def _remaining(counter: Counter) -> int:
    standing = counter.count(ASKED)
    assert standing is not None
    return standing.remaining
