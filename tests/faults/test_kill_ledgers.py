"""``kill -9`` of the worker at every crossing while records wait for nodes, and while they become
final: every deposit has one entry on each ledger, and exactly one letter."""

from __future__ import annotations

import signal

import pytest

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.service import entries_for
from portal.deposits.further import finals_of
from portal.deposits.models import Deposit, State
from portal.deposits.service import Metadata
from portal.services import Services
from portal.settings import Settings
from tests.faults.dying import work_watched
from tests.faults.spine import check_spine
from tests.forks import FORKS
from tests.portal.conftest import MakeSettings
from tests.portal.deposits.pending import NODES

_MOST = 60


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    second = "tlog:second#origin=court.example/log"
    return make_settings(
        ledgers=f"tlog:ledger#origin=first.example/log {second}", ledgers_required=2
    )


def _deposit(services: Services, user: User, number: int) -> Deposit:
    actor = Actor(user.id, user.name, frozenset({"depositor"}))
    intake = services.deposits.intake()
    intake.write(f"evidence {number}".encode())
    return services.deposits.receive_file(actor, intake, Metadata()).deposit


def _work(settings: Settings, crossings: int, ahead: int, up: tuple[str, ...]) -> int:
    process = FORKS.Process(target=work_watched, args=(settings, crossings, ahead, up))
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode or 0


def _row(services: Services, deposit: Deposit) -> Deposit:
    with services.database.reading() as session:
        return session.get_one(Deposit, deposit.id)


@pytest.mark.fault
@pytest.mark.timeout(900)
@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.soak)])
def test_one_letter_whenever_the_worker_dies(services: Services, user: User, step: int) -> None:
    killed, ahead = 0, 0
    for crossings in range(1, _MOST, step):
        deposit, ahead = _deposit(services, user, crossings), ahead + 10
        # Two nodes are down: whatever dies, it waits for them afterwards, by name.
        first = _work(services.settings, crossings, ahead, NODES[:2])
        assert _work(services.settings, 0, ahead + 3, NODES[:2]) == 0
        waiting = _row(services, deposit)
        assert (waiting.state, waiting.wait_reason) == (State.TIMESTAMPED, "ledger_quorum")
        assert waiting.awaited == " ".join(NODES[2:])
        # They are back: whatever dies now, it completes afterwards.
        second = _work(services.settings, crossings, ahead + 5, NODES)
        assert _work(services.settings, 0, ahead + 8, NODES) == 0
        killed += (first != 0) + (second != 0)
        if first == second == 0:
            break
    else:
        pytest.fail("no worker survived: the work never ends")
    assert killed >= 16 // step
    rows = check_spine(services, all_issued=True)
    for ledger in services.ledgers:
        assert len(list(ledger.events())) == len(rows)
    for row in rows:
        assert [each.ledger for each in finals_of(row)] == [services.ledgers[1].id]
        with services.database.reading() as session:
            acts = [entry.action for entry in entries_for(session, row.subject)]
        assert acts.count("deposit.issued") == acts.count("deposit.followed") == 1
