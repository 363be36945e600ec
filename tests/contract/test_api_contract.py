"""The API keeps to its own description, whatever is sent: no 5xx, no answer that is not described.

schemathesis makes requests from ``/api/openapi.json``, right and wrong ones, and judges the
answers. They go to a portal in this process, as one depositor who has an issued deposit.
The seed is fixed, so that a failure is found again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.schemas import BaseSchema
from werkzeug.serving import WSGIRequestHandler, make_server

from portal.accounts.models import User
from portal.deposits.service import Metadata
from portal.services import Services
from portal.settings import Settings
from tests.portal.client import PortalClient
from tests.portal.conftest import *  # noqa: F403 - the fixtures of a whole portal
from tests.portal.conftest import MakeSettings
from tests.portal.deposits.conftest import actor_of, run

_SEED = 20261121
_CHECKS = {
    "not_a_server_error": {"enabled": True},
    "status_code_conformance": {"enabled": True},
    "content_type_conformance": {"enabled": True},
    "response_headers_conformance": {"enabled": True},
    "response_schema_conformance": {"enabled": True},
    "unsupported_method": {"enabled": True},
    "negative_data_rejection": {"enabled": True},
    # Not all that is refused can be said in a description: a cursor that no page gave, a webhook's
    # address that leads inside, a number that is none.
    "positive_data_acceptance": {"enabled": False},
}
#: A batch answers 200 and tells each bad item so in its place.
_BATCH = {
    "include-path": "/api/v1/deposits/batch",
    "checks": {"negative_data_rejection": {"enabled": False}},
}
#: What has no id in its address.
_OTHERS = {"exclude-path-regex": "deposit_id|position", "enabled": False}


@pytest.fixture  # type: ignore[no-redef]
def settings(make_settings: MakeSettings) -> Settings:
    return make_settings(max_upload_bytes=1_000_000, log_level="CRITICAL")


@pytest.fixture
def deposit_id(services: Services, user: User) -> str:
    """An issued deposit of the caller's."""
    intake = services.deposits.intake()
    intake.write(b"an issued file")
    deposit = services.deposits.receive_file(actor_of(user), intake, Metadata("t")).deposit
    run(services.deposits)
    return deposit.id


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Where the portal answers."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 (werkzeug's name)
        """The portal keeps its own log."""


def _schema(address: str, key: str, examples: int, **parameters: str) -> BaseSchema:
    """``parameters`` are the values that some of the addresses' parts always have."""
    config = SchemathesisConfig.from_dict(
        {
            "seed": _SEED,
            "workers": 1,
            "headers": {"Authorization": f"Bearer {key}"},
            "parameters": parameters,
            # What is never wrong cannot be refused as wrong.
            "checks": _CHECKS | {"negative_data_rejection": {"enabled": not parameters}},
            "operations": [_OTHERS] if parameters else [_BATCH],
            "generation": {
                "max-examples": examples,
                "deterministic": True,
                "no-shrink": True,
                "database": "none",
                "with-security-parameters": False,
            },
            "phases": {"stateful": {"enabled": False}},
        }
    )
    return schemathesis.openapi.from_url(f"{address}/api/openapi.json", config=config)


def _findings(schema: BaseSchema) -> tuple[list[str], int]:
    """What does not hold, in words, and how many requests were sent."""
    found: list[str] = []
    sent = 0
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            sent += len(event.recorder.interactions)
            found += _failed(event.recorder)
        if isinstance(event, events.NonFatalError):
            found.append(f"{event.label}: {event.value}")
        if isinstance(event, events.FatalError):
            raise event.exception
    return found, sent


def _failed(recorder: ScenarioRecorder) -> list[str]:
    nodes = [node for nodes in recorder.checks.values() for node in nodes]
    return [
        f"{recorder.label}: {node.failure_info.failure.title}: {node.failure_info.failure.message}"
        f"\n{node.failure_info.code_sample}"
        for node in nodes
        if node.failure_info is not None
    ]


def _said(found: list[str]) -> str:
    return "\n\n".join(sorted(set(found)))


def test_the_description_is_valid(address: str) -> None:
    schemathesis.openapi.from_url(f"{address}/api/openapi.json").validate()


def test_every_answer_is_described(address: str, api_key: str) -> None:
    """Every operation; ids are made up as well."""
    found, sent = _findings(_schema(address, api_key, 4))
    assert not found, _said(found)
    assert sent > 300


def test_every_answer_about_a_real_deposit_is_described(
    address: str,
    api_key: str,
    deposit_id: str,
) -> None:
    schema = _schema(address, api_key, 3, deposit_id=deposit_id, position="0")
    found, sent = _findings(schema)
    assert not found, _said(found)
    assert sent > 30


def test_whoever_has_no_key_is_refused_as_described(app: Flask, client: PortalClient) -> None:
    """The description says for each operation whether it needs a key; the portal agrees."""
    description = client.get("/api/openapi.json").json
    assert description is not None
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            address = path.replace("{position}", "0").replace("{", "").replace("}", "")
            answer = client.open(address, method=method.upper())
            refused = answer.status_code == 401
            assert refused == (operation.get("security") != []), f"{method} {path}"
