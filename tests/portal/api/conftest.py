"""A program with a key."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from portal.settings import Settings
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeSettings


class Program:
    """Asks the API; ``key`` empty: without one."""

    def __init__(self, client: PortalClient, key: str = "") -> None:
        self.client = client
        self.headers = client.bearer(key) if key else {}

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.client.get(f"/api/v1{path}", headers=self.headers, query_string=query)

    def post(self, path: str, json: Any = None, key: str = "", **more: Any) -> TestResponse:
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        if json is not None:
            more["json"] = json
        return self.client.post(f"/api/v1{path}", headers=headers, **more)


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    return make_settings(digests="sha256,sm3")


@pytest.fixture
def program(client: PortalClient, api_key: str) -> Program:
    return Program(client, api_key)


@pytest.fixture
def stranger(client: PortalClient) -> Program:
    return Program(client)


def refused(answer: TestResponse, status: int, code: str, field: str | None = None) -> str:
    """The one error shape; its sentence."""
    assert answer.status_code == status, answer.text
    assert answer.json is not None
    error = answer.json["error"]
    assert set(error) == {"code", "message", "field", "request_id"}
    assert (error["code"], error["field"]) == (code, field)
    return str(error["message"])
