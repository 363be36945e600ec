"""What may come next in a record, and what is refused at the door and in the record."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from lottery.config import Config
from lottery.errors import BadBeacon, BadRecord, BadShare, BadStatement
from lottery.randomness.drand import Beacon
from lottery.record import Expected, Record
from lottery.statements import Signed, sign
from lottery.steps import seal_step
from tests.lottery.building import (
    DICE,
    START,
    Draw,
    beacon,
    chain,
    draw,
    stage,
)


def code(made: Draw, signed: Signed) -> str:
    """Why the record refuses a statement now."""
    with pytest.raises(BadStatement) as caught:
        made.record.check(signed.statement, signed.signature)
    return caught.value.code


def again(made: Draw, signed: Signed, **changes: Any) -> Signed:
    """The same statement with other fields, signed by its party."""
    return sign({**signed.statement, **changes}, made.parties[signed.party].signer)


def test_who_has_to_do_what_all_the_way() -> None:
    made = Draw(sample=2)
    seen = [made.record.phase]
    assert made.record.expected() == (Expected("organiser", "config"),)
    made.freeze()
    seen.append(made.record.phase)
    for kind in ("commit", "shares", "acknowledge"):
        assert made.record.expected() == tuple(
            Expected(each, kind) for each in ("organiser", "notary", "portal")
        )
        made.everybody(kind)
        seen.append(made.record.phase)
    notary = made.parties["notary"]
    made.hand_in(notary.open(made.record, ["Wang"], made.now))
    assert made.record.expected() == (Expected("notary", "dice"),)
    made.hand_in(notary.dice(made.record, DICE, made.now))
    made.hand_in(made.parties["portal"].reveal(made.record, made.now))
    assert [each.party for each in made.record.expected()] == ["organiser", "notary"]
    made.everybody("reveal", but=["portal"])
    seen.append(made.record.phase)
    made.finish()
    assert made.record.expected() == (Expected("notary", "audit"),)
    made.audit()
    assert (made.record.phase, made.record.expected(), made.record.over) == ("audited", (), True)
    assert seen == ["config", "commit", "shares", "acknowledge", "ready", "draw"]


def test_replayed_from_its_steps_it_is_the_same() -> None:
    made = draw(withheld=["notary"], public_parties=1, voided="reveal")
    again = Record.of(made.steps)
    assert (again.head, again.n, again.phase) == (made.record.head, len(made.steps), "final")
    assert again.seed == made.record.seed
    assert again.current == made.record.current


def test_a_crash_at_any_step_gives_the_same_results() -> None:
    made = draw()
    for cut in range(2, len(made.steps)):
        resumed = Draw()
        resumed.steps, resumed.record = list(made.steps[:cut]), Record.of(made.steps[:cut])
        resumed.pending, resumed.now = made.pending, made.now
        resumed.advance()
        resumed.finish()
        assert resumed.record.seed == made.record.seed
        assert resumed.record.results_sha256 == made.record.results_sha256


def test_statements_of_other_draws_attempts_and_parties() -> None:
    made = Draw().freeze()
    good = made.parties["notary"].commit(made.record, made.now)
    assert code(made, again(made, good, draw="11111111-2222-3333-4444-555555555555")) == "draw"
    assert code(made, again(made, good, attempt=2)) == "attempt"
    assert code(made, again(made, good, draw_hash="ab" * 32)) == "draw"
    assert code(made, Signed({**good.statement, "party": "stranger"}, good.signature)) == "party"
    assert code(made, Signed({**good.statement, "party": "portal"}, good.signature)) == "signature"
    assert code(made, again(made, good, more=1)) == "form"
    assert code(made, again(made, good, commitment="AB" * 32)) == "form"


def test_statements_out_of_turn_or_twice() -> None:
    made = Draw().freeze()
    commit = made.parties["notary"].commit(made.record, made.now)
    made.hand_in(commit)
    assert code(made, commit) == "repeated"
    assert code(made, again(made, commit, commitment="ab" * 32)) == "repeated"
    shares = made.parties["notary"].shares(made.record, made.now)
    assert code(made, shares) == "phase"
    opening = made.parties["notary"].open(made.record, ["Wang"], made.now)
    assert code(made, opening) == "phase"
    made.everybody("commit", but=["notary"])
    made.everybody("shares")
    made.everybody("acknowledge")
    by_other = made.parties["organiser"].open(made.record, ["Wang"], made.now)
    assert code(made, by_other) == "phase"


def test_commitments_that_are_refused() -> None:
    made = Draw().freeze()
    first = made.parties["organiser"].commit(made.record, made.now)
    made.hand_in(first)
    own = made.parties["notary"].commit(made.record, made.now)
    points = own.statement["points"]
    for changes in (
        {"points": [*points, points[0]]},
        {"points": ["01" + "00" * 31, points[1]]},
        {"points": [first.statement["points"][0], points[1]]},
        {"commitment": first.statement["commitment"]},
    ):
        assert code(made, again(made, own, **changes)) == "content"


def test_a_commitment_is_nobodys_point_and_a_point_nobodys_commitment() -> None:
    """Verifiers keep one set of both: what they refuse must not get on the record."""
    made = Draw().freeze()
    notary = made.parties["notary"].commit(made.record, made.now)
    first = made.parties["organiser"].commit(made.record, made.now)
    made.hand_in(again(made, first, commitment=notary.statement["points"][0]))
    copied = again(made, notary, commitment=first.statement["points"][0])
    own = made.parties["portal"].commit(made.record, made.now)
    for said in (notary, again(made, own, commitment=first.statement["points"][0]), copied):
        with pytest.raises(BadStatement, match="has been made before"):
            made.record.check(said.statement, said.signature)
    made.hand_in(own)


def test_a_replayed_commitment_of_the_attempt_before() -> None:
    made = Draw().freeze()
    commit = made.parties["organiser"].commit(made.record, made.now)
    made.hand_in(commit)
    made.void()
    assert made.record.attempt == 2
    assert code(made, commit) == "attempt"
    assert code(made, again(made, commit, attempt=2)) == "content"


def test_shares_and_acknowledgements_have_to_name_everybody() -> None:
    made = Draw().freeze()
    made.everybody("commit")
    dealt = made.parties["notary"].shares(made.record, made.now)
    one, two = dealt.statement["shares"]
    assert code(made, again(made, dealt, shares=[two, one])) == "content"
    assert code(made, again(made, dealt, shares=[one, one])) == "content"
    weak = {**one, "ephemeral": "00" * 32}
    assert code(made, again(made, dealt, shares=[weak, two])) == "content"
    made.everybody("shares")
    said = made.parties["notary"].acknowledge(made.record, made.now)
    assert code(made, again(made, said, dealers=["organiser", "organiser"])) == "content"


def test_bad_shares_are_not_acknowledged() -> None:
    made = Draw(void_reasons=("bad_shares",)).freeze()
    made.everybody("commit")
    dealt = made.parties["organiser"].shares(made.record, made.now)
    sealed = [{**each, "sealed": "00" * 48} for each in dealt.statement["shares"]]
    made.hand_in(again(made, dealt, shares=sealed))
    made.everybody("shares", but=["organiser"])
    with pytest.raises(BadShare, match="organiser") as caught:
        made.parties["notary"].acknowledge(made.record, made.now)
    assert caught.value.dealers == ("organiser",)
    made.void("bad_shares")
    assert (made.record.phase, made.record.attempt) == ("commit", 2)


def test_dice_as_the_rules_want_them() -> None:
    made = Draw().freeze()
    for kind in ("commit", "shares", "acknowledge"):
        made.everybody(kind)
    notary = made.parties["notary"]
    made.hand_in(notary.open(made.record, ["Wang"], made.now))
    assert code(made, notary.dice(made.record, DICE[:-1], made.now)) == "content"
    assert code(made, notary.dice(made.record, DICE[:-1] + "7", made.now)) == "form"
    assert code(made, made.parties["portal"].reveal(made.record, made.now)) == "phase"
    made.hand_in(notary.dice(made.record, DICE, made.now))
    assert made.record.phase == "reveal"


def test_wrong_secrets_and_shares() -> None:
    made = Draw(public_parties=1).freeze().prepare()
    revealed = made.parties["portal"].reveal(made.record, made.now)
    for secret in ("00" * 32, "ff" * 32, "00" * 31 + "07"):
        assert code(made, again(made, revealed, secret=secret)) == "content"
    share = made.parties["notary"].share(made.record, "portal", made.now)
    assert code(made, again(made, share, share="00" * 31 + "07")) == "content"
    assert code(made, again(made, share, dealer="notary")) == "content"
    assert code(made, again(made, share, dealer="nobody")) == "content"
    made.hand_in(revealed)
    assert code(made, share) == "repeated"


def test_a_reveal_is_preferred_to_a_recovery() -> None:
    made = Draw(public_parties=1).freeze().prepare()
    shares = [
        made.parties[each].share(made.record, "portal", made.now)
        for each in ("organiser", "notary")
    ]
    revealed = made.parties["portal"].reveal(made.record, made.now)
    draft = made.record.next([*shares, revealed], made.now)
    assert draft is not None
    assert draft.type == "reveal"
    draft = made.record.next(shares, made.now)
    assert draft is not None
    assert (draft.type, draft.body["secret"]) == ("recover", revealed.statement["secret"])
    assert made.record.next(shares[:1], made.now) is None


def test_no_secret_after_the_deadline() -> None:
    made = Draw(public=("drand",)).freeze().prepare()
    deadline = chain().deadline(7200)
    assert made.record.deadline == deadline
    revealed = made.parties["portal"].reveal(made.record, made.now)
    assert made.record.next([revealed], deadline + timedelta(microseconds=1)) is None
    draft = made.record.next([revealed], deadline)
    assert draft is not None
    late = seal_step(draft, made.record, made.parties["portal"].signer, deadline)
    assert made.record.then(late).at == deadline.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    later = deadline + timedelta(seconds=1)
    with pytest.raises(BadRecord, match="later than 60 s"):
        made.record.then(seal_step(draft, made.record, made.parties["portal"].signer, later))
    made.void("late_reveal")
    assert made.record.beacon_round == 14400


def test_the_beacon_of_the_round_alone_and_in_its_time() -> None:
    made = Draw(public=("drand",)).freeze().prepare().reveal()
    due = chain().at(7200)
    assert made.record.beacon_at == due
    assert made.record.next([], due - timedelta(seconds=1), beacon=beacon(7200)) is None
    assert made.record.next([], due, beacon=Beacon(7199, beacon(7200).signature)) is None
    with pytest.raises(BadBeacon):
        made.record.next([], due, beacon=Beacon(7200, "c0" + "00" * 47))


def test_voids_need_the_notary_and_another_who_agree() -> None:
    made = Draw(public_parties=1).freeze()
    notary, organiser = made.parties["notary"], made.parties["organiser"]
    own = notary.void(made.record, "equipment", "broken", made.now)
    other = organiser.void(made.record, "equipment", "other words", made.now)
    public = made.parties["public-1"].void(made.record, "equipment", "broken", made.now)
    same = organiser.void(made.record, "equipment", "broken", made.now)
    assert made.record.next([own, own], made.now) is None
    assert made.record.next([own, other], made.now) is None
    assert made.record.next([public, same], made.now) is None
    draft = made.record.next([public, own], made.now)
    assert draft is not None
    assert draft.type == "void"
    assert code(made, notary.void(made.record, "list_error", "", made.now)) == "content"


def test_an_early_void_is_worth_nothing_later() -> None:
    """Else it could be kept back until the result is known and does not please."""
    made = Draw().freeze()
    early = made.parties["notary"].void(made.record, "equipment", "a note", made.now)
    made.record.check(early.statement, early.signature)
    made.hand_in(made.parties["notary"].commit(made.record, made.now))
    assert code(made, early) == "content"


def test_a_void_embeds_what_it_voids_and_attempts_run_out() -> None:
    made = Draw().freeze().prepare().reveal().finish()
    results = made.record.results_sha256
    assert results is not None
    made.void()
    assert made.record.steps[-1].body["results_sha256"] == results
    assert (made.record.phase, made.record.attempt, made.record.seed) == ("commit", 2, None)
    made.void()
    assert (made.record.phase, made.record.voidable) == ("void", False)
    again = made.parties["notary"].void(made.record, "equipment", "", made.now)
    assert code(made, again) == "phase"


def test_a_cancelled_draw_has_no_second_attempt() -> None:
    made = Draw().freeze().void("organiser_request")
    assert (made.record.phase, made.record.expected()) == ("cancelled", ())


def test_the_list_that_was_signed_and_no_other() -> None:
    made = Draw()
    made.hand_in(made.parties["organiser"].config(made.record, made.now))
    listing = made.plan.listing()
    signed = [
        made.parties[each].list(made.record, listing, made.now) for each in ("organiser", "notary")
    ]
    assert made.record.next(signed, made.now) is None
    assert made.record.next(signed, made.now, list_body={**listing, "file_bytes": 1}) is None
    assert made.record.next(signed[:1], made.now, list_body=listing) is None
    draft = made.record.next(signed[::-1], made.now, list_body=listing)
    assert draft is not None
    assert [each.party for each in draft.statements] == ["organiser", "notary"]


def test_findings_that_are_not_what_was_signed() -> None:
    made = draw(sample=2, stages=[stage()])
    steps = made.steps[:-1]
    record = Record.of(steps)
    findings = [
        {"position": each, "finding": "genuine", "note": ""} for each in record.audit_positions()
    ]
    signed = made.parties["notary"].audit(record, findings, made.now)
    bent = [{**findings[0], "finding": "ghost"}, findings[1]]
    assert record.next([signed], made.now, findings=bent) is None
    assert record.next([signed], made.now) is None
    draft = record.next([signed], made.now, findings=findings)
    assert draft is not None
    assert draft.type == "audit"


def test_time_does_not_go_back() -> None:
    made = Draw().freeze()
    signed = made.parties["notary"].commit(made.record, made.now)
    draft = made.record.next([signed], made.now)
    assert draft is not None
    portal = made.parties["portal"].signer
    step = seal_step(draft, made.record, portal, START - timedelta(days=1))
    assert json.loads(step)["at"] == made.record.at


def test_records_that_are_none() -> None:
    made = draw()
    with pytest.raises(BadRecord, match="step 0: there is neither a step nor a plan"):
        Record.of([])
    with pytest.raises(BadRecord, match="step 0"):
        Record.of(made.steps[1:])
    with pytest.raises(BadRecord, match="step 3: does not follow"):
        Record.of([*made.steps[:3], *made.steps[4:]])
    with pytest.raises(BadRecord, match=r"step 2: .*canonical"):
        Record.of([*made.steps[:2], made.steps[2] + b" "])
    unsigned = json.loads(made.steps[2])
    unsigned["at"] = "2026-11-21T23:00:00.000000Z"
    bent = json.dumps(unsigned, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    with pytest.raises(BadRecord, match="step 2: is not signed by the portal"):
        Record.of([*made.steps[:2], bent.encode()])
    with pytest.raises(BadRecord, match="other rules"):
        Record.of(made.steps, Config.parse({**made.record.config.document, "rehearsal": True}))


def test_a_record_does_not_change() -> None:
    made = Draw().freeze()
    before, head = made.record, made.record.head
    made.everybody("commit")
    assert (before.head, before.phase, len(before.current.commitments)) == (head, "commit", 0)
