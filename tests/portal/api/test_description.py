"""What the API says of itself: complete, agreeing with the portal, and with examples that hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask

from portal.api.description import complete
from portal.api.examples import example_of
from portal.security import PUBLIC_ENDPOINTS
from tests.portal.client import PortalClient

Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture
def description(client: PortalClient) -> dict[str, Any]:
    found: dict[str, Any] | None = client.get("/api/openapi.json").json
    assert found is not None
    return found


def operations(description: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                yield path, method, operation


def test_every_endpoint_of_the_api_is_described(app: Flask, description: dict[str, Any]) -> None:
    described = {(path.count("/"), method) for path, method, _ in operations(description)}
    assert described
    served = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and rule.endpoint != "static"
    }
    blueprints = app.extensions["flask-smorest"]["blp_name_to_api"]
    assert {endpoint.split(".")[0] for endpoint in served} == set(blueprints)


def test_security_is_what_the_guard_does(app: Flask, description: dict[str, Any]) -> None:
    assert description["security"] == [{"bearer": []}]
    open_operations = {
        operation["operationId"]
        for _, _, operation in operations(description)
        if operation.get("security") == []
    }
    public = {each for each in PUBLIC_ENDPOINTS if each.split(".")[0].endswith("_api")}
    assert len(open_operations) == len(public)
    assert {"verifyDigest", "verifyPackage", "getCheckpoint"} <= open_operations


def test_every_operation_has_its_words_and_errors(description: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(description)]
    assert len(set(names)) == len(names)
    tags = {tag["name"]: tag["description"] for tag in description["tags"]}
    assert all(tags.values())
    for path, method, operation in operations(description):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert set(operation["tags"]) <= set(tags), where
        assert {"400", "401", "403", "429", "503"} <= operation["responses"].keys(), where
        assert "default" not in operation["responses"], where
        if "{" in path:
            assert "404" in operation["responses"], where
        if "requestBody" in operation:
            assert {"413", "415", "422"} <= operation["responses"].keys(), where


def test_every_answer_tells_of_its_headers(description: dict[str, Any]) -> None:
    components = description["components"]
    assert {"Retry-After", "X-RateLimit-Remaining"} <= components["headers"].keys()
    assert "Retry-After" in components["responses"]["Error429"]["headers"]
    assert "WWW-Authenticate" in components["responses"]["Error401"]["headers"]
    for _, _, operation in operations(description):
        for response in operation["responses"].values():
            assert "$ref" in response or "X-RateLimit-Limit" in response["headers"]


def test_every_json_body_has_an_example_that_fits(description: dict[str, Any]) -> None:
    tried = 0
    answers = list(description["components"]["responses"].values())
    bodies = [("errors", each) for each in answers]
    for path, method, operation in operations(description):
        where = f"{method} {path}"
        bodies += [(where, operation.get("requestBody", {}))]
        bodies += [(where, each) for each in operation["responses"].values()]
    for where, body in bodies:
        media = body.get("content", {}).get("application/json")
        if media is None:
            continue
        assert "example" in media, where
        schema = {**media["schema"], "components": description["components"]}
        jsonschema_rs.Draft202012Validator(schema).validate(media["example"])
        tried += 1
    assert tried > 20


def test_every_schema_has_an_example_that_fits(description: dict[str, Any]) -> None:
    for name, schema in description["components"]["schemas"].items():
        assert "example" in schema, name
        whole = {**schema, "components": description["components"]}
        jsonschema_rs.Draft202012Validator(whole).validate(schema["example"])


def test_it_is_put_together_once(client: PortalClient) -> None:
    assert client.get("/api/openapi.json").data == client.get("/api/openapi.json").data


class TestPuttingTogether:
    def test_an_operation_gets_what_is_true_of_all(self) -> None:
        description: dict[str, Any] = {
            "info": {},
            "paths": {
                "/api/v1/things/{thing_id}": {
                    "put": {
                        "requestBody": {"content": {}},
                        "responses": {"200": {"description": "OK"}, "default": {}},
                    }
                }
            },
        }
        complete(description, {("/api/v1/things/{thing_id}", "put")})
        operation = description["paths"]["/api/v1/things/{thing_id}"]["put"]
        assert operation["security"] == []
        assert operation["operationId"] == "put_things_by_thing_id"
        expected = {"200", "400", "401", "403", "404", "413", "415", "422", "429", "503"}
        assert operation["responses"].keys() == expected

    def test_examples_come_from_the_fields(self) -> None:
        schemas = {"A": {"properties": {"n": {"type": "integer", "example": 7}}}}
        listed = {"items": {"$ref": "#/components/schemas/A"}}
        assert example_of(listed, schemas) == [{"n": 7}]
        assert example_of({"enum": ["x", "y"]}, schemas) == "x"
        assert example_of({"anyOf": [{"default": 3}]}, schemas) == 3
        assert example_of({"type": "string"}, schemas) == ""
        assert example_of({"type": ["integer", "null"]}, schemas) is None
