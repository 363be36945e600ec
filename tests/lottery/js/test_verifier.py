"""What a bent transcript is refused for: the check that fails first is named.

The portal itself is the attacker: it chains and signs all steps anew, so that only what it cannot
make (signatures of others, commitments, the beacon, the arithmetic) can give it away.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lottery import verifier
from lottery.canonical import canonical
from lottery.party import Party
from lottery.statements import message
from lottery.steps import PREFIX, START
from tests.lottery.js.ceremony import DRAW, Ceremony, master, whole
from tests.lottery.js.node import needs_node, run

pytestmark = needs_node

Steps = list[dict[str, Any]]


def sign(party: str, data: bytes) -> str:
    return Party(master(party), DRAW).signer.sign(data).hex()


def restate(step: dict[str, Any], place: int = 0, **fields: Any) -> None:
    """A party signs another statement (it has to be in league with the portal)."""
    signed = step["statements"][place]
    signed["statement"].update(fields)
    signed["signature"] = sign(signed["party"], message(signed["statement"]))


def chained(steps: Steps, *, renumber: bool = True) -> Steps:
    """The portal makes all steps anew."""
    prev = START
    for number, step in enumerate(steps):
        if renumber:
            step.update(n=number, prev=prev)
        step.pop("signature", None)
        step["signature"] = sign("portal", PREFIX + canonical(step))
        prev = hashlib.sha256(canonical(step)).hexdigest()
    return steps


def transcript(steps: Steps) -> bytes:
    return canonical({"schema": "notary/draw/v1", "steps": steps})


def steps_of(ceremony: Ceremony) -> Steps:
    return [json.loads(each) for each in ceremony.steps]


def find(steps: Steps, kind: str, place: int = 0) -> dict[str, Any]:
    return [each for each in steps if each["type"] == kind][place]


@pytest.fixture(scope="module")
def draw() -> Steps:
    """A whole draw with one secret recovered."""
    return steps_of(whole(withheld="public"))


@pytest.fixture(scope="module")
def twice() -> Steps:
    """The first attempt is void after its result, the second one goes on until its secrets."""
    ceremony = Ceremony()
    ceremony.begin()
    ceremony.prepare()
    ceremony.everybody("reveal")
    ceremony.finish()
    ceremony.void("equipment", "The camera failed.")
    ceremony.everybody("commit")
    ceremony.void("organiser_request")
    return steps_of(ceremony)


@pytest.fixture(scope="module", autouse=True)
def _quicker() -> Any:
    """Python's pairing takes a second; the same beacon is checked again and again here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verifier, "verify_bls", cache(verifier.verify_bls))
        yield


def verdicts(folder: Path, *documents: bytes, **options: Any) -> list[dict[str, Any]]:
    """What browsers say of the documents, which is word for word what Python says."""
    found = browser_verdicts(folder, *documents, **options)
    leaves = Path(options["leaves"]) if "leaves" in options else None
    for data, theirs in zip(documents, found, strict=True):
        ours = verifier.verify(data, leaves, options.get("chain"), options.get("head", ""))
        assert same_checks(theirs["checks"]) == [vars(each) for each in ours.checks]
        assert alike(theirs, ours)
    return found


