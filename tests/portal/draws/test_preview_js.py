"""The wizard's picture computes what the selection itself does, on average."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[3] / "portal/ui/static/js/draws-preview.js"
_RUN = """
const {preview} = await import(process.argv[1]);
const {plan, counts} = JSON.parse(process.argv[2]);
console.log(JSON.stringify(preview(plan, counts)));
"""
_DRAWS = 4000


def preview(plan: dict[str, Any], counts: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is missing")
    module = folder / "preview.mjs"
    module.write_text(SCRIPT.read_text())
    told = json.dumps({"plan": plan, "counts": counts})
    command = [node, "--input-type=module", "-e", _RUN, str(module), told]
    found: list[dict[str, Any]] = json.loads(subprocess.check_output(command))
    return found


def stage(pools: str, winners: int | str, **more: Any) -> dict[str, Any]:
    values = {"pools": list(pools), "winners": winners, "alternates": 0, "repeat": False}
    return values | {"unfilled": "leave"} | more


def pools(names: str) -> list[dict[str, str]]:
    return [{"id": each} for each in names]


def test_chances_are_those_of_drawing_tickets(tmp_path: Path) -> None:
    plan = {"pools": pools("A"), "stages": [stage("A", 20), stage("A", 30)]}
    found = preview(plan, {"A": [[1, 60], [4, 40]]}, tmp_path)
    heavy = drawn([1] * 60 + [4] * 40, (20, 30))
    for number, expected in enumerate(heavy):
        parts = {each["weight"]: each["places"] for each in found[number]["parts"]}
        assert sum(parts.values()) == pytest.approx((20, 30)[number])
        assert parts[4] == pytest.approx(expected, rel=0.03)


def drawn(weights: list[int], places: tuple[int, ...]) -> list[float]:
    """How many of the heavy ones win in each stage, on average over many draws."""
    random, sums = Random(20261121), [0] * len(places)  # noqa: S311
    for _ in range(_DRAWS):
        left = list(range(len(weights)))
        for number, count in enumerate(places):
            left.sort(key=lambda each: random.expovariate(weights[each]))
            sums[number] += sum(weights[each] > 1 for each in left[:count])
            left = left[count:]
    return [each / _DRAWS for each in sums]


def test_places_are_carried_left_empty_or_refused(tmp_path: Path) -> None:
    plan = {
        "pools": pools("AB"),
        "stages": [
            stage("A", 15, unfilled="carry"),
            stage("B", 5),
            stage("B", 50, unfilled="refuse"),
            stage("AB", "all", repeat=True),
        ],
    }
    first, second, third, last = preview(plan, {"A": [[1, 10]], "B": [[1, 30]]}, tmp_path)
    assert (first["places"], first["filled"], first["unfilled"]) == (15, 10, 5)
    assert (second["places"], second["carried"]) == (10, 5)
    assert third["refused"]
    assert third["eligible"] == pytest.approx(20)
    assert last["filled"] == pytest.approx(40)
    assert [each["chance"] for each in last["parts"]] == [1, 1]


def test_nobody_in_the_pools(tmp_path: Path) -> None:
    (only,) = preview({"pools": pools("A"), "stages": [stage("A", 3)]}, {}, tmp_path)
    assert (only["eligible"], only["filled"], only["parts"]) == (0, 0, [])
