"""Workers killed with SIGKILL while a list is read, committed to, drawn from and published.

Whatever was done before is found again, whatever was not is done, and nothing is done twice: the
same seed gives the same winners, and every number of the record exists once.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

import lottery
from lottery.stages import draw_all
from portal.deposits.models import Deposit
from portal.draws.models import DrawList, DrawSnapshot, DrawStep
from portal.services import Services
from portal.settings import Settings
from tests.faults import dying
from tests.forks import FORKS
from tests.portal.conftest import MakeUser
from tests.portal.draws.acting import LAYOUT, Ceremony, Person, acts, plan, table, upload

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]
#: Crossings at which the worker dies, one after the other until it is done.
_FEW = (1, 3, 8, 11, 5)
_MANY = tuple(range(1, 40))


@pytest.fixture
def ceremony(services: Services, make_user: MakeUser) -> Ceremony:
    return Ceremony(
        services,
        Person("organiser", acts(make_user("organiser"))),
        Person("notary", acts(make_user("notary"))),
    )


def kill_until_done(settings: Settings, crossings: tuple[int, ...]) -> int:
    """Workers one after the other, each killed at another moment; the last one lives. How many
    were killed."""
    killed = 0
    for round_, crossing in enumerate((*crossings, 0), start=1):
        worker = FORKS.Process(target=dying.draw, args=(settings, crossing, round_))
        worker.start()
        worker.join(120)
        assert worker.exitcode in (0, -signal.SIGKILL), worker.exitcode
        killed += worker.exitcode != 0
    return killed


def check_record(ceremony: Ceremony, folder: Path) -> None:
    """One record: numbered without a gap, replayed, verified by the stand-alone verifier, its
    winners those of its seed, each step one deposit that is on the ledger."""
    known = ceremony.record()
    with ceremony.services.database.reading() as session:
        steps = session.query(DrawStep).order_by(DrawStep.n).all()
        deposits = session.query(Deposit).filter_by(kind="file").all()
        snapshot = session.get_one(DrawSnapshot, ceremony.draw_id)
    assert [step.n for step in steps] == list(range(len(known.steps)))
    assert {each.id for each in deposits} == {step.deposit_id for step in steps}
    assert all(each.state == "issued" for each in deposits)
    assert len(json.loads(snapshot.body)["steps"]) == len(steps)
    if known.seed is not None and known.listing is not None:
        again = draw_all(known.config, known.listing, known.seed)
        assert [each.body() for each in again] == list(known.current.results)
    if known.phase != "final":
        return  # the verifier wants a record that has ended
    path = folder / "transcript.json"
    path.write_bytes(ceremony.services.draws.transcript(ceremony.draw_id))
    verifier = Path(lottery.__file__).with_name("verifier.py")
    ran = subprocess.run([sys.executable, "-I", verifier, path], capture_output=True, check=False)
    assert b"failed" not in ran.stdout.lower(), ran.stdout.decode()


@pytest.mark.parametrize("crossings", [_FEW[:4], pytest.param(_MANY, marks=pytest.mark.soak)])
def test_killed_while_the_list_is_read_and_committed_to(
    ceremony: Ceremony, settings: Settings, crossings: tuple[int, ...]
) -> None:
    draws, actor = ceremony.services.draws, ceremony.organiser.actor
    ceremony.draw_id = draws.create(actor, "抽奖", "")
    draws.save_plan(actor, ceremony.draw_id, plan(draw_at=ceremony.now + timedelta(days=1)))
    draws.take_list(actor, ceremony.draw_id, upload(ceremony.services, actor, table(500)))
    draws.choose_columns(actor, ceremony.draw_id, LAYOUT, "refuse")
    assert kill_until_done(settings, crossings) >= 2
    listed = ceremony.view.list
    assert (listed.state, listed.count, listed.open_problems) == ("committed", 500, False)
    folders = sorted((settings.path("draws") / ceremony.draw_id).glob("list-*"))
    with ceremony.services.database.reading() as session:
        row = session.get_one(DrawList, ceremony.draw_id)
    assert row.lease is None
    assert row.folder in {each.name for each in folders}
    ceremony.services.draws.sweep()
    left = list((settings.path("draws") / ceremony.draw_id).glob("list-*"))
    assert [each.name for each in left] == [row.folder]


@pytest.mark.parametrize("crossings", [_FEW, pytest.param(_MANY, marks=pytest.mark.soak)])
def test_killed_while_it_is_drawn_and_published(
    ceremony: Ceremony, settings: Settings, tmp_path: Path, crossings: tuple[int, ...]
) -> None:
    ceremony.until("reveal")
    known = ceremony.record()
    for person in ceremony.people:
        party = person.party(ceremony.draw_id)
        ceremony.hand_in(person, party.reveal(known, ceremony.now))
    assert kill_until_done(settings, crossings) >= 4
    assert ceremony.phase == "final"
    check_record(ceremony, tmp_path)
    assert ceremony.view.deposit_id is not None
    with ceremony.services.database.reading() as session:
        assert session.query(Deposit).filter_by(kind="draw").count() == 1


def test_killed_while_the_portal_commits(
    ceremony: Ceremony, settings: Settings, tmp_path: Path
) -> None:
    """Its secret is the same afterwards: what it deals fits what it committed to."""
    ceremony.until("commit")
    known = ceremony.record()
    for person in ceremony.people:
        party = person.party(ceremony.draw_id)
        ceremony.hand_in(person, party.commit(known, ceremony.now))
    assert kill_until_done(settings, (2, 5, 7, 12)) >= 2
    assert ceremony.phase == "shares"
    ceremony.everybody("shares")
    ceremony.everybody("acknowledge")
    assert ceremony.phase == "ready"
    check_record(ceremony, tmp_path)
