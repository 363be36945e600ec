"""The backup file of a party's secret: what comes back, and what is refused and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lottery.js.ceremony import DRAW, keys, master
from tests.lottery.js.node import call, needs_node, run

pytestmark = needs_node

MADE = "2026-11-21T14:31:29.000000Z"


def backup(passphrase: str = "") -> dict[str, Any]:
    made: dict[str, Any] = call(
        "backup",
        draw=DRAW,
        party="public",
        master=master("public").hex(),
        made_at=MADE,
        passphrase=passphrase,
    )
    return made


def restore(file: Any, passphrase: str = "", draw: str = DRAW, party: str = "public") -> Any:
    text = file if isinstance(file, str) else json.dumps(file)
    return {
        "op": "restore",
        "text": text,
        "expected": {"draw": draw, "party": party},
        "passphrase": passphrase,
    }


def test_a_plain_backup_is_the_secret() -> None:
    file = backup()
    assert file == {
        "schema": "notary/draw-backup/v1",
        "draw": DRAW,
        "party": "public",
        "made_at": MADE,
        "key": keys("public")["key"],
        "master": master("public").hex(),
    }
    (found,) = run(restore(file))
    assert (found["master"], found["made_at"]) == (master("public").hex(), MADE)


def test_a_sealed_backup_needs_its_passphrase() -> None:
    file = backup("住房 1234")
    assert "master" not in file
    right, spelt, wrong, none = run(
        restore(file, "住房 1234"),
        restore(file, "住房 １２３４"),  # full-width digits are the same characters to a person
        restore(file, "住房 1235"),
        restore(file),
    )
    assert right["master"] == spelt["master"] == master("public").hex()
    assert (wrong["error"], none["error"]) == ("wrongPassphrase", "needsPassphrase")


def other(file: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**file, **fields}


def test_each_refusal_has_its_own_name() -> None:
    file = backup()
    digit = "0" if file["master"][5] != "0" else "1"
    bent = file["master"][:5] + digit + file["master"][6:]
    cases = [
        (restore(file, draw="ffffffff-ffff-4fff-8fff-ffffffffffff"), "wrongDraw"),
        (restore(file, party="notary"), "wrongParty"),
        (restore(other(file, master=bent)), "damaged"),
        (restore(other(file, master="00")), "damaged"),
        (restore(other(file, schema="x")), "damaged"),
        (restore(other(file, more=1)), "damaged"),
        (restore(json.dumps(file)[:-9]), "damaged"),
        (restore("null"), "damaged"),
        (restore("x" * 100_000), "damaged"),
    ]
    assert [each["error"] for each in run(*(c for c, _ in cases))] == [code for _, code in cases]


@pytest.mark.parametrize("field", ["iterations", "kdf", "salt"])
def test_a_sealed_backup_cannot_be_weakened(field: str) -> None:
    """How the passphrase is stretched is part of what is sealed, and bounded."""
    file = backup("pass")
    value = {"iterations": 10**9, "kdf": "none", "salt": "00"}[field]
    file["protection"][field] = value
    (found,) = run(restore(file, "pass"))
    assert found["error"] == "damaged"
