"""A participant's receipt and number: the browser's rules are those of the list's maker."""

from __future__ import annotations

import copy
import hashlib
from typing import Any

import pytest

from lottery.entries import BadValue, Layout, ListFolder, ListKeys, Rules, canonical_id, commit
from lottery.entries import lookup_of as our_lookup
from tests.lottery.js.ceremony import DRAW
from tests.lottery.js.node import needs_node, run

pytestmark = needs_node

TYPED = [
    "１１０１０５１９４９１２３１００２ｘ",
    " 110105 19491231 002X\n",
    "110105491231002",
    "110105194912310021",
    "11010519491231002",
    "A–12—3\u2212４",
    "ß\u200bstraße",
    "ﬁ-Ⅸ",
    "é e\u0301 \u3000",
    "",
    "\u200b",
    "a\x00b",
    "a\u202eb",
    "中" * 43,
    "x" * 128,
    "x" * 129,
    "ǅ ŉ ΐ ﬓ İ ı",
]


@pytest.mark.parametrize("kind", ["text", "prc-id"])
def test_numbers_are_spelt_alike(kind: Any) -> None:
    ours = []
    for typed in TYPED:
        try:
            ours.append(canonical_id(typed, kind))
        except BadValue as error:
            ours.append(error.code)
    theirs = run(*({"op": "id", "text": each, "kind": kind} for each in TYPED))
    assert [each["error"] if isinstance(each, dict) else each for each in theirs] == ours


def test_the_question_is_a_digest() -> None:
    (found,) = run({"op": "lookup", "draw": DRAW, "id": "110105194912310021"})
    assert found == our_lookup(DRAW, "110105194912310021").hex()


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> ListFolder:
    """Eleven entries in two pools."""
    pytest.importorskip("numba")
    folder = tmp_path_factory.mktemp("entries")
    rows = [f"{n},姓名{n},{'AB'[n % 2]},{1 + n % 3}" for n in range(11)]
    (folder / "list.csv").write_text("id,name,pool,weight\n" + "\n".join(rows) + "\n", "utf-8")
    keys = ListKeys(*(hashlib.sha256(bytes([n])).digest() for n in range(4)))
    layout = Layout("id", ("name",), "pool", "weight")
    commit(folder / "list.csv", layout, Rules(("A", "B"), 3), keys, DRAW, folder / "made")
    return ListFolder.open(folder / "made")


def check(receipt: Any, entries: ListFolder, draw: str = DRAW) -> dict[str, Any]:
    return {"op": "receipt", "receipt": receipt, "draw": draw, "list": entries.document}


def test_every_receipt_is_proved(entries: ListFolder) -> None:
    receipts = [entries.receipt(n) for n in range(entries.count)]
    found = run(*(check(each, entries) for each in receipts))
    assert [
        [each["position"], each["pool"], str(each["weight"]), *each["values"]] for each in found
    ] == [[n, *receipt["fields"]] for n, receipt in enumerate(receipts)]


def test_a_bent_receipt_says_what_is_wrong(entries: ListFolder) -> None:
    right = entries.receipt(3)

    def bent(**fields: Any) -> dict[str, Any]:
        return copy.deepcopy(right) | fields

    fields = right["fields"]
    cases = [
        (bent(draw="ffffffff-ffff-4fff-8fff-ffffffffffff"), "wrongDraw"),
        (bent(list_root="00" * 32), "wrongList"),
        (bent(count=12), "wrongList"),
        (bent(position=10), "wrongEntry"),
        (bent(fields=[fields[0], "9", *fields[2:]]), "wrongEntry"),
        (bent(fields=["C", *fields[1:]]), "wrongEntry"),
        (bent(fields=[*fields[:2], "another"]), "wrongProof"),
        (bent(salt="00" * 16), "wrongProof"),
        (bent(tag="00" * 32), "wrongProof"),
        (bent(path=right["path"][1:]), "wrongProof"),
        (bent(path=[*right["path"], "00" * 32]), "wrongProof"),
        (bent(path=[right["path"][0], *right["path"]]), "wrongProof"),
        (bent(fields=[*fields[:2], "a\x1fb"]), "damaged"),
        (bent(salt="00"), "damaged"),
        (bent(position=-1), "damaged"),
        (bent(position=1.5), "damaged"),
        (bent(schema="other"), "damaged"),
        ("not JSON", "damaged"),
    ]
    found = run(*(check(receipt, entries) for receipt, _ in cases))
    assert [each["error"] for each in found] == [code for _, code in cases]
