"""From a deposit to its packets at four nodes, and back when the vault has lost it."""

from __future__ import annotations

import io
import shutil
import zipfile

import pytest
from sqlalchemy import select

from chain_adapter import Entry, digest_of
from chain_adapter.packets.client import NodeAddress
from portal.audit.actor import Actor
from portal.audit.service import entries_for
from portal.deposits.models import Deposit, DepositFile, State
from portal.deposits.records import Metadata
from portal.packets.content import Source, source_of
from portal.packets.cutting import plan_of
from portal.packets.fetching import Report
from portal.packets.models import PacketRow, PacketSet
from portal.packets.spec import Spec, open_spec
from portal.privacy.service import PrivacyService
from portal.problems import Conflict, NotFound
from portal.services import Services
from portal.vouching.models import Outcome
from portal.vouching.service import VouchService
from tests.portal.checks.conftest import Office
from tests.portal.deposits.conftest import MovableClock, put, run
from tests.portal.packets.conftest import NAMES, World

CONTENT = b"a deposit worth keeping " * 5000


@pytest.fixture
def deposit(world: World, actor: Actor) -> Deposit:
    made = put(world.deposits, actor, CONTENT, filename="合同.pdf")
    world.settle()
    return world.deposits.get(actor, made.id)


def _row(world: World, deposit: Deposit) -> PacketSet:
    with world.tools.database.reading() as session:
        return session.get_one(PacketSet, deposit.id)


def _back(world: World, deposit: Deposit, actor: Actor) -> tuple[Report, bytes]:
    out = io.BytesIO()
    report = world.packets.reconstruct(actor, deposit.id, out)
    return report, out.getvalue()


def _lose(world: World, deposit: Deposit) -> None:
    assert world.tools.vault.delete(deposit.vault_key or "")


def _states(report: Report) -> list[str]:
    return [line.state for line in report.lines]


@pytest.mark.parametrize("sealed", [False, True], indirect=True)
def test_the_entry_names_the_root_and_every_node_has_its_packet(
    world: World, deposit: Deposit, actor: Actor, sealed: bool
) -> None:
    row = _row(world, deposit)
    assert Entry.decode(deposit.entry or b"").data == bytes.fromhex(row.root)
    assert deposit.state == State.ISSUED
    view = world.packets.view(deposit)
    assert view is not None
    assert (view.kept, view.need, view.sealed) == (4, 3, sealed)
    assert sorted(each.node for each in view.packets) == sorted(NAMES)
    for each in view.packets:
        assert world.nodes.file(each.node, row.root, each.number).exists()
    assert not any((world.folder / "cut").iterdir()), "nothing is left of what was sent"
    report, content = _back(world, deposit, actor)
    assert (report.whole, content) == (True, CONTENT)


@pytest.mark.parametrize("sealed", [False, True], indirect=True)
def test_three_nodes_give_it_back_when_the_vault_has_lost_it(
    world: World, deposit: Deposit, operator: Actor, sealed: bool
) -> None:
    _lose(world, deposit)
    view = world.packets.view(deposit)
    assert view is not None
    world.nodes.stop(view.packets[0].node)
    report, content = _back(world, deposit, operator)
    assert content == CONTENT
    assert _states(report) == ["unreachable", "intact", "intact", "intact"]
    assert [line.used for line in report.lines] == [False, True, True, True]


def test_the_vault_gets_back_what_it_lost(
    world: World, deposit: Deposit, operator: Actor, services: Services
) -> None:
    vouching = VouchService(world.tools, services.mail.post)
    _lose(world, deposit)
    assert vouching.verify(operator, deposit.id).outcome is Outcome.TAMPERED
    world.packets.ask(operator, deposit.id)
    assert world.packets.advance() == 1
    view = world.packets.view(deposit)
    assert view is not None
    assert (view.outcome, view.asked) == ("restored", False)
    assert vouching.verify(operator, deposit.id).outcome is Outcome.UNTAMPERED
    assert vouching.overview().alarms == ()
    world.packets.ask(operator, deposit.id)
    world.packets.advance()
    view = world.packets.view(deposit)
    assert view is not None
    assert view.outcome == "whole"


