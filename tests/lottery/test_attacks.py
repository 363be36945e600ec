"""Everything that could be done to a record, and the check that names it.

Who bends the record here has the portal's key and, where it says so, the parties' help: what is
told by the hash chain or the portal's signature alone is left to :mod:`tests.lottery.test_fuzz`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lottery import verifier
from lottery.transcript import assemble
from tests.lottery.building import DICE, Draw, beacon, chain, draw, stage
from tests.lottery.forging import PRIVATE, Forgery, why

TWO_STAGES = [stage(winners=3, alternates=2), stage(winners=2, alternates=1)]


@cache
def plain() -> Draw:
    return draw()


@cache
def honest() -> Draw:
    return draw(stages=TWO_STAGES, sample=2)


@cache
def beaconed() -> Draw:
    return draw(public=("dice", "drand"))


@cache
def twice() -> Draw:
    """A draw whose first attempt was voided after its results were known."""
    return draw(voided="final")


@cache
def recovered() -> Draw:
    return draw(withheld=["organiser"], public_parties=1)


def test_what_was_not_bent_verifies() -> None:
    for made in (honest(), beaconed(), twice(), recovered()):
        assert Forgery(made).judge().outcome == "verified"


# ---- rules and list ------------------------------------------------------------------------------


def test_config_edited_after_the_commitments() -> None:
    forgery = Forgery(honest(), helpers={"portal"})
    forgery.config["stages"][0]["winners"] = 2
    forgery.rebind()
    forgery.redraw()
    report = forgery.judge()
    assert "config" in report.failed()
    assert why(report, "config") == "the organiser did not sign this config"


def test_config_edited_with_the_organisers_help() -> None:
    """The notary signed the list for other rules, and the parties committed under them."""
    forgery = Forgery(honest(), helpers={"portal", "organiser"})
    forgery.config["stages"][0]["winners"] = 2
    forgery.rebind()
    report = forgery.judge()
    assert "config" not in report.failed()
    assert {"list", "commitments"} <= set(report.failed())
    assert why(report, "list") == "notary signed another list"


CONFIGS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "two parties have the same key": lambda c: c["parties"][1].update(key=c["parties"][0]["key"]),
    "two parties have the same box": lambda c: c["parties"][1].update(box=c["parties"][0]["box"]),
    "a key of notary is the identity": lambda c: c["parties"][1].update(key="01" + "00" * 31),
    "a key of notary is not in the prime-order group": lambda c: c["parties"][1].update(
        key="c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"
    ),
    "a key of notary is of small order": lambda c: c["parties"][1].update(box="01" + "00" * 31),
    "not exactly one party is the notary": lambda c: c["parties"][1].update(role="public"),
    "the threshold is more than a party has holders": lambda c: c.update(threshold=3),
    "stage 1 names a pool twice, or one that there is not": lambda c: c["stages"][0].update(
        pools=["B"]
    ),
    "a public source is missing, or one too many": lambda c: c["randomness"].update(
        public=["dice", "drand"]
    ),
}


@pytest.mark.parametrize("sentence", CONFIGS)
def test_rules_that_no_draw_may_have(sentence: str) -> None:
    forgery = Forgery(honest())
    CONFIGS[sentence](forgery.config)
    forgery.rebind()
    report = forgery.judge()
    assert "config" in report.failed()
    assert why(report, "config") == sentence


LISTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "weights": lambda each: each["pools"][0].update(weights=[[0, 12]]),
    "over the bound": lambda each: each["pools"][0].update(weights=[[2, 12]]),
    "is empty": lambda each: each["pools"][0].update(start=12, weights=[[1, 1]]),
    "not those of its entries": lambda each: each["pools"][0].update(weights=[[1, 11]]),
    "do not make up the whole list": lambda each: each.update(count=13),
    "the sum of the weights": lambda each: each.update(tickets=13),
    "duplicates": lambda each: each["duplicates"].update(found=1),
    "places": lambda each: (
        each.update(count=4, tickets=4),
        each["pools"][0].update(end=4, weights=[[1, 4]]),
    ),
}


@pytest.mark.parametrize("part", LISTS)
def test_lists_that_the_rules_do_not_allow(part: str) -> None:
    forgery = Forgery(honest())
    LISTS[part](forgery.one("list")["body"]["list"])
    forgery.rebind()
    report = forgery.judge()
    assert "list" in report.failed()
    assert part in why(report, "list")


def test_pools_and_weights_changed_by_the_portal_alone() -> None:
    """Neither root nor count changes, so that draw_hash stays the same."""
    made = draw(pools={"A": [(1, 6), (5, 6)]})
    forgery = Forgery(made, helpers={"portal"})
    listing = forgery.one("list")["body"]["list"]
    listing["pools"][0]["weights"] = [[1, 5], [5, 7]]
    listing["tickets"] = 40
    forgery.redraw()
    report = forgery.judge()
    assert report.failed() == ["list"]
    assert why(report, "list") == "organiser signed another list"


def test_edited_inserted_removed_and_reordered_entries(tmp_path: Path) -> None:
    leaves = honest().plan.leaves()
    other = hashlib.sha256(b"somebody else").digest()
    path = tmp_path / "leaves.bin"
    for found, right in (
        (leaves, "passed"),
        ([other, *leaves[1:]], "failed"),
        ([*leaves, other], "failed"),
        (leaves[:-1], "failed"),
        ([leaves[1], leaves[0], *leaves[2:]], "failed"),
    ):
        path.write_bytes(b"".join(found))
        report = verifier.verify(honest().transcript(), path)
        assert report.checks[21].outcome == right
        assert report.failed() == ([] if right == "passed" else ["leaves"])


def test_leaves_that_fit_their_digest_but_not_the_root(tmp_path: Path) -> None:
    forgery = Forgery(honest())
    leaves = b"".join(reversed(honest().plan.leaves()))
    digest = hashlib.sha256(leaves).hexdigest()
    forgery.one("list")["body"]["list"]["leaves_sha256"] = digest
    forgery.rebind()
    path = tmp_path / "leaves.bin"
    path.write_bytes(leaves)
    report = forgery.judge(leaves=path)
    assert report.failed() == ["leaves"]
    assert why(report, "leaves") == "the leaves do not make the list's root"


# ---- secrets -------------------------------------------------------------------------------------


def test_a_commitment_replayed_from_the_attempt_before() -> None:
    """Its secret is known to everybody; the party itself helps."""
    forgery = Forgery(twice())
    old, new = forgery.said("commit", 0), forgery.said("commit", 3)
    new.update(commitment=old["commitment"], points=old["points"])
    report = forgery.judge()
    assert "commitments" in report.failed()
    assert "repeats what was committed before" in why(report, "commitments")


def test_a_commitment_that_is_another_partys_point() -> None:
    """The portal refuses it for the same reason, else one party could spoil a finished draw."""
    forgery = Forgery(honest())
    forgery.said("commit", 1)["commitment"] = forgery.said("commit", 0)["points"][0]
    report = forgery.judge()
    assert "repeats what was committed before" in why(report, "commitments")


def test_a_commitment_of_another_attempt_without_the_partys_help() -> None:
    forgery = Forgery(twice(), helpers={"portal"})
    forgery.one("commit", 3)["statements"] = forgery.one("commit", 0)["statements"]
    report = forgery.judge()
    assert "step_signatures" in report.failed()
    assert "another draw or attempt" in why(report, "step_signatures")


def test_a_commitment_replayed_from_another_draw() -> None:
    other = Draw(draw="11111111-2222-3333-4444-555555555555").freeze().prepare()
    forgery = Forgery(honest(), helpers={"portal"})
    signed = json.loads(other.steps[2])["statements"]
    forgery.one("commit")["statements"] = signed
    assert "step_signatures" in forgery.failed()
    forgery = Forgery(honest())
    words = forgery.said("commit")
    words["commitment"] = signed[0]["statement"]["commitment"]
    words["points"] = signed[0]["statement"]["points"]
    assert forgery.failed() == ["reveals"]


def test_a_commitment_made_for_other_rules_of_the_same_draw() -> None:
    forgery = Forgery(honest())
    forgery.said("commit")["draw_hash"] = "ab" * 32
    assert forgery.failed() == ["commitments"]


@pytest.mark.parametrize(
    "point",
    [
        "01" + "00" * 31,  # the identity
        "ec" + "ff" * 30 + "7f",  # of order 2
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",  # of order 8
        "ee" + "ff" * 30 + "7f",  # the identity, not canonical
        "02" + "00" * 31,  # not on the curve
    ],
)
def test_points_that_bind_to_nothing(point: str) -> None:
    forgery = Forgery(honest())
    forgery.said("commit")["points"][1] = point
    report = forgery.judge()
    assert report.failed() == ["commitments"]
    assert "a point of organiser in step 2 (commit)" in why(report, "commitments")


def test_a_withheld_secret_is_recovered_to_the_same_seed() -> None:
    open_draw = draw(public_parties=1)
    assert recovered().record.seed == open_draw.record.seed
    assert recovered().record.current.recovered == {"organiser"}


def test_another_secret_than_the_one_committed_to() -> None:
    forgery = Forgery(honest())
    forgery.said("reveal", 1)["secret"] = "00" * 31 + "07"
    forgery.redraw()
    forgery.one("audit")["body"]["positions"] = []
    report = forgery.judge()
    assert report.failed()[0] == "reveals"
    assert "notary" in why(report, "reveals")


def test_a_secret_that_fits_the_hash_but_not_the_shares() -> None:
    """Revealed, it would differ from what the others recover."""
    forgery = Forgery(plain())
    words, secret = forgery.said("reveal"), (7).to_bytes(32, "big")
    bound = bytes.fromhex(words["draw_hash"]) + (1).to_bytes(4, "big")
    data = b"lottery/commit/v1\n" + bound + hashlib.sha256(b"organiser").digest() + secret
    forgery.said("commit")["commitment"] = hashlib.sha256(data).hexdigest()
    words["secret"] = secret.hex()
    forgery.redraw()
    report = forgery.judge()
    assert report.failed() == ["reveals"]
    assert "dealt in shares" in why(report, "reveals")


def test_a_lie_in_the_hash_gains_nothing() -> None:
    """The value dealt in shares counts, and the liar is named."""
    forgery = Forgery(recovered())
    forgery.said("commit")["commitment"] = "ab" * 32
    report = forgery.judge()
    assert report.outcome == "verified"
    assert why(report, "recoveries").startswith("organiser committed to another value")


def test_a_bad_share_in_a_recovery() -> None:
    forgery = Forgery(recovered())
    words = forgery.one("recover")["statements"][0]["statement"]
    words["share"] = f"{int(words['share'], 16) ^ 1:064x}"
    report = forgery.judge()
    assert report.failed() == ["recoveries"]
    assert "the share of notary" in why(report, "recoveries")


def test_a_recovery_to_another_secret() -> None:
    forgery = Forgery(recovered())
    forgery.one("recover")["body"]["secret"] = "00" * 31 + "07"
    forgery.redraw()
    assert forgery.failed() == ["recoveries"]


def test_a_recovery_by_too_few() -> None:
    forgery = Forgery(draw(withheld=["organiser"], public_parties=2, threshold=3))
    del forgery.one("recover")["statements"][2:]
    assert forgery.failed() == ["recoveries"]


def test_one_holder_counted_twice() -> None:
    forgery = Forgery(recovered())
    signed = forgery.one("recover")["statements"]
    signed[1] = signed[0]
    assert forgery.failed() == ["recoveries"]


def test_shares_that_were_not_dealt_to_everybody() -> None:
    forgery = Forgery(honest())
    dealt = forgery.said("shares")["shares"]
    dealt[1] = dealt[0]
    assert forgery.failed() == ["shares"]


def test_a_draw_opened_before_all_shares_were_acknowledged() -> None:
    forgery = Forgery(honest())
    steps = forgery.steps
    place = steps.index(forgery.one("open"))
    steps[place - 1], steps[place] = steps[place], steps[place - 1]
    for step, other in zip(steps[place - 1 : place + 1], steps[place::-1], strict=False):
        step["at"] = max(step["at"], other["at"]) if step is steps[place] else other["at"]
    report = forgery.judge()
    assert {"order", "shares"} <= set(report.failed())
    assert "portal did not acknowledge" in why(report, "shares")


# ---- public randomness ---------------------------------------------------------------------------


@pytest.mark.parametrize("digits", ["1" * 49, "0" + DICE, DICE[:-1] + "7", "１" * 50])
def test_dice_that_are_none(digits: str) -> None:
    forgery = Forgery(plain())
    forgery.said("dice")["dice"] = digits
    if digits.isascii():
        forgery.redraw()
    assert "dice" in forgery.failed()


def test_dice_by_somebody_else_than_the_notary() -> None:
    forgery = Forgery(plain())
    forgery.one("dice")["statements"][0]["party"] = "organiser"
    forgery.said("dice")["party"] = "organiser"
    assert forgery.failed() == ["dice"]


def test_dice_rolled_after_a_secret_was_known() -> None:
    forgery = Forgery(plain())
    place = forgery.steps.index(forgery.one("dice"))
    dice, reveal = forgery.steps[place : place + 2]
    dice["at"], reveal["at"] = reveal["at"], dice["at"]
    forgery.steps[place : place + 2] = [reveal, dice]
    report = forgery.judge()
    assert set(report.failed()) == {"order", "dice"}
    assert "comes before the dice" in why(report, "dice")


def test_a_beacon_of_another_round() -> None:
    forgery = Forgery(beaconed())
    forgery.one("beacon")["body"].update(round=7199, signature=beacon(7199).signature)
    forgery.redraw()
    report = forgery.judge()
    assert report.failed() == ["beacon"]
    assert "of round 7199 instead of 7200" in why(report, "beacon")


@pytest.mark.parametrize("which", ["key", "dst", "noise", "infinity"])
def test_a_signature_that_is_not_the_chains(which: str) -> None:
    forgery = Forgery(beaconed())
    signature = {
        "key": lambda: beacon(7200, key=7).signature,
        "dst": lambda: beacon(7200, dst=b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_").signature,
        "noise": lambda: "8f" + "5a" * 47,
        "infinity": lambda: "c0" + "00" * 47,
    }[which]()
    forgery.one("beacon")["body"]["signature"] = signature
    forgery.redraw()
    assert forgery.failed() == ["beacon_signature"]


def test_a_chain_of_somebodys_own() -> None:
    """Internally all is well; but the verifier knows the chain that counts."""
    report = verifier.verify(beaconed().transcript())
    assert report.failed() == ["beacon"]
    assert why(report, "beacon").startswith("the config's beacon is not the pinned chain")
    assert verifier.verify(beaconed().transcript(), chain=PRIVATE).outcome == "verified"


def test_randomness_that_is_not_the_signatures() -> None:
    forgery = Forgery(beaconed())
    forgery.one("beacon")["body"]["randomness"] = "ab" * 32
    assert forgery.failed() == ["beacon"]


def test_a_secret_revealed_too_late() -> None:
    forgery = Forgery(beaconed())
    late = chain().deadline(7200).strftime("%Y-%m-%dT%H:%M:%S.000001Z")
    forgery.one("reveal", 2)["at"] = late
    report = forgery.judge()
    assert report.failed() == ["deadline"]
    assert "the secret of portal" in why(report, "deadline")
    forgery.one("reveal", 2)["at"] = late.replace(".000001Z", ".000000Z")
    assert forgery.judge().outcome == "verified"


def test_a_beacon_before_its_time() -> None:
    forgery = Forgery(beaconed())
    forgery.one("beacon")["at"] = forgery.one("reveal", 2)["at"]
    report = forgery.judge()
    assert report.failed() == ["beacon"]
    assert "earlier than its round appeared" in why(report, "beacon")


def test_a_swapped_seed() -> None:
    forgery = Forgery(plain())
    forgery.one("seed")["body"]["seed"] = "ab" * 32
    forgery.results_of(bytes.fromhex("ab" * 32))
    assert forgery.failed() == ["seed"]


def test_a_final_that_names_another_seed() -> None:
    forgery = Forgery(plain())
    forgery.one("final")["body"]["seed"] = "ab" * 32
    assert forgery.failed() == ["final"]


# ---- results -------------------------------------------------------------------------------------


def _dropped(body: dict[str, Any]) -> None:
    body["winners"].pop(1)
    body["winner_count"] -= 1
    body["unfilled"] += 1


def _added(body: dict[str, Any]) -> None:
    spare = next(i for i in range(12) if i not in body["winners"] + body["alternates"])
    body["winners"].append(spare)
    body["winner_count"] += 1
    body["places"] += 1


def _swapped(body: dict[str, Any]) -> None:
    winners, alternates = body["winners"], body["alternates"]
    winners[0], alternates[0] = alternates[0], winners[0]


def _reordered(body: dict[str, Any]) -> None:
    body["winners"].reverse()


@pytest.mark.parametrize("bend", [_dropped, _added, _swapped, _reordered])
def test_winners_bent(bend: Callable[[dict[str, Any]], None]) -> None:
    forgery = Forgery(plain())
    bend(forgery.one("result")["body"])
    forgery.finalise()
    report = forgery.judge()
    assert report.failed()[0] == "winners"
    assert "stage 1" in why(report, "winners")


def test_winners_not_listed() -> None:
    forgery = Forgery(plain())
    forgery.one("result")["body"]["winners"] = None
    assert forgery.failed() == ["winners"]


def test_an_altered_alternate() -> None:
    forgery = Forgery(plain())
    forgery.one("result")["body"]["alternates"].reverse()
    forgery.finalise()
    report = forgery.judge()
    assert report.failed() == ["alternates"]
    assert why(report, "alternates").startswith("alternate 1 of stage 1 is not who was drawn")


def test_places_that_the_rules_do_not_give() -> None:
    forgery = Forgery(plain())
    forgery.one("result")["body"]["unfilled"] = 1
    assert forgery.failed() == ["winners"]


def test_an_earlier_winner_in_a_later_stage() -> None:
    forgery = Forgery(draw(stages=TWO_STAGES))
    first = forgery.one("result")["body"]["winners"][0]
    forgery.one("result", 1)["body"]["winners"][0] = first
    forgery.finalise()
    report = forgery.judge()
    assert report.failed()[0] == "winners"
    assert "winner 1 of stage 2" in why(report, "winners")


def test_a_sum_of_other_results() -> None:
    forgery = Forgery(plain())
    forgery.one("final")["body"]["results_sha256"] = "ab" * 32
    assert forgery.failed() == ["final"]


# ---- the record as a whole -----------------------------------------------------------------------


@pytest.mark.parametrize("last", ["seed", "result", "reveal"])
def test_a_truncated_record(last: str) -> None:
    steps = list(plain().steps)
    while json.loads(steps[-1])["type"] != last:
        steps.pop()
    report = verifier.verify(assemble(steps))
    assert report.failed() == ["final"]
    assert "the record breaks off after step" in why(report, "final")


def test_a_record_whose_end_was_cut_off_where_it_could_have_ended() -> None:
    """A void after the final is not missed by anything but the head that the letter names."""
    made = twice()
    kept = [json.loads(each)["type"] for each in made.steps].index("void")
    head = hashlib.sha256(made.steps[-1]).hexdigest()
    cut = assemble(made.steps[:kept])
    assert verifier.verify(cut).outcome == "verified"
    assert verifier.verify(cut, head=head).failed() == ["chain"]
    assert verifier.verify(made.transcript(), head=head).outcome == "verified"


def test_a_forked_record() -> None:
    """Two draws with the same beginning, of which one goes on in the other."""
    made = plain()
    fork = list(made.steps)
    other = Draw().freeze().prepare()
    other.reveal(withheld=["portal"])
    fork[len(other.steps) - 1 :] = [*other.steps[-1:], *made.steps[len(other.steps) - 1 :]]
    report = verifier.verify(assemble(fork))
    assert "chain" in report.failed()


@pytest.mark.parametrize("kind", ["commit", "open", "dice", "reveal", "seed", "result"])
def test_a_step_left_out(kind: str) -> None:
    forgery = Forgery(plain())
    forgery.steps.remove(forgery.one(kind))
    report = forgery.judge()
    assert "order" in report.failed()
    assert "step" in why(report, "order")


def test_a_step_made_twice() -> None:
    forgery = Forgery(plain())
    forgery.steps.insert(3, json.loads(json.dumps(forgery.steps[2])))
    assert {"order"} <= set(forgery.failed())


def test_time_that_goes_back() -> None:
    forgery = Forgery(plain())
    forgery.one("seed")["at"] = forgery.steps[0]["at"]
    assert forgery.failed() == ["chain"]


def test_a_step_of_another_draw() -> None:
    forgery = Forgery(plain())
    forgery.one("seed")["draw"] = "11111111-2222-3333-4444-555555555555"
    assert forgery.failed() == ["chain"]


def test_a_statement_by_nobody() -> None:
    forgery = Forgery(plain())
    forgery.one("open")["statements"][0]["party"] = "stranger"
    assert "step_signatures" in forgery.failed()


def test_signatures_of_others_on_ones_statement() -> None:
    forgery = Forgery(plain(), helpers={"portal"})
    signed = forgery.one("open")["statements"][0]
    signed["signature"] = forgery.parties["organiser"].signer.sign(b"whatever").hex()
    assert forgery.failed() == ["step_signatures"]


# ---- voids and attempts --------------------------------------------------------------------------


def test_a_hidden_attempt() -> None:
    forgery = Forgery(twice())
    forgery.steps = [each for each in forgery.steps if each["attempt"] != 1]
    report = forgery.judge()
    assert report.failed() == ["attempts"]
    assert "says attempt 2 where 1 is due" in why(report, "attempts")


def test_a_hidden_attempt_called_the_first() -> None:
    """The secrets and commitments were made for the second, whatever it is called."""
    forgery = Forgery(twice())
    forgery.steps = [each for each in forgery.steps if each["attempt"] != 1]
    for step in forgery.steps:
        step["attempt"] = min(step["attempt"], 1)
        for each in step["statements"]:
            each["statement"]["attempt"] = step["attempt"]
    assert "reveals" in forgery.failed()


def test_an_attempt_more_than_the_rules_allow() -> None:
    forgery = Forgery(twice())
    forgery.config["attempts"] = 1
    forgery.rebind()
    report = forgery.judge()
    assert "attempts" in report.failed()
    assert "is of attempt 2" in why(report, "attempts") or "over" in why(report, "attempts")


def test_a_third_attempt() -> None:
    made = Draw(attempts=2).freeze().void().void()
    assert made.record.phase == "void"
    third = json.loads(made.steps[2])
    forgery = Forgery(made)
    third_steps = [json.loads(each) for each in Draw().freeze().prepare().steps[2:]]
    for each in third_steps:
        each["attempt"] = 2
        each["statements"][0]["statement"]["attempt"] = 2
        each["at"] = max(each["at"], third["at"])
    forgery.steps += third_steps
    report = forgery.judge()
    assert "attempts" in report.failed()
    assert "comes after the draw was over" in why(report, "attempts")


def test_an_attempt_after_the_draw_was_cancelled() -> None:
    made = Draw().freeze().void("organiser_request")
    assert verifier.verify(made.transcript()).outcome == "verified"
    forgery = Forgery(made)
    forgery.steps += [json.loads(each) for each in twice().steps[-15:]]
    assert "attempts" in forgery.failed()


def test_a_void_without_signatures() -> None:
    forgery = Forgery(twice())
    forgery.one("void")["statements"] = []
    report = forgery.judge()
    assert report.failed() == ["form"]
    assert "statements" in why(report, "form")


def test_a_void_signed_by_one_alone() -> None:
    forgery = Forgery(twice())
    signed = forgery.one("void")["statements"]
    signed[1] = signed[0]
    assert forgery.failed() == ["voids"]


def test_a_void_without_the_notary() -> None:
    forgery = Forgery(twice())
    for each in forgery.one("void")["statements"]:
        if each["party"] == "notary":
            each["party"] = each["statement"]["party"] = "portal"
    report = forgery.judge()
    assert report.failed() == ["voids"]
    assert "the notary and another party" in why(report, "voids")


def test_a_void_with_a_forged_signature() -> None:
    forgery = Forgery(twice(), helpers={"portal", "organiser"})
    forgery.one("void")["body"]["note"] = "another"
    for each in forgery.one("void")["statements"]:
        each["statement"]["note"] = "another"
    report = forgery.judge()
    assert report.failed() == ["step_signatures"]
    assert "notary" in why(report, "step_signatures")


@pytest.mark.parametrize(
    "change",
    [{"reason": "force_majeure"}, {"note": "other"}, {"results_sha256": None}, {"head": "ff" * 32}],
)
def test_a_void_that_says_other_than_was_signed(change: dict[str, Any]) -> None:
    forgery = Forgery(twice())
    forgery.one("void")["body"].update(change)
    assert forgery.failed() == ["voids"]


def test_an_old_signature_under_a_void() -> None:
    """What the notary signed before the result was known does not void the result."""
    early = Draw().freeze()
    kept = early.parties["notary"].void(early.record, "equipment", "a note", early.now)
    forgery = Forgery(twice(), helpers={"portal", "organiser"})
    void = forgery.one("void")
    void["statements"] = [
        kept.document() if each["party"] == "notary" else each for each in void["statements"]
    ]
    report = forgery.judge()
    assert report.failed() == ["voids"]
    assert why(report, "voids").startswith("notary signed another void")


# ---- audit ---------------------------------------------------------------------------------------


def test_a_sample_that_somebody_chose() -> None:
    forgery = Forgery(honest())
    body = forgery.one("audit")["body"]
    body["positions"].reverse()
    assert forgery.failed() == ["audit"]


def test_findings_other_than_the_notarys() -> None:
    forgery = Forgery(honest())
    forgery.one("audit")["body"]["findings"][0]["finding"] = "ghost"
    report = forgery.judge()
    assert report.failed() == ["audit"]
    assert "other findings" in why(report, "audit")


def test_an_audit_that_is_still_to_come() -> None:
    made = honest()
    report = verifier.verify(assemble(made.steps[:-1]))
    assert (report.outcome, report.checks[20].outcome) == ("undecided", "undecided")


def test_a_void_after_the_audit() -> None:
    forgery = Forgery(honest())
    void = json.loads(twice().steps[[json.loads(s)["type"] for s in twice().steps].index("void")])
    void["at"] = forgery.steps[-1]["at"]
    forgery.steps.append(void)
    assert "order" in forgery.failed()


def test_rehearsals_are_announced() -> None:
    report = verifier.verify(draw(rehearsal=True).transcript())
    assert report.rehearsal
    assert next(verifier.printed(report)).startswith("REHEARSAL")
