"""Parties in browsers and parties in Python take part in the same draw and agree."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from lottery.party import Party
from lottery.record import Record
from lottery.statements import Signed
from tests.lottery.js.ceremony import DRAW, IDS, Ceremony, master, whole
from tests.lottery.js.node import call, needs_node, run

pytestmark = needs_node


@pytest.fixture(scope="module")
def dealt() -> Ceremony:
    """Everybody has committed and dealt; nobody has acknowledged."""
    ceremony = Ceremony()
    ceremony.begin()
    ceremony.everybody("commit")
    ceremony.everybody("shares")
    return ceremony


@pytest.mark.parametrize(
    ("browsers", "withheld"), [(("organiser", "public"), "notary"), (("notary", "portal"), None)]
)
def test_a_draw_of_both_kinds(tmp_path: Path, browsers: tuple[str, ...], withheld: str) -> None:
    ceremony = whole(browsers, withheld)
    assert ceremony.record.phase == "audited"
    path = tmp_path / "transcript.json"
    path.write_bytes(ceremony.transcript)
    verdict = call("verify", path=str(path), head=ceremony.record.head)
    assert verdict["outcome"] == "verified", verdict
    assert verdict["head"] == ceremony.record.head
    left_out = {each["key"] for each in verdict["checks"] if each["outcome"] == "absent"}
    assert left_out == {"voids", "leaves"} | (set() if withheld else {"recoveries"})


def test_both_make_the_same_statements(dealt: Ceremony) -> None:
    """Byte for byte, but for what is said of the list before there is one."""
    before = Ceremony(steps=dealt.steps[:2])
    everything = [(before, "commit"), (Ceremony(steps=dealt.steps[:6]), "shares")]
    for ceremony, kind in [*everything, (dealt, "acknowledge")]:
        (theirs,) = run(ceremony.browser("public", kind))
        ours = ceremony.parties["public"].routine(ceremony.record, kind, ceremony.at)
        assert theirs["statement"] == ours.statement
        assert theirs["signature"] == ours.signature


def test_python_reads_a_record_made_by_browsers_alone() -> None:
    transcript = json.loads(bytes.fromhex(call("whole", withheld=["public"])))
    steps = [
        json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in transcript["steps"]
    ]
    record = Record.of([each.encode() for each in steps])
    assert record.phase == "audited"
    assert call("record", steps=steps)["head"] == record.head


def test_what_a_browser_does_not_sign(dealt: Ceremony) -> None:
    early = Ceremony(steps=dealt.steps[:2])
    stranger = dealt.browser("public", "acknowledge") | {"master": bytes(32).hex()}
    answers = run(
        dealt.browser("public", "reveal"),
        early.browser("public", "shares"),
        early.browser("public", "acknowledge"),
        dealt.browser("notary", "open", present=["Li"]),
        dealt.browser("notary", "dice", dice="1" * 50),
        dealt.browser("public", "share", dealer="notary"),
        stranger,
        dealt.browser("nobody", "acknowledge"),
        dealt.browser("notary", "void", reason="whim", note=""),
    )
    assert [each["error"] for each in answers] == [
        *["tooEarly"] * 6,
        "notMine",
        "stranger",
        "no reason whim",
    ]


def resealed(ceremony: Ceremony, n: int, change: Any) -> list[bytes]:
    """The steps with step ``n`` changed, signed again by party and portal."""
    forged: list[bytes] = []
    for number, data in enumerate(ceremony.steps):
        record = Record.of(forged, ceremony.config) if number <= n else None
        step = json.loads(data)
        if number < n:
            forged.append(data)
            continue
        assert record is not None
        change(step["statements"][0]["statement"])
        said = step["statements"][0]["statement"]
        forged.append(_sealed(ceremony, record, step, said))
        return forged
    return forged


def _sealed(ceremony: Ceremony, record: Record, step: Any, said: Any) -> bytes:
    from lottery.statements import sign
    from lottery.steps import StepDraft, seal_step

    signed: Signed = sign(said, Party(master(said["party"]), DRAW).signer)
    draft = StepDraft(step["type"], step["attempt"], step["body"], (signed,))
    return seal_step(draft, record, ceremony.parties["portal"].signer, ceremony.at)


def test_a_bad_share_is_named_and_not_acknowledged(dealt: Ceremony) -> None:
    last = len(dealt.steps) - 1
    dealer = json.loads(dealt.steps[last])["statements"][0]["party"]
    victim = next(each for each in IDS if each != dealer)

    def spoil(said: dict[str, Any]) -> None:
        said["shares"][0]["sealed"] = "00" * 48

    forged = Ceremony(steps=resealed(dealt, last, spoil))
    (answer,) = run(forged.browser(victim, "acknowledge"))
    assert answer == {"error": "badShare", "who": dealer}


def test_a_secret_is_not_told_for_a_commitment_that_is_not_its_own() -> None:
    """The commitment on the record was made with the key but not with the secret of the party."""
    ceremony = Ceremony()
    ceremony.begin()
    ceremony.everybody("commit")
    own = next(
        n
        for n, data in enumerate(ceremony.steps)
        if json.loads(data)["statements"][0]["party"] == "public" and n > 1
    )
    assert own == len(ceremony.steps) - 1

    def other(said: dict[str, Any]) -> None:
        said["commitment"] = hashlib.sha256(b"other").hexdigest()

    forged = Ceremony(steps=resealed(ceremony, own, other))
    (answer,) = run(forged.browser("public", "shares"))
    assert answer["error"] == "lost"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda steps: steps[3].update(n=9), "chain"),
        (lambda steps: steps[3].update(at=steps[2]["at"].replace("2023", "2022")), "signature"),
        (lambda steps: steps.pop(2), "chain"),
        (lambda steps: steps[0]["body"]["config"].update(threshold=3), "signature"),
        (lambda steps: steps.clear(), "form"),
    ],
)
def test_a_record_that_was_bent_is_not_relied_upon(dealt: Ceremony, change: Any, code: str) -> None:
    steps = [json.loads(each) for each in dealt.steps]
    change(steps)
    assert call("record", steps=[json.dumps(each) for each in steps])["error"] == code
