"""A draw from the plan to the end by its people and the worker, through the service alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import lottery
from lottery.record import Record
from lottery.transcript import split
from portal.deposits.models import Deposit
from portal.draws import stepping
from portal.draws.models import DrawStep
from portal.services import Services
from tests.portal.draws.acting import Ceremony
from tests.portal.draws.conftest import MakeCeremony


def test_a_rehearsal_goes_from_the_plan_to_the_audit(
    ceremony: Ceremony, services: Services, tmp_path: Path
) -> None:
    ceremony.until("final")
    ceremony.audit()
    draw = ceremony.view
    assert (draw.state, draw.phase, draw.wait) == ("complete", "audited", "")
    assert [step.type for step in draw.steps] == [
        *("config", "list", "commit", "commit", "commit", "shares", "shares", "shares"),
        *("acknowledge", "acknowledge", "acknowledge", "open", "dice"),
        *("reveal", "reveal", "reveal", "seed", "result", "result", "final", "audit"),
    ]
    assert all(step.sealed for step in draw.steps)
    transcript = services.draws.transcript(ceremony.draw_id)
    (tmp_path / "transcript.json").write_bytes(transcript)
    verifier = Path(lottery.__file__).with_name("verifier.py")
    ran = subprocess.run(
        [sys.executable, "-I", str(verifier), str(tmp_path / "transcript.json"), "--json"],
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout.decode() + ran.stderr.decode()


def test_every_step_is_a_deposit_of_the_organisers(ceremony: Ceremony, services: Services) -> None:
    ceremony.until("commit")
    with services.database.reading() as session:
        for step in session.query(DrawStep).order_by(DrawStep.n):
            deposit = session.get_one(Deposit, step.deposit_id)
            assert deposit.owner_id == ceremony.organiser.actor.id
            assert deposit.letter_on_demand
            assert services.vault.read(str(deposit.vault_key)) == step.content
            assert deposit.filename == f"draw-{ceremony.draw_id[:8]}-{step.n}-{step.type}.json"
            assert deposit.sha256 == step.sha256


def test_what_is_public_agrees_with_the_record(ceremony: Ceremony, services: Services) -> None:
    ceremony.until("final")
    draws, draw_id = services.draws, ceremony.draw_id
    known = Record.of(split(draws.transcript(draw_id)))
    shown = draws.public(draw_id)
    assert known.seed is not None
    assert (shown.seed, shown.config_hash) == (known.seed.hex(), known.config.hash)
    body, etag = draws.live(draw_id)
    live = json.loads(body)
    assert live["seed"] == known.seed.hex()
    assert [each["sealed"] for each in live["steps"]] == [True] * len(known.steps)
    assert [stage["drawn"] for stage in live["stages"]] == [3, 5]
    assert draws.live(draw_id) == (body, etag)
    page = draws.winners(draw_id, 1)
    first = known.attempts[0].results[0]
    assert [row.position for row in page.rows] == [*first["winners"], *first["alternates"]]
    assert [row.alternate for row in page.rows] == [False] * 3 + [True] * 2
    assert page.rows[0].fields[2] == f"姓名{page.rows[0].position + 1}"
    assert len(list(draws.winners_csv(draw_id, 2))) == 6
    won = draws.won(draw_id, page.rows[4].position)
    assert (won[-1].stage, won[-1].rank, won[-1].alternate) in {
        (1, 5, True),
        (2, won[-1].rank, False),
    }
    receipt = draws.receipt(draw_id, page.rows[0].position)
    assert receipt["list_root"] == known.listing.list_root  # type: ignore[union-attr]
    assert draws.leaves(draw_id).stat().st_size == 32 * 40


def test_a_withheld_secret_is_recovered_to_the_same_seed(make_ceremony: MakeCeremony) -> None:
    """Somebody of the public does not reveal; the others' shares give the same secret."""
    ceremony = make_ceremony(public=1)
    ceremony.begin()
    ceremony.announce()
    ceremony.bind()
    ceremony.attend()
    silent = ceremony.public[0]
    ceremony.everybody("reveal", but=[silent])
    assert ceremony.phase == "reveal"
    task = ceremony.services.draws.task(ceremony.notary.actor, ceremony.draw_id)
    assert task["missing"] == ["public"]
    known = ceremony.record()
    party = ceremony.notary.party(ceremony.draw_id)
    ceremony.hand_in(ceremony.notary, party.share(known, "public", ceremony.now))
    ceremony.work()
    # The portal added its own share: with two of three holders the secret is known.
    assert ceremony.phase == "final"
    steps = [step.type for step in ceremony.view.steps]
    assert "recover" in steps


def test_a_share_that_comes_late_stops_nothing(
    make_ceremony: MakeCeremony, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two shares are being made a step when the last holder's comes, which none needs any more."""
    ceremony = make_ceremony(public=1)
    ceremony.begin()
    ceremony.announce()
    ceremony.bind()
    ceremony.attend()
    ceremony.everybody("reveal", but=[ceremony.public[0]])
    known, seal_step = ceremony.record(), stepping.seal_step
    first, last = (
        person.party(ceremony.draw_id).share(known, "public", ceremony.now)
        for person in (ceremony.organiser, ceremony.notary)
    )
    late = [last]

    def while_sealing(*given: Any) -> bytes:
        if late:
            ceremony.hand_in(ceremony.notary, late.pop())
        return seal_step(*given)

    monkeypatch.setattr(stepping, "seal_step", while_sealing)
    ceremony.hand_in(ceremony.organiser, first)
    ceremony.work()
    assert not late
    assert ceremony.phase == "final", ceremony.view.wait


def test_a_voided_attempt_stays_and_the_next_begins(ceremony: Ceremony) -> None:
    ceremony.until("final")
    first = ceremony.record().results_sha256
    ceremony.void("equipment", [ceremony.notary, ceremony.organiser], "The dice fell off.")
    draw = ceremony.view
    assert (draw.state, draw.phase, draw.attempt) == ("running", "commit", 2)
    ceremony.bind()
    ceremony.attend()
    ceremony.everybody("reveal")
    ceremony.audit()
    assert ceremony.view.state == "complete"
    shown = ceremony.services.draws.public(ceremony.draw_id)
    assert shown.voids[0]["results_sha256"] == first
    assert shown.attempt == 2
    old = ceremony.services.draws.winners(ceremony.draw_id, 1, attempt=1)
    assert old.total == 5


def test_the_organiser_and_the_notary_may_call_it_off(ceremony: Ceremony) -> None:
    ceremony.until("commit")
    ceremony.void("organiser_request", [ceremony.organiser])
    assert ceremony.phase == "commit"  # one signature voids nothing
    task = ceremony.services.draws.task(ceremony.notary.actor, ceremony.draw_id)
    assert task["voiding"]["by"] == ["organiser"]
    ceremony.void("organiser_request", [ceremony.notary])
    assert (ceremony.view.state, ceremony.phase) == ("cancelled", "cancelled")
