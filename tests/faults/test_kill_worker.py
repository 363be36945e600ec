"""``kill -9`` of the worker at every crossing: nothing accepted is lost, nothing happens twice."""

from __future__ import annotations

import signal

import pytest

from chain_adapter import digest_of
from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.deposits.service import Metadata, NewDigest
from portal.services import Services
from tests.faults.dying import work
from tests.faults.spine import check_spine
from tests.forks import FORKS

#: More crossings than one batch has; the loop ends when a worker survives its fuse. Each takes
#: a few seconds, so that only the long runs take every one.
_MOST = 60


def _deposit(services: Services, user: User, number: int) -> None:
    actor = Actor(user.id, user.name, frozenset({"depositor"}))
    content = f"evidence {number}".encode()
    intake = services.deposits.intake()
    intake.write(content)
    services.deposits.receive_file(actor, intake, Metadata(title=f"file {number}"))
    digest = digest_of(content + b" kept elsewhere")
    services.deposits.receive_digest(actor, [digest], Metadata(title=f"digest {number}"))
    many = [
        NewDigest((digest_of(content + bytes([place])),), Metadata(title=f"batch {number}"))
        for place in range(2)
    ]
    services.deposits.receive_many(actor, many)


@pytest.mark.fault
@pytest.mark.timeout(900)  # a process dies and starts again at each crossing
@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.soak)])
def test_every_accepted_deposit_is_issued_exactly_once(
    services: Services, user: User, step: int
) -> None:
    killed = 0
    for crossings in range(1, _MOST, step):
        _deposit(services, user, crossings)
        status = _work(services, crossings, minutes_ahead=4 * crossings)
        check_spine(services, all_issued=status == 0)
        if status == 0:
            break
        assert status == -signal.SIGKILL
        killed += 1
        # What the dead one left is found and finished by the next one, as after any restart.
        assert _work(services, 0, minutes_ahead=4 * crossings + 2) == 0
        check_spine(services)
    else:
        pytest.fail("no worker survived: the work never ends")
    assert killed >= 10 // step, "there are more crossings than that"
    assert len(check_spine(services)) == 4 * (killed + 1)


def _work(services: Services, crossings: int, minutes_ahead: int) -> int | None:
    """The exit status of a worker that dies at that crossing, or lives when 0."""
    worker = FORKS.Process(target=work, args=(services.settings, crossings, minutes_ahead))
    worker.start()
    worker.join(60)
    return worker.exitcode
