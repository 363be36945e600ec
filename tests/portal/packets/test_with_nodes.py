"""Packets at real nodes, each a process of its own, which keep only what their copy commits to."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from chain_adapter import Entry
from chain_adapter.packets.client import NodeTrouble, PacketClient
from chain_adapter.packets.request import Asked
from portal.deposits.models import Deposit
from tests.portal.nodes.village import Village, village

pytestmark = [pytest.mark.xdist_group("real-nodes"), pytest.mark.timeout(300)]
CONTENT = b"what four institutions keep together " * 20_000


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    with village(tmp_path_factory.mktemp("village"), packets="3/4+sealed") as made:
        yield made


@pytest.fixture(scope="module")
def spread(here: Village) -> Deposit:
    deposit = here.issued(here.deposit(CONTENT))
    here.work(lambda: _arrived(here, deposit) == 4)
    return deposit


def _arrived(here: Village, deposit: Deposit) -> int:
    here.services.packets.advance()
    view = here.services.packets.view(deposit)
    assert view is not None
    return view.kept


def test_the_vault_gets_back_what_it_lost_with_a_node_down(here: Village, spread: Deposit) -> None:
    services = here.services
    while services.vouching.advance():
        pass
    services.vault.delete(spread.vault_key or "")
    services.vouching.verify(here.actor, spread.id)
    assert services.vouching.alarms() == 1
    here.nodes[1].kill()
    services.packets.ask(here.actor, spread.id)
    here.work(lambda: bool(services.packets.advance()))
    view = services.packets.view(spread)
    assert view is not None
    assert view.report is not None
    states = {line.node: line.state for line in view.report.lines}
    assert (view.outcome, states.pop("node-b.example")) == ("restored", "unreachable")
    assert set(states.values()) == {"intact"}
    assert services.vault.read(spread.vault_key or "") == CONTENT
    while services.vouching.advance():
        pass
    assert services.vouching.alarms() == 0, "what was put back is read again at once"
    here.nodes[1].start()


def test_a_node_keeps_nothing_that_its_copy_does_not_commit_to(
    here: Village, spread: Deposit
) -> None:
    services = here.services
    node = services.packets.nodes()[0]
    client = PacketClient(services.entry_key)
    asked = Asked("PUT", node.name, bytes(32), 1, bytes(32), 4)
    with pytest.raises(NodeTrouble, match="commits to this root") as caught:
        client.put(node, asked, io.BytesIO(b"junk"))
    assert caught.value.status == 425
    root = Entry.decode(spread.entry or b"").data
    assert root is not None
    for number in range(1, 5):
        wrong = Asked("PUT", node.name, root, number, bytes(32), 4)
        with pytest.raises(NodeTrouble) as caught:
            client.put(node, wrong, io.BytesIO(b"junk"))
        assert caught.value.status in (400, 409), "its own number is taken, others have no packet"
