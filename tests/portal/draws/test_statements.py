"""The one door for signed statements: what is taken, what is refused, and that it is durable."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from lottery.canonical import canonical
from lottery.statements import Signed
from portal.audit.service import entries_for
from portal.draws.models import Draw, DrawStatement, DrawStep
from portal.problems import BadInput, Conflict, Forbidden, NotFound, PortalError
from tests.portal.conftest import MakeUser
from tests.portal.draws.acting import DICE, Ceremony, Person, acts, plan, says
from tests.portal.draws.conftest import MakeCeremony


def refused(error: type[PortalError], code: str, act: Callable[[], object]) -> PortalError:
    with pytest.raises(error) as caught:
        act()
    assert caught.value.code == code
    return caught.value


def test_the_same_statement_again_gives_the_same_answer(ceremony: Ceremony) -> None:
    """And it still does when it has become a step."""
    ceremony.until("commit")
    said = ceremony.organiser.party(ceremony.draw_id).commit(ceremony.record(), ceremony.now)
    assert not ceremony.hand_in(ceremony.organiser, said).replayed
    assert ceremony.hand_in(ceremony.organiser, said).replayed
    ceremony.work()
    assert ceremony.hand_in(ceremony.organiser, said).replayed
    with ceremony.services.database.reading() as session:
        kept = session.query(DrawStatement).filter_by(party="organiser", type="commit").all()
    assert len(kept) == 1
    assert kept[0].used_n is not None


def test_a_second_different_statement_is_refused(ceremony: Ceremony) -> None:
    """Nobody gets to choose among two."""
    ceremony.until("commit")
    known = ceremony.record()
    first = ceremony.organiser.party(ceremony.draw_id).commit(known, ceremony.now)
    later = ceremony.organiser.party(ceremony.draw_id).commit(
        known, ceremony.now + timedelta(seconds=1)
    )
    ceremony.hand_in(ceremony.organiser, first)
    refused(Conflict, "statement_there", lambda: ceremony.hand_in(ceremony.organiser, later))


def test_statements_of_another_draw_or_attempt_are_refused(make_ceremony: MakeCeremony) -> None:
    """A commitment replayed from elsewhere is no commitment."""
    one, two = make_ceremony(), make_ceremony()
    one.until("commit")
    two.organiser = Person("organiser", one.organiser.actor, one.organiser.master)
    two.until("commit")
    theirs = one.organiser.party(one.draw_id).commit(one.record(), one.now)
    refused(Conflict, "statement_draw", lambda: two.hand_in(two.organiser, theirs))
    said = dict(one.organiser.party(one.draw_id).commit(one.record(), one.now).statement)
    wrong = said | {"attempt": 2}
    signed = says(
        one.organiser,
        one.draw_id,
        2,
        "organiser",
        "commit",
        one.now,
        **{name: wrong[name] for name in ("draw_hash", "commitment", "points")},
    )
    refused(Conflict, "statement_attempt", lambda: one.hand_in(one.organiser, signed))
    bound = says(
        two.organiser,
        two.draw_id,
        1,
        "organiser",
        "commit",
        two.now,
        **{name: said[name] for name in ("draw_hash", "commitment", "points")},
    )
    refused(Conflict, "statement_draw", lambda: two.hand_in(two.organiser, bound))


def test_nobody_signs_for_somebody_else(ceremony: Ceremony, make_user: MakeUser) -> None:
    ceremony.until("commit")
    known, draw_id = ceremony.record(), ceremony.draw_id
    said = ceremony.notary.party(draw_id).commit(known, ceremony.now)
    refused(Forbidden, "party_only", lambda: ceremony.hand_in(ceremony.organiser, said))
    forged = says(
        ceremony.organiser,
        draw_id,
        1,
        "notary",
        "commit",
        ceremony.now,
        **{name: said.statement[name] for name in ("draw_hash", "commitment", "points")},
    )
    refused(BadInput, "statement_signature", lambda: ceremony.hand_in(ceremony.notary, forged))
    stranger = Person("stranger", acts(make_user("notary")), ceremony.notary.master)
    refused(NotFound, "draw_not_found", lambda: ceremony.hand_in(stranger, said))


def test_who_is_no_notary_any_more_does_not_sign_as_one(ceremony: Ceremony) -> None:
    ceremony.until("commit")
    said = ceremony.notary.party(ceremony.draw_id).commit(ceremony.record(), ceremony.now)
    actor = ceremony.notary.actor
    former = Person("former", type(actor)(actor.id, actor.name, frozenset()), b"x" * 32)
    refused(Forbidden, "role_missing", lambda: ceremony.hand_in(former, said))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "statement_form"),
        (b"[]", "statement_form"),
        (b'{"schema": "notary/draw-statement/v1"}', "statement_form"),
        (b"\xff" * 10, "statement_form"),
        (b"{" * 70_000, "statement_form"),
    ],
)
def test_what_is_no_statement_is_refused(ceremony: Ceremony, content: bytes, code: str) -> None:
    ceremony.begin()
    draws = ceremony.services.draws
    actor, draw_id = ceremony.organiser.actor, ceremony.draw_id
    refused(BadInput, code, lambda: draws.accept(actor, draw_id, content, bytes(64)))
    refused(BadInput, "signature_form", lambda: draws.accept(actor, draw_id, content, bytes(63)))


def test_nothing_is_said_before_its_time(ceremony: Ceremony) -> None:
    """No secret before the dice, no dice before the notary attends, and no two rolls."""
    ceremony.until("ready")
    draw_id, known = ceremony.draw_id, ceremony.record()
    early = ceremony.organiser.party(draw_id).reveal(known, ceremony.now)
    refused(Conflict, "statement_phase", lambda: ceremony.hand_in(ceremony.organiser, early))
    dice = ceremony.notary.party(draw_id).dice(known, DICE, ceremony.now)
    refused(Conflict, "statement_phase", lambda: ceremony.hand_in(ceremony.notary, dice))
    ceremony.attend(dice=None)
    few = ceremony.notary.party(draw_id).dice(ceremony.record(), DICE[:49], ceremony.now)
    refused(Conflict, "statement_content", lambda: ceremony.hand_in(ceremony.notary, few))
    rolled = ceremony.notary.party(draw_id).dice(ceremony.record(), DICE, ceremony.now)
    ceremony.hand_in(ceremony.notary, rolled)
    other = ceremony.notary.party(draw_id).dice(ceremony.record(), DICE[::-1], ceremony.now)
    refused(Conflict, "statement_there", lambda: ceremony.hand_in(ceremony.notary, other))


def test_another_secret_than_the_committed_one_is_refused(ceremony: Ceremony) -> None:
    ceremony.until("reveal")
    swapped = says(
        ceremony.organiser,
        ceremony.draw_id,
        1,
        "organiser",
        "reveal",
        ceremony.now,
        draw_hash=ceremony.record().draw_hash,
        secret="07" * 32,
    )
    refused(Conflict, "statement_content", lambda: ceremony.hand_in(ceremony.organiser, swapped))


def test_a_void_needs_the_notary_and_a_reason_of_the_rules(make_ceremony: MakeCeremony) -> None:
    ceremony = make_ceremony(public=1)
    ceremony.begin(plan(void_reasons=("equipment",)))
    ceremony.announce()
    known = ceremony.record()
    party = ceremony.notary.party(ceremony.draw_id)
    unknown = party.void(known, "list_error", "", ceremony.now)
    refused(Conflict, "statement_content", lambda: ceremony.hand_in(ceremony.notary, unknown))
    ceremony.void("equipment", [ceremony.organiser, ceremony.public[0]])
    assert (ceremony.phase, ceremony.view.attempt) == ("commit", 1)
    ceremony.void("equipment", [ceremony.notary])
    assert (ceremony.phase, ceremony.view.attempt) == ("commit", 2)


def test_a_void_in_other_words_takes_the_place_of_the_first(ceremony: Ceremony) -> None:
    ceremony.until("commit")
    ceremony.void("equipment", [ceremony.organiser], "one")
    ceremony.void("equipment", [ceremony.notary], "two")
    assert ceremony.view.attempt == 1
    ceremony.void("equipment", [ceremony.organiser], "two")
    assert ceremony.view.attempt == 2


def test_no_third_attempt(ceremony: Ceremony) -> None:
    ceremony.until("commit")
    for _ in range(2):
        ceremony.void("equipment", [ceremony.notary, ceremony.organiser])
    assert (ceremony.view.state, ceremony.phase) == ("cancelled", "void")
    party = ceremony.notary.party(ceremony.draw_id)
    said = says(
        ceremony.notary,
        ceremony.draw_id,
        2,
        "notary",
        "commit",
        ceremony.now,
        draw_hash=ceremony.record().draw_hash,
        commitment="00" * 32,
        points=[party.key, party.key],
    )
    refused(Conflict, "statement_phase", lambda: ceremony.hand_in(ceremony.notary, said))


def test_a_draw_without_audit_may_be_voided_after_its_end(ceremony: Ceremony) -> None:
    ceremony.begin(plan(audit_sample=0))
    ceremony.until("final")
    assert ceremony.view.state == "complete"
    ceremony.void("list_error", [ceremony.organiser])
    assert ceremony.view.state == "complete"
    ceremony.void("list_error", [ceremony.notary])
    assert (ceremony.view.state, ceremony.view.attempt) == ("running", 2)


def test_one_partys_void_does_not_end_a_draw_anew(ceremony: Ceremony) -> None:
    """It changes nothing: the draw was complete when it was, and once."""
    ceremony.begin(plan(audit_sample=0))
    ceremony.until("final")
    before = ended(ceremony)
    assert before is not None
    ceremony.void("list_error", [ceremony.organiser])
    assert (ceremony.view.state, ended(ceremony)) == ("complete", before)
    with ceremony.services.database.reading() as session:
        actions = [each.action for each in entries_for(session, f"draw:{ceremony.draw_id}")]
    assert actions.count("draw.complete") == 1
    ceremony.void("list_error", [ceremony.notary])
    assert (ceremony.view.state, ended(ceremony)) == ("running", None)


def ended(ceremony: Ceremony) -> datetime | None:
    with ceremony.services.database.reading() as session:
        return session.get_one(Draw, ceremony.draw_id).ended_at


def test_findings_are_those_that_were_signed(ceremony: Ceremony) -> None:
    ceremony.until("final")
    known = ceremony.record()
    findings: list[dict[str, Any]] = [
        {"position": each, "finding": "ghost", "note": ""} for each in known.audit_positions()
    ]
    said = ceremony.notary.party(ceremony.draw_id).audit(known, findings, ceremony.now)
    other = [each | {"finding": "genuine"} for each in findings]
    swapped, short = (canonical({"findings": each}) for each in (other, findings[1:]))
    notary = ceremony.notary
    refused(BadInput, "findings", lambda: ceremony.hand_in(notary, said))
    refused(BadInput, "findings_other", lambda: ceremony.hand_in(notary, said, findings=swapped))
    refused(BadInput, "findings", lambda: ceremony.hand_in(notary, said, findings=short))
    ceremony.audit("ghost")
    shown = ceremony.services.draws.public(ceremony.draw_id)
    assert shown.audit is not None
    assert [each["finding"] for each in shown.audit["findings"]] == ["ghost"] * 3


def test_the_sample_is_opened_to_the_notary_alone(ceremony: Ceremony) -> None:
    ceremony.until("reveal")
    draws, draw_id = ceremony.services.draws, ceremony.draw_id
    refused(Conflict, "audit_phase", lambda: draws.audit_sample(ceremony.notary.actor, draw_id))
    ceremony.everybody("reveal")
    refused(Forbidden, "notary_only", lambda: draws.audit_sample(ceremony.organiser.actor, draw_id))
    opened = draws.audit_sample(ceremony.notary.actor, draw_id)
    assert [each.position for each in opened] == list(ceremony.record().audit_positions())
    assert all(each.identity == f"A{each.position + 1:05d}" for each in opened)


def test_the_list_is_approved_by_both_and_by_its_hash(ceremony: Ceremony) -> None:
    ceremony.begin()
    ceremony.freeze()
    party = ceremony.organiser.party(ceremony.draw_id)
    ceremony.hand_in(ceremony.organiser, party.config(ceremony.record(), ceremony.now))
    ceremony.work()
    known, document = ceremony.record(), ceremony.view.list.document
    ceremony.hand_in(ceremony.organiser, party.list(known, document, ceremony.now))
    ceremony.work()
    assert ceremony.phase == "list"  # the organiser alone freezes no list
    other = dict(document) | {"list_root": "ab" * 32}
    wrong = ceremony.notary.party(ceremony.draw_id).list(known, other, ceremony.now)
    refused(Conflict, "statement_list", lambda: ceremony.hand_in(ceremony.notary, wrong))
    # The same entries in another document: draw_hash is right, what was signed is not.
    other = dict(document) | {"file_bytes": document["file_bytes"] + 1}
    wrong = ceremony.notary.party(ceremony.draw_id).list(known, other, ceremony.now)
    assert wrong.statement["draw_hash"] == known.draw_hash_of(document)
    refused(Conflict, "statement_list", lambda: ceremony.hand_in(ceremony.notary, wrong))
    right = ceremony.notary.party(ceremony.draw_id).list(known, document, ceremony.now)
    ceremony.hand_in(ceremony.notary, right)
    ceremony.work()
    assert ceremony.phase == "commit"


def test_two_who_press_at_once_make_one_draw(ceremony: Ceremony) -> None:
    """Two operators, two workers: every number exists once, and every statement is used once."""
    ceremony.until("reveal")
    known, draw_id = ceremony.record(), ceremony.draw_id
    said: list[tuple[Person, Signed]] = [
        (person, person.party(draw_id).reveal(known, ceremony.now)) for person in ceremony.people
    ]
    failures: list[BaseException] = []

    def press() -> None:
        try:
            for person, each in said:
                ceremony.hand_in(person, each)
            ceremony.work()
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    ceremony.work()
    assert ceremony.phase == "final"
    with ceremony.services.database.reading() as session:
        steps = session.query(DrawStep).order_by(DrawStep.n).all()
        used = [each.used_n for each in session.query(DrawStatement) if each.used_n is not None]
    assert [step.n for step in steps] == list(range(len(steps)))
    assert sum(step.type == "result" for step in steps) == 2
    assert len(ceremony.record().steps) == len(steps)
    assert len(used) == sum(
        len(step.statements) for step in ceremony.record().steps if step.statements
    )
