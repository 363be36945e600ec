"""A stranger's record is judged with no more effort than whoever judges it wants to spend."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from lottery import verifier
from tests.lottery.building import Draw, draw, stage
from tests.lottery.forging import Forgery, why

RECOMPUTED = {"winners", "alternates", "audit"}


@cache
def made() -> Draw:
    """Two stages of twelve tickets, and a table of twelve entries for each: an effort of 48."""
    return draw(stages=[stage(), stage(winners=2, alternates=1)], sample=2)


def outcomes(report: verifier.Report) -> dict[str, str]:
    return {each.key: each.outcome for each in report.checks}


@pytest.mark.parametrize("most", [48, 5_000_000])
def test_with_effort_enough_it_is_judged_as_ever(most: int) -> None:
    right = verifier.verify(made().transcript())
    assert right.outcome == "verified"
    assert verifier.verify(made().transcript(), most=most) == right


@pytest.mark.parametrize("most", [0, 1, 47])
def test_what_would_take_more_is_left_undecided(most: int) -> None:
    """It may well be a good record: nothing of it has failed, and all else is judged."""
    report = verifier.verify(made().transcript(), most=most)
    assert report.outcome == "undecided"
    right = outcomes(verifier.verify(made().transcript()))
    assert outcomes(report) == right | dict.fromkeys(RECOMPUTED, "undecided")
    assert "too large" in why(report, "winners")


def test_each_attempt_with_results_counts() -> None:
    """A voided attempt is recomputed as well."""
    twice = draw(voided="final").transcript()
    assert verifier.verify(twice, most=48).outcome == "verified"
    assert verifier.verify(twice, most=47).outcome == "undecided"


@pytest.mark.parametrize(
    ("count", "rebound", "reason"),
    [(2**33, False, "do not hold"), (verifier.LIMIT, True, "too large")],
)
def test_nothing_is_begun_for_an_enormous_list(
    monkeypatch: pytest.MonkeyPatch, count: int, rebound: bool, reason: str
) -> None:
    """Tables of that many entries would be all the memory there is."""

    def begun(*_: object) -> Any:
        pytest.fail("it was recomputed")

    monkeypatch.setattr(verifier, "drawn_stages", begun)
    monkeypatch.setattr(verifier, "shuffled", begun)
    forgery = Forgery(made())
    listing = forgery.one("list")["body"]["list"]
    listing.update(count=count, tickets=count)
    listing["pools"][0].update(end=count, weights=[[1, count]])
    if rebound:
        forgery.rebind()
    report = forgery.judge(most=5_000_000)
    assert report.outcome == "refused"
    assert {outcomes(report)[key] for key in RECOMPUTED} == {"undecided"}
    assert reason in why(report, "winners")


def test_too_little_memory_is_no_fault_of_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    def scarce(*_: object) -> Any:
        raise MemoryError

    monkeypatch.setattr(verifier, "drawn_stages", scarce)
    report = verifier.verify(made().transcript())
    assert (report.outcome, report.failed()) == ("undecided", [])
    assert "not enough memory" in why(report, "winners")
