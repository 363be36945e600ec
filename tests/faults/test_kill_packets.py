"""``kill -9`` of the worker while content is cut into packets, and while they are on their way to
real nodes: each arrives at its own node, once and as it was cut, and they give the content back."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from chain_adapter import Entry
from chain_adapter.merkle import leaf_hash
from portal.audit.service import entries_for
from portal.deposits.models import Deposit, State
from portal.packets.cutting import AT_ONCE, plan_of
from portal.packets.models import PacketRow, PacketSet, PacketState
from tests.faults.dying import spread
from tests.forks import FORKS
from tests.portal.nodes.village import Village, village

pytestmark = [pytest.mark.xdist_group("real-nodes"), pytest.mark.timeout(900)]
#: Between writing the plan down and giving the packets their place; while packets are being sent.
_FEW = (6, 46)
#: More than one deposit has until its packets have arrived.
_EVERY = tuple(range(1, 150))
#: Longer than a dead worker's packets wait for somebody else.
_LATER = 20
_SIZE = 60_000
#: Node and name of a file → its digest, and when it was written.
Files = dict[tuple[str, str], tuple[str, int]]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    with village(tmp_path_factory.mktemp("village"), packets="3/4+sealed") as made:
        yield made


def _killed(here: Village, crossings: int, ahead: int, at_once: int) -> bool:
    process = FORKS.Process(target=spread, args=(here.settings, crossings, ahead, at_once))
    process.start()
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


@pytest.mark.parametrize(
    ("points", "at_once"),
    [
        (_FEW, AT_ONCE),
        pytest.param(_EVERY, AT_ONCE, marks=pytest.mark.soak),
        pytest.param(_EVERY, _SIZE - 1, marks=pytest.mark.soak),
    ],
)
def test_every_packet_arrives_once_whenever_the_worker_dies(
    here: Village, points: tuple[int, ...], at_once: int
) -> None:
    """``at_once``: what is larger is cut beside the deposits."""
    killed, ahead = 0, 0
    for crossings in points:
        content = os.urandom(_SIZE)
        deposit, ahead = here.deposit(content), ahead + 2 * _LATER
        died = _killed(here, crossings, ahead, at_once)
        before = _arrived(here, deposit)
        assert not _killed(here, 0, ahead + _LATER, at_once)
        after = _arrived(here, deposit)
        assert before.items() <= after.items(), "what a node had is there as it was"
        _check(here, here.now(deposit), content, after)
        killed += died
        if not died:
            break
    else:
        assert points == _FEW, "no worker survived: the work never ends"
    assert killed == 2 if points == _FEW else killed >= 60
    _check_nothing_left(here)


def _arrived(here: Village, deposit: Deposit) -> Files:
    """Every file that a node keeps under the content's root."""
    with here.services.database.reading() as session:
        made = session.get(PacketSet, deposit.id)
    if made is None:
        return {}
    found = {}
    for node in here.nodes:
        for path in node.folder.glob(f"**/{made.root}/*"):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            found[node.name, path.name] = (digest, path.stat().st_mtime_ns)
    return found


def _check(here: Village, deposit: Deposit, content: bytes, found: Files) -> None:
    """One cut, which the one entry names; each node has its packet and no other; and any three of
    them are enough."""
    services = here.services
    with services.database.reading() as session:
        made = session.get_one(PacketSet, deposit.id)
        query = select(PacketRow).where(PacketRow.deposit_id == deposit.id)
        rows = list(session.scalars(query.order_by(PacketRow.number)))
        acts = [each.action for each in entries_for(session, f"deposit:{deposit.id}")]
    plan, entry = plan_of(made), deposit.entry or b""
    assert (deposit.state, Entry.decode(entry).data) == (State.ISSUED, plan.root)
    leaves = [leaf_hash(each.encode()) for _, each in services.ledger.events()]
    assert leaves.count(leaf_hash(entry)) == 1
    for act in ("deposit.cut", "deposit.spread", "deposit.issued"):
        assert acts.count(act) == 1
    assert {row.state for row in rows} == {PacketState.KEPT}
    kept = {place: digest for place, (digest, _) in found.items() if not place[1].endswith(".json")}
    assert kept == {(row.node, str(row.number)): plan.digests[row.number - 1].hex() for row in rows}
    out = io.BytesIO()
    report = services.packets.reconstruct(here.actor, deposit.id, out)
    assert [line.state for line in report.lines] == ["intact"] * 4
    assert (report.whole, out.getvalue()) == (True, content)


def _check_nothing_left(here: Village) -> None:
    """What the dead left on the disk is swept, and nodes keep no halves."""
    cut = here.settings.path("packets") / "cut"
    long_ago = time.time() - timedelta(days=2).total_seconds()
    for each in cut.iterdir():
        os.utime(each, (long_ago, long_ago))
    here.services.packets.housekeeping()
    assert list(cut.iterdir()) == []
    for node in here.nodes:
        assert [list(each.iterdir()) for each in node.folder.glob("**/packets/staging")] == [[]]
