"""Health, figures, and log lines."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest

from chain_adapter import Health
from portal.accounts.models import User
from portal.app import create_app
from portal.services import Services
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeKey, MakeUser


def test_a_living_portal(client: PortalClient) -> None:
    assert client.get("/healthz").json == {"ok": True}
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json["parts"] == {"database": True, "ledger": True, "timestamping": True}


class Broken:
    """A part that answers nothing, or answers that it is broken."""

    def __init__(self, part: Any, raises: bool) -> None:
        self._part, self._raises = part, raises

    def __getattr__(self, name: str) -> Any:
        return getattr(self._part, name)

    def health(self) -> Health:
        if self._raises:
            raise RuntimeError("secret path /var/x")
        return Health(False, "secret path /var/x", None, datetime.now(UTC))


@pytest.mark.parametrize("raises", [True, False])
def test_a_broken_part_is_named_without_details(services: Services, raises: bool) -> None:
    stamper = Broken(services.stamper, raises)
    app = create_app(services=replace(services, stamper=stamper))
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json["parts"] == {"database": True, "ledger": True, "timestamping": False}
    assert "secret" not in answer.text


def test_figures_are_for_operators(
    client: PortalClient, make_user: MakeUser, make_key: MakeKey, user: User
) -> None:
    client.get("/signin")
    assert client.get("/metrics").status_code == 303
    assert client.get("/metrics", headers=client.bearer(make_key(user))).status_code == 403
    key = make_key(make_user("operator"), ("read",))
    answer = client.get("/metrics", headers=client.bearer(key))
    assert answer.status_code == 200
    line = 'portal_requests_total{endpoint="security.login",method="GET",status="200"} 1.0'
    assert line in answer.text
    assert "portal_request_seconds_bucket" in answer.text


def test_log_lines_are_json_with_the_requests_id(client: PortalClient, logged: StringIO) -> None:
    answer = client.get("/signin?secret=1")
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    mine = [line for line in lines if line["event"] == "request"][-1]
    assert mine["request_id"] == answer.headers["X-Request-ID"]
    assert (mine["path"], mine["status"], mine["method"]) == ("/signin", 200, "GET")
    assert mine["timestamp"].endswith("Z")
    assert "secret" not in json.dumps(mine)