def test_what_is_missing_corrupted_or_foreign_is_named_and_sent_again(
    world: World, deposit: Deposit, actor: Actor
) -> None:
    other = put(world.deposits, actor, b"another deposit" * 9000)
    world.settle()
    mine, theirs = _row(world, deposit), _row(world, other)
    view = world.packets.view(deposit)
    assert view is not None
    names = [each.node for each in view.packets]
    with world.tools.database.reading() as session:
        query = select(PacketRow).where(PacketRow.deposit_id == other.id)
        foreign = {row.node: row.number for row in session.scalars(query)}
    gone = world.nodes.file(names[0], mine.root, 1)
    gone.unlink()
    broken = world.nodes.file(names[1], mine.root, 2)
    broken.chmod(0o600)
    data = bytearray(broken.read_bytes())
    data[-1] ^= 1
    broken.write_bytes(data)
    swapped = world.nodes.file(names[2], mine.root, 3)
    swapped.unlink()
    shutil.copy(world.nodes.file(names[2], theirs.root, foreign[names[2]]), swapped)
    report, _ = _back(world, deposit, actor)
    assert (report.whole, _states(report)) == (
        False,
        ["missing", "corrupted", "foreign", "intact"],
    )
    assert "1 intact packets are too few, 3 are needed" in report.trouble
    assert world.packets.overview().unsafe == 1
    world.settle()
    report, content = _back(world, deposit, actor)
    assert (_states(report), content) == (["intact"] * 4, CONTENT)


def test_a_node_that_is_away_gets_its_packet_when_it_is_back(
    world: World, actor: Actor, clock: MovableClock
) -> None:
    world.nodes.stop(NAMES[0])
    deposit = put(world.deposits, actor, CONTENT)
    world.settle()
    assert world.deposits.get(actor, deposit.id).state == State.ISSUED, "no letter waits for it"
    view = world.packets.view(deposit)
    assert view is not None
    [waiting] = [each for each in view.packets if each.kept_at is None]
    assert waiting.node == NAMES[0]
    assert "cannot be reached" in waiting.detail
    shutil.rmtree(world.folder)  # what waits to be sent may be lost, too
    world.nodes.start(NAMES[0])
    clock.forward(minutes=4)  # nodes tell the real time, and accept no request from later
    world.settle()
    view = world.packets.view(deposit)
    assert view is not None
    assert view.kept == 4
    with world.tools.database.reading() as session:
        actions = [each.action for each in entries_for(session, f"deposit:{deposit.id}")]
    assert actions.count("deposit.spread") == 1


def test_nothing_is_sent_before_the_ledger_has_the_entry(world: World, actor: Actor) -> None:
    deposit = put(world.deposits, actor, CONTENT)
    world.cutting.root(deposit)
    assert world.packets.advance() == 0
    assert world.packets.overview().complete == 0


def test_large_content_is_cut_beside_the_deposits(
    world: World, actor: Actor, monkeypatch: pytest.MonkeyPatch, clock: MovableClock
) -> None:
    monkeypatch.setattr("portal.packets.cutting.AT_ONCE", 1000)
    deposit = put(world.deposits, actor, CONTENT)
    small = put(world.deposits, actor, b"small")
    run(world.deposits)
    waiting = world.deposits.get(actor, deposit.id)
    assert (waiting.state, waiting.wait_reason) == (State.RECEIVED, "packets_cutting")
    assert world.deposits.get(actor, small.id).state == State.ISSUED
    assert world.cutting.advance() == 1
    world.settle()
    issued = world.deposits.get(actor, deposit.id)
    assert issued.state == State.ISSUED
    assert Entry.decode(issued.entry or b"").data == bytes.fromhex(_row(world, deposit).root)


def test_digests_alone_have_no_packets(world: World, actor: Actor) -> None:
    made = world.deposits.receive_digest(actor, [digest_of(b"elsewhere")], Metadata()).deposit
    world.settle()
    issued = world.deposits.get(actor, made.id)
    assert Entry.decode(issued.entry or b"").data is None
    assert world.packets.view(issued) is None
    with pytest.raises(NotFound):
        world.packets.ask(actor, made.id)


