"""One document of all steps; its published schema fits what is made and what is verified."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lottery import verifier
from lottery.errors import BadRecord
from lottery.transcript import assemble, split
from tests.lottery.building import draw

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "draw-v1.schema.json"


@cache
def validator() -> Any:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize(
    "options",
    [
        {"sample": 2, "voided": "final"},
        {"withheld": ["portal"], "public_parties": 1, "public": ("dice", "drand")},
    ],
)
def test_transcripts_fit_the_schema(options: dict[str, Any]) -> None:
    validator().validate(json.loads(draw(**options).transcript()))


def test_the_schema_knows_every_type_of_step() -> None:
    kinds = [each["$ref"].rsplit("step-")[1] for each in _steps(validator().schema)]
    assert kinds == list(verifier.BODIES)


def _steps(schema: dict[str, Any]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = schema["properties"]["steps"]["items"]["oneOf"]
    return found


def test_the_schema_refuses_what_the_verifier_refuses() -> None:
    document = json.loads(draw().transcript())
    document["steps"][4]["more"] = 1
    assert not validator().is_valid(document)


def test_assembled_and_split_again() -> None:
    made = draw()
    assert split(made.transcript()) == tuple(made.steps)
    assert assemble(split(made.transcript())) == made.transcript()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b'{"schema":"notary/draw/v1","steps":{}}',
        b'{"schema":"other","steps":[]}',
        b"[]",
    ],
)
def test_what_is_no_transcript(data: bytes) -> None:
    with pytest.raises(BadRecord):
        split(data)
    assert verifier.verify(data).failed() == ["form"]


@pytest.mark.parametrize("spelling", [" ", "\n", "\ufeff"])
def test_other_spellings_of_the_same(spelling: str) -> None:
    data = spelling.encode() + draw().transcript()
    assert verifier.verify(data).failed() == ["form"]
