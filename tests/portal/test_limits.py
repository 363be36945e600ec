"""Who asks too often is told so, and how long to wait."""

from __future__ import annotations

from portal.app import create_app
from portal.services import Services
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeSettings


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
