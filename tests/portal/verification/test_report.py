"""Checks put under the question they answer."""

from __future__ import annotations

import importlib

import pytest

from chain_adapter.verdict import Check, Outcome
from lottery.verifier import CHECKS
from portal.verification.report import AREA_OF, Answer, Area, answer_of, outcome_of, ticks_of
from portal.verification.sentences import ANSWERS, AREAS, DETAILS, OUTCOMES, REASONS, SENTENCES
from portal.verification.words import TITLES
from timestamping.verifier import STEPS as TOKEN_STEPS

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN


def check(code: str, outcome: Outcome = PASS) -> Check:
    return Check(1, code, code, outcome)


def every_code() -> set[str]:
    """Every code any verifier can report."""
    codes = set(TOKEN_STEPS)
    codes |= {step[0] for step in importlib.import_module("timestamping.pdf.verifier")._STEPS}
    codes |= {step.code for step in importlib.import_module("chain_adapter.verify").STEPS}
    own = ["timestamping.package.judge", "timestamping.package.verifier", "forensics.verifier"]
    own += ["lottery.bundle.verifying", "timestamping.certificate.verifying"]
    own += ["timestamping.certificate.bundle", "timestamping.certificate.volume.verifying"]
    for name in own:
        module = importlib.import_module(name)
        steps = getattr(module, "STEPS", ())
        codes |= {step[1] for step in steps}
        codes |= set(getattr(module, "_TITLES", ()))
    codes |= {f"draw-{key.replace('_', '-')}" for key, _, _ in CHECKS}
    own_words = {"file-absent", "listed", "issued", "certificate-status", "further-ledger"}
    return codes | own_words | {"draw-transcript"}


def test_every_check_has_a_chinese_title_and_a_question() -> None:
    assert every_code() == set(TITLES)
    assert every_code() <= set(AREA_OF)


def test_every_answer_has_its_words() -> None:
    assert set(AREAS) == set(Area)
    assert set(OUTCOMES) == set(Outcome)
    assert set(REASONS) == {(area, outcome) for area in Area for outcome in Outcome}
    assert set(SENTENCES) == set(DETAILS)
    assert {answer for answer, _ in SENTENCES} == set(Answer) == set(ANSWERS)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([PASS, PASS], PASS),
        ([PASS, UNKNOWN], UNKNOWN),
        ([UNKNOWN, FAIL, PASS], FAIL),
        ([], PASS),
    ],
)
def test_a_tick_is_as_good_as_its_worst_check(outcomes: list[Outcome], expected: Outcome) -> None:
    assert outcome_of([check("imprint", outcome) for outcome in outcomes]) is expected


def test_unknown_revocation_alone_decides_nothing_but_a_revoked_one_does() -> None:
    assert outcome_of([check("revocation", UNKNOWN), check("chain")]) is PASS
    assert outcome_of([check("revocation", FAIL), check("chain")]) is FAIL


def test_ticks_come_in_the_order_people_ask() -> None:
    codes = ["letter-signer", "inclusion", "chain", "file"]
    ticks = ticks_of([check(code) for code in codes])
    assert [tick.area for tick in ticks] == list(Area)[:4]
    assert all(tick.outcome is PASS for tick in ticks)


def test_a_check_nobody_knows_is_not_lost() -> None:
    (tick,) = ticks_of([check("something-new", FAIL)])
    assert tick.outcome is FAIL


def test_answers() -> None:
    assert answer_of(ticks_of([check("file"), check("chain")])) is Answer.MATCHES
    assert answer_of(ticks_of([check("file"), check("chain", FAIL)])) is Answer.DIFFERS
    assert answer_of(ticks_of([check("file"), check("chain", UNKNOWN)])) is Answer.UNDECIDED
    assert answer_of([]) is Answer.UNDECIDED
