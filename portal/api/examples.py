"""Examples in an OpenAPI description: put together from those of the fields, so that none is
written twice and none goes stale by itself."""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]
#: When nobody said anything better. What may be null is null.
_PLAINEST: Final = {"string": "", "integer": 1, "number": 1, "boolean": True, "object": {}}
_REFERENCE: Final = "#/components/schemas/"


def example_of(schema: Json, schemas: Json) -> Any:
    """An example of what ``schema`` describes: its own, its fields', or else the plainest."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].removeprefix(_REFERENCE)], schemas)
    for key in ("example", "default"):
        if key in schema:
            return schema[key]
    for key in ("allOf", "anyOf", "oneOf"):
        if key in schema:
            return example_of(schema[key][0], schemas)
    if "enum" in schema:
        return schema["enum"][0]
    if "properties" in schema:
        return {name: example_of(each, schemas) for name, each in schema["properties"].items()}
    if "items" in schema:
        return [example_of(schema["items"], schemas)]
    kind = schema.get("type")
    return _PLAINEST.get(kind) if isinstance(kind, str) else None


def illustrate(description: Json) -> None:
    """Give every schema, and every JSON body of an operation, an example where there is none."""
    schemas = description.get("components", {}).get("schemas", {})
    for schema in schemas.values():
        if "example" not in schema and (example := example_of(schema, schemas)) is not None:
            schema["example"] = example
    for operation in operations(description):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for kind, body in (each for of in bodies for each in of.get("content", {}).items()):
            _illustrate_body(kind, body, schemas)


def operations(description: Json) -> list[Json]:
    """Every operation of every path."""
    return [
        operation
        for path in description["paths"].values()
        for method, operation in path.items()
        if method in ("get", "put", "post", "patch", "delete")
    ]


def _illustrate_body(kind: str, body: Json, schemas: Json) -> None:
    if "json" not in kind or "example" in body or "examples" in body:
        return
    example = example_of(body.get("schema", {}), schemas)
    if example is not None:
        body["example"] = example