def same_checks(checks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = ("number", "key", "title", "outcome", "detail")
    return [{name: each[name] for name in names} for each in checks]


def alike(theirs: dict[str, Any], ours: verifier.Report) -> bool:
    names = ("outcome", "rehearsal", "draw", "title", "head", "config_hash", "draw_hash")
    return [theirs[name] for name in names] == [getattr(ours, name) for name in names]


def browser_verdicts(folder: Path, *documents: bytes, **options: Any) -> list[dict[str, Any]]:
    calls = []
    for number, data in enumerate(documents):
        path = folder / f"{number}.json"
        path.write_bytes(data)
        calls.append({"op": "verify", "path": str(path), **options})
    return run(*calls)


def failed(verdict: dict[str, Any]) -> list[str]:
    return [each["key"] for each in verdict["checks"] if each["outcome"] == "failed"]


def drop(kind: str, place: int = 0) -> Callable[[Steps], None]:
    return lambda steps: steps.remove(find(steps, kind, place))


def swap_winner(steps: Steps) -> None:
    body = find(steps, "result")["body"]
    body["winners"][0] = next(each for each in range(20) if each not in body["winners"])


def add_winner(steps: Steps) -> None:
    body = find(steps, "result")["body"]
    body["winners"].append(body["alternates"].pop())
    body["winner_count"] += 1
    body["alternate_count"] -= 1


def drop_winner(steps: Steps) -> None:
    body = find(steps, "result", 1)["body"]
    body["winners"].pop()
    body["winner_count"] -= 1


def swap_alternates(steps: Steps) -> None:
    find(steps, "result", 1)["body"]["alternates"].reverse()


def swap_seed(steps: Steps) -> None:
    find(steps, "seed")["body"]["seed"] = "ab" * 32


def late(steps: Steps) -> None:
    """The last secret 59.9 s before the beacon; what follows is later still."""
    at = "2023-08-23T15:14:33.100000Z"
    first = steps.index(find(steps, "recover"))
    for step in steps[first:]:
        step["at"] = max(step["at"], at)


def replay_commitment(steps: Steps) -> None:
    first, second = find(steps, "commit")["statements"], find(steps, "commit", 1)
    said = first[0]["statement"]
    restate(second, commitment=said["commitment"], points=said["points"])


def bad_share(steps: Steps) -> None:
    step = find(steps, "recover")
    restate(step, share=step["statements"][1]["statement"]["share"])


def other_recovered(steps: Steps) -> None:
    find(steps, "recover")["body"]["secret"] = "01" * 32


def other_secret(steps: Steps) -> None:
    restate(find(steps, "reveal"), secret="01" * 32)


def few_dice(steps: Steps) -> None:
    restate(find(steps, "dice"), dice="1" * 49)


def late_dice(steps: Steps) -> None:
    dice = find(steps, "dice")
    steps.remove(dice)
    place = steps.index(find(steps, "reveal")) + 1
    dice["at"] = steps[place - 1]["at"]
    steps.insert(place, dice)


def other_list(steps: Steps) -> None:
    find(steps, "list")["body"]["list"]["list_root"] = "66" * 32


def other_config(steps: Steps) -> None:
    find(steps, "config")["body"]["config"]["stages"][0]["winners"] = 3


def resigned(change: Callable[[dict[str, Any]], None]) -> Callable[[Steps], None]:
    """Other rules under the organiser's signature."""

    def act(steps: Steps) -> None:
        step = find(steps, "config")
        change(step["body"]["config"])
        digest = hashlib.sha256(canonical(step["body"]["config"])).hexdigest()
        step["body"]["config_hash"] = digest
        restate(step, config_hash=digest)

    return act


def relisted(change: Callable[[dict[str, Any]], None]) -> Callable[[Steps], None]:
    """Another list under both signatures."""

    def act(steps: Steps) -> None:
        step = find(steps, "list")
        change(step["body"]["list"])
        digest = hashlib.sha256(canonical(step["body"]["list"])).hexdigest()
        for place in (0, 1):
            restate(step, place, list_sha256=digest)

    return act


def signed_elsewhere(steps: Steps) -> None:
    step = find(steps, "open")
    step["statements"][0]["signature"] = sign(
        "organiser", message(step["statements"][0]["statement"])
    )


def beacon_of(**fields: Any) -> Callable[[Steps], None]:
    def change(steps: Steps) -> None:
        body = find(steps, "beacon")["body"]
        body.update(fields)
        if "randomness" not in fields:
            body["randomness"] = hashlib.sha256(bytes.fromhex(body["signature"])).hexdigest()

    return change


def audit_of(**fields: Any) -> Callable[[Steps], None]:
    return lambda steps: find(steps, "audit")["body"].update(fields)


def no_share_acknowledged(steps: Steps) -> None:
    restate(find(steps, "acknowledge"), dealers=["organiser", "portal"])


OTHER_SIGNATURE = (
    "8d2c8bbc37170dbacc5e280a21d4e195cff5f32a19fd6a58633fa4e4670478b5"
    "fb39bc13dd8f8c4372c5a76191198ac5"
)

ATTACKS: dict[str, tuple[Callable[[Steps], None], str]] = {
    "config edited": (other_config, "config"),
    "another list": (other_list, "list"),
    "statement signed by another": (signed_elsewhere, "step_signatures"),
    "a commitment left out": (drop("commit"), "order"),
    "dice after a reveal": (late_dice, "order"),
    "a stage left out": (drop("result", 1), "order"),
    "no dice": (drop("dice"), "order"),
    "commitment of another party": (replay_commitment, "commitments"),
    "shares not acknowledged": (no_share_acknowledged, "shares"),
    "too few dice": (few_dice, "dice"),
    "another secret": (other_secret, "reveals"),
    "a wrong share": (bad_share, "recoveries"),
    "another recovered secret": (other_recovered, "recoveries"),
    "a secret after the deadline": (late, "deadline"),
    "another round": (beacon_of(round=124), "beacon"),
    "other randomness": (beacon_of(randomness="ab" * 32), "beacon"),
    "another signature": (beacon_of(signature=OTHER_SIGNATURE), "beacon_signature"),
    "another seed": (swap_seed, "seed"),
    "a winner swapped": (swap_winner, "winners"),
    "a winner added": (add_winner, "winners"),
    "a winner dropped": (drop_winner, "winners"),
    "alternates in another order": (swap_alternates, "alternates"),
    "other entries audited": (audit_of(positions=[0, 1, 2]), "audit"),
    "findings left out": (audit_of(findings=[]), "audit"),
}


def test_attacks_of_the_portal_itself(tmp_path: Path, draw: Steps) -> None:
    documents = []
    for change, _ in ATTACKS.values():
        steps = copy.deepcopy(draw)
        change(steps)
        documents.append(transcript(chained(steps)))
    found = verdicts(tmp_path, transcript(draw), *documents)
    assert failed(found[0]) == []
    named = {name: failed(each)[:1] for name, each in zip(ATTACKS, found[1:], strict=True)}
    assert named == {name: [key] for name, (_, key) in ATTACKS.items()}
    for verdict in found[1:]:
        assert verdict["outcome"] == "refused"
        first = next(each for each in verdict["checks"] if each["outcome"] == "failed")
        assert first["detail"]
        assert first["zh"] != first["detail"]


IDENTITY = "01" + "00" * 31
ODD_RULES: list[Callable[[dict[str, Any]], Any]] = [
    lambda c: c.update(threshold=4),
    lambda c: c.update(threshold=9),
    lambda c: c.update(threshold="2"),
    lambda c: c.update(extra=1),
    lambda c: c.pop("organiser"),
    lambda c: c["title"].update(en=" ", zh=""),
    lambda c: c["title"].update(en="x" * 201),
    lambda c: c["title"].update(en="a\nb"),
    lambda c: c["schedule"].update(draw_at="2023-02-30T00:00:00.000000Z"),
    lambda c: c["schedule"].update(announced_at="2099-01-01T00:00:00.000000Z"),
    lambda c: c["columns"].append("编号"),
    lambda c: c["pools"][1].update(id="A"),
    lambda c: c["stages"][0].update(pools=["C"]),
    lambda c: c["stages"][0].update(winners="all"),
    lambda c: c["stages"][0].update(winners="none"),
    lambda c: c["parties"][3].update(key=c["parties"][2]["key"]),
    lambda c: c["parties"][3].update(role="notary"),
    lambda c: c["parties"][3].update(key=IDENTITY),
    lambda c: c["parties"][3].update(key="ff" * 32),
    lambda c: c["parties"][3].update(key="02" + "00" * 31),
    lambda c: c["parties"][3].update(box=IDENTITY),
    lambda c: c["parties"][3].update(box="ff" * 32),
    lambda c: c["parties"][3].update(id="Ü"),
    lambda c: c["randomness"].update(public=["drand", "dice"]),
    lambda c: c["randomness"].update(public=["dice"]),
    lambda c: c["randomness"]["drand"]["rounds"].reverse(),
    lambda c: c["randomness"]["drand"]["rounds"].pop(),
    lambda c: c["void_reasons"].append("equipment"),
    lambda c: c.update(rehearsal=0),
]
ODD_LISTS: list[Callable[[dict[str, Any]], Any]] = [
    lambda x: x.update(count=0),
    lambda x: x.update(count=21),
    lambda x: x.update(tickets=28),
    lambda x: x["pools"].reverse(),
    lambda x: x["pools"][1].update(start=8),
    lambda x: x["pools"][0].update(weights=[[1, 6], [3, 2]]),
    lambda x: x["pools"][0].update(weights=[[3, 2], [1, 5]]),
    lambda x: x["pools"][0].update(weights=[[1, 5], [4, 2]]),
    lambda x: x["columns"].update(public=[]),
    lambda x: x["duplicates"].update(found=1),
    lambda x: x["keys"].update(notary="44" * 32),
]


def test_rules_and_lists_that_no_draw_may_have(tmp_path: Path, draw: Steps) -> None:
    for changes, bend, key in ((ODD_RULES, resigned, "config"), (ODD_LISTS, relisted, "list")):
        documents = []
        for change in changes:
            steps = copy.deepcopy(draw[:2])
            bend(change)(steps)
            documents.append(transcript(chained(steps)))
        found = browser_verdicts(tmp_path, *documents)
        for data, theirs in zip(documents, found, strict=True):
            ours = verifier.verify(data)
            place = next(n for n, each in enumerate(ours.checks) if each.outcome == "failed")
            assert failed(theirs)[:1] == ours.failed()[:1]
            assert same_checks(theirs["checks"])[place] == vars(ours.checks[place])
            assert key in failed(theirs)
            assert alike(theirs, ours)


def test_records_that_are_not_chained(tmp_path: Path, draw: Steps) -> None:
    inserted, reordered, cut, edited = (copy.deepcopy(draw) for _ in range(4))
    inserted.insert(3, copy.deepcopy(inserted[3]))
    reordered[4], reordered[5] = reordered[5], reordered[4]
    edited[7]["at"] = edited[8]["at"]
    bent = [transcript(each) for each in (inserted, reordered, edited)]
    found = verdicts(tmp_path, *bent, transcript(cut[:-2]), transcript(cut[:-1]))
    assert [failed(each)[:1] for each in found] == [["chain"], ["chain"], ["chain"], ["final"], []]
    assert found[-1]["outcome"] == "undecided"
    forked = verdicts(tmp_path, transcript(draw), head="ab" * 32)
    assert failed(forked[0]) == ["chain"]


def test_attempts_stay_in_the_record(tmp_path: Path, twice: Steps) -> None:
    hidden, third, unsigned, other, results = (copy.deepcopy(twice) for _ in range(5))
    first = next(n for n, each in enumerate(hidden) if each["type"] == "void")
    hidden = hidden[:2] + hidden[first + 1 :]
    third = [*third, {**copy.deepcopy(third[2])}]
    find(unsigned, "void")["statements"].pop()
    restate(find(other, "void"), reason="organiser_request")
    find(results, "void")["body"]["results_sha256"] = None
    bent = [transcript(chained(each)) for each in (hidden, third, unsigned, other, results)]
    found = verdicts(tmp_path, transcript(twice), *bent)
    assert failed(found[0]) == []
    assert found[0]["outcome"] == "verified"
    assert "attempts" in failed(found[1])
    assert "attempts" in failed(found[2])
    assert [failed(each)[:1] for each in found[3:]] == [["form"], ["voids"], ["voids"]]


def test_a_commitment_of_the_attempt_before(tmp_path: Path, twice: Steps) -> None:
    steps = copy.deepcopy(twice)
    said = find(steps, "commit")["statements"][0]["statement"]
    restate(find(steps, "commit", 4), commitment=said["commitment"], points=said["points"])
    (found,) = verdicts(tmp_path, transcript(chained(steps)))
    assert failed(found)[0] == "commitments"


def test_another_beacon_chain_has_to_be_named(tmp_path: Path) -> None:
    from tests.lottery.js.ceremony import rules

    document = rules()["randomness"]
    document["drand"]["period"] = 30
    ceremony = Ceremony(document=rules(randomness=document))
    ceremony.begin()
    chain = {name: document["drand"][name] for name in document["drand"] if name != "rounds"}
    data = transcript(steps_of(ceremony))
    found = verdicts(tmp_path, data)[0], verdicts(tmp_path, data, chain=chain)[0]
    assert ["beacon" in failed(each) for each in found] == [True, False]


def test_leaves(tmp_path: Path, draw: Steps) -> None:
    """With the published leaves the list's root is computed again."""
    leaves = [hashlib.sha256(bytes([n])).digest() for n in range(20)]
    data = bytes.fromhex(run({"op": "whole"})[0])
    listed = json.loads(data)["steps"][1]["body"]["list"]
    right = b"".join(hashlib.sha256(f"leaf {n}".encode()).digest() for n in range(listed["count"]))
    swapped = right[32:64] + right[:32] + right[64:]
    outcomes = []
    for content in (right, swapped, right[:-32], b"".join(leaves)):
        path = tmp_path / "leaves.bin"
        path.write_bytes(content)
        (found,) = verdicts(tmp_path, data, leaves=str(path))
        outcomes.append(found["checks"][-1]["outcome"])
    assert outcomes == ["passed", "failed", "failed", "failed"]


def test_no_single_byte_may_change(tmp_path: Path, draw: Steps) -> None:
    """Changes of single bits all over the transcript; none of them verifies."""
    data = transcript(draw)
    places = [int.from_bytes(hashlib.sha256(bytes([n])).digest(), "big") for n in range(40)]
    documents = []
    for place in places:
        bent = bytearray(data)
        bent[place % len(bent)] ^= 1 << place % 7
        documents.append(bytes(bent))
    found = browser_verdicts(tmp_path, *documents)
    assert {each["outcome"] for each in found} == {"refused"}
    for data, theirs in zip(documents, found, strict=True):
        ours = [each.outcome for each in verifier.verify(data).checks]
        assert [each["outcome"] for each in theirs["checks"]] == ours


def test_what_is_not_a_transcript(tmp_path: Path, draw: Steps) -> None:
    odd = copy.deepcopy(draw)
    odd[3]["extra"] = 1
    bad = [b"", b"{}", b"\xff", b"[]", transcript(draw) + b"\n", transcript(odd), transcript([])]
    found = verdicts(tmp_path, *bad)
    assert [failed(each) for each in found] == [["form"]] * len(bad)
    assert found[5]["checks"][0]["detail"] == "steps[3]: 'extra' is unknown or missing"
