"""The API's OpenAPI description: what its blueprints say of themselves, and what is true of all."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Collection, Iterator
from typing import Any, Final

from flask import Flask, Response
from flask_smorest import Api, Blueprint

from portal.api.examples import Json, illustrate
from portal.api.schemas import ErrorSchema
from portal.api.words import ERRORS, INTRODUCTION, TAGS

_HEADERS: Final = {
    "X-RateLimit-Limit": ("Requests that one address or session may send in the window.", 600),
    "X-RateLimit-Remaining": ("Requests left in the window.", 598),
    "X-RateLimit-Reset": ("When the window ends, seconds since 1970.", 1795248060),
}
_SOON: Final = {
    "description": "Seconds to wait before asking again.",
    "schema": {"type": "integer", "minimum": 0},
    "example": 5,
}
_METHODS: Final = ("get", "put", "post", "patch", "delete")


class PortalApi(Api):  # type: ignore[misc]
    """Serves the completed description, put together once, when it is first asked for: that takes
    longer than making the rest of the application, and most processes are never asked."""

    ERROR_SCHEMA = ErrorSchema

    def __init__(self, app: Flask, public: Collection[str]) -> None:
        self._public = public
        self._served: bytes | None = None
        self._undescribed: list[Blueprint] = []
        self._describing = threading.Lock()
        super().__init__(app)

    def register_blueprint(self, blueprint: Blueprint) -> None:
        """Its addresses now, its description later."""
        app: Flask = self._app
        app.extensions["flask-smorest"]["blp_name_to_api"][blueprint.name] = self
        app.register_blueprint(blueprint)
        self._undescribed.append(blueprint)

    def description(self) -> Json:
        """The whole description."""
        with self._describing:
            return self._described()

    def _described(self) -> Json:
        while self._undescribed:
            blueprint = self._undescribed.pop(0)
            blueprint.register_views_in_doc(
                self, self._app, self.spec, name=blueprint.name, parameters=None
            )
            self.spec.tag({"name": blueprint.name, "description": blueprint.description})
        components = self.spec.components
        if "Error" not in components.schemas:
            components.schema("Error", schema=ErrorSchema)
        found: Json = self.spec.to_dict()
        complete(found, self._public_operations())
        return found

    def _openapi_json(self) -> Response:
        if self._served is None:
            self._served = json.dumps(self.description(), ensure_ascii=False).encode()
        return Response(self._served, mimetype="application/json")

    def _public_operations(self) -> set[tuple[str, str]]:
        """Path and method of what anybody may call, as OpenAPI writes them."""
        return {
            (re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule), method.lower())
            for rule in self._app.url_map.iter_rules()
            if rule.endpoint in self._public
            for method in rule.methods or ()
        }


def complete(description: Json, public: Collection[tuple[str, str]]) -> None:
    """Add to ``description`` what is true of every operation.

    1. A bearer key, except for the ``public`` operations (path, method).
    2. The errors that may come, each with an example.
    3. The headers that count requests.
    4. A name for every operation, so that generated clients have sensible method names.
    5. Examples.
    """
    components = description.setdefault("components", {})
    components["securitySchemes"] = {"bearer": _bearer()}
    components["headers"] = _headers()
    components["responses"] = {_name(status): _error(status) for status in ERRORS}
    description["info"]["description"] = INTRODUCTION
    description["security"] = [{"bearer": []}]
    description["servers"] = [{"url": "/", "description": "This portal"}]
    description["tags"] = [_tag(each) for each in description.get("tags", [])]
    for path, method, operation in _operations(description):
        if (path, method) in public:
            operation["security"] = []  # 1
        _add_errors(path, operation)  # 2
        for response in operation["responses"].values():
            if "$ref" not in response:  # 3
                response.setdefault("headers", {}).update(_counted())
        operation.setdefault("operationId", _operation_id(path, method))  # 4
        operation["tags"] = [_tag({"name": name})["name"] for name in operation.get("tags", [])]
    illustrate(description)  # 5


def _operations(description: Json) -> Iterator[tuple[str, str, Json]]:
    for path, operations in description["paths"].items():
        for method in _METHODS:
            if method in operations:
                yield path, method, operations[method]


def _add_errors(path: str, operation: Json) -> None:
    """What this operation may answer, from what it takes; others it has named itself."""
    responses = operation["responses"]
    responses.pop("default", None)
    statuses = {400, 401, 403, 429, 503}
    statuses |= {int(each) for each in responses if str(each).isdigit() and int(each) >= 400}
    given = [each for each in operation.get("parameters", []) if isinstance(each, dict)]
    if "{" in path:
        statuses.add(404)
    if any(each.get("in") in ("query", "header") for each in given):
        statuses.add(422)
    if "requestBody" in operation:
        statuses |= {413, 415, 422}
    for status in sorted(statuses & ERRORS.keys()):
        responses[str(status)] = {"$ref": f"#/components/responses/{_name(status)}"}
    operation["responses"] = dict(sorted(responses.items(), key=lambda item: str(item[0])))


def _error(status: int) -> Json:
    sentence, code, message, field = ERRORS[status]
    example = {"code": code, "message": message, "field": field, "request_id": "4f1c0f6f2b7a4e7c"}
    response: Json = {
        "description": sentence,
        "headers": _counted(),
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/Error"},
                "example": {"error": example},
            }
        },
    }
    if status in (429, 503):
        response["headers"]["Retry-After"] = {"$ref": "#/components/headers/Retry-After"}
    if status == 401:
        challenge = {"schema": {"type": "string"}, "example": 'Bearer realm="api"'}
        response["headers"]["WWW-Authenticate"] = challenge
    return response


def _headers() -> Json:
    counted = {
        name: {
            "description": sentence,
            "schema": {"type": "integer"},
            "example": example,
        }
        for name, (sentence, example) in _HEADERS.items()
    }
    return counted | {"Retry-After": _SOON}


def _counted() -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS}


def _bearer() -> Json:
    return {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key from “API keys” in your account: `Authorization: Bearer nep_…`",
    }


def _name(status: int) -> str:
    return f"Error{status}"


def _tag(tag: dict[str, Any]) -> dict[str, Any]:
    """A blueprint's name in words: ``deposits_api`` is shown as “Deposits”."""
    plain = tag["name"].removesuffix("_api").replace("_", " ").capitalize()
    return tag | {"name": TAGS.get(tag["name"], plain)}


def _operation_id(path: str, method: str) -> str:
    """``get_deposits_by_deposit_id`` for ``GET /api/v1/deposits/{deposit_id}``."""
    words = [f"by_{each[1:-1]}" if each[0] == "{" else each for each in path.split("/")[3:]]
    return re.sub(r"\W+", "_", "_".join([method, *words]))