def test_erased_content_cannot_be_had_from_its_packets(
    world: World, deposit: Deposit, actor: Actor, services: Services, clock: MovableClock
) -> None:
    tools = world.tools
    privacy = PrivacyService(
        tools.settings, tools.database, tools.vault, services.accounts, tools.clock
    )
    privacy.erasing.ask(actor, deposit.id, "no longer needed", deposit.number)
    clock.forward(days=30)
    assert privacy.advance() == 1
    row = _row(world, deposit)
    assert row.keys is None
    with pytest.raises(Conflict, match="erased"):
        _back(world, deposit, actor)
    view = world.packets.view(deposit)
    assert view is not None
    assert view.forgotten


def test_keys_of_another_deposits_row_do_not_open(
    world: World, deposit: Deposit, actor: Actor
) -> None:
    other = put(world.deposits, actor, b"another")
    world.settle()
    row = _row(world, deposit)
    row.keys = _row(world, other).keys
    with pytest.raises(ValueError, match="moved"):
        world.cutting.keys_of(row)
    assert b"content" not in (row.keys or b"")


def test_a_folder_comes_back_as_its_files_and_list(
    world: World, actor: Actor, services: Services, operator: Actor
) -> None:
    files = {"卷/a.txt": b"first" * 900, "卷/b.txt": b"second" * 900, "c.bin": bytes(5000)}
    office = Office.__new__(Office)
    office.tools, office.deposits, office.applicant = world.tools, world.deposits, actor
    deposit = office.folder(files)
    world.settle()
    report, content = _back(world, deposit, operator)
    assert report.whole
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()[1:]} == {
            f"files/{path}": data for path, data in files.items()
        }
    with world.tools.database.reading() as session:
        query = select(DepositFile).where(DepositFile.deposit_id == deposit.id)
        rows = list(session.scalars(query))
    for key in (rows[0].vault_key, rows[2].vault_key, deposit.vault_key):
        world.tools.vault.delete(key or "")
    world.packets.ask(operator, deposit.id)
    world.packets.advance()
    view = world.packets.view(deposit)
    assert view is not None
    assert view.outcome == "restored"
    finding = VouchService(world.tools, services.mail.post).verify(actor, deposit.id)
    assert finding.outcome is Outcome.UNTAMPERED


def test_what_no_packet_waits_for_is_swept(world: World, deposit: Deposit) -> None:
    for name in (deposit.id, "stray"):
        (world.folder / "cut" / name).mkdir(parents=True)
    world.packets.housekeeping()
    assert list((world.folder / "cut").iterdir()) == []


def test_two_who_cut_the_same_content_agree(world: World, actor: Actor) -> None:
    deposit = put(world.deposits, actor, CONTENT)
    first = world.cutting.root(deposit)
    spec = world.cutting.spec
    assert spec is not None
    again = world.cutting._cut(_source(world, deposit), spec)
    assert first == again == bytes.fromhex(_row(world, deposit).root)
    row = _row(world, deposit)
    path = world.cutting.packet(row, 4)
    assert path.stat().st_size == plan_of(row).packet_bytes


def _source(world: World, deposit: Deposit) -> Source:
    with world.tools.database.reading() as session:
        return source_of(session, deposit)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("5/4", "no plan"),
        ("3/256", "no plan"),
        ("3/4", "name 0"),
        ("x", "such as"),
        ("0/1", "such"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(services: Services, text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        open_spec(text, services.ledgers)
    assert open_spec("", services.ledgers) is None


def test_each_node_gets_its_share_where_there_are_more() -> None:
    nodes = tuple(NodeAddress(f"n{place}", "http://127.0.0.1:1") for place in range(6))
    spec = Spec(2, 3, False, nodes)
    chosen = {spec.chosen(f"deposit-{place}")[0].name for place in range(40)}
    assert len(chosen) == 6
    assert len({node.name for node in spec.chosen("x")}) == 3


def test_without_packets_nothing_is_cut(services: Services, actor: Actor) -> None:
    deposit = put(services.deposits, actor, CONTENT)
    run(services.deposits)
    issued = services.deposits.get(actor, deposit.id)
    assert Entry.decode(issued.entry or b"").data is None
    assert services.packets.view(issued) is None
    with pytest.raises(Conflict):
        services.packets.ask(actor, deposit.id)
