"""``kill -9`` of who takes members' messages and of who brings them onto the ledger: each accepted
message stands there exactly once, and the ledger alone makes the state that the portal has."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from chain_adapter import Entry, Receipt, Trust, decode_proof, digest_of, verify
from chain_adapter.consortium import Consortium, Domain, Message, Rule
from chain_adapter.consortium.shapes import shown
from portal.audit.service import entries_for
from portal.consortium.models import GENESIS, ConsortiumMessage, State
from portal.services import Services
from portal.settings import Settings
from tests.chain_adapter.consortium.people import World, identity, regulators
from tests.effort import some
from tests.faults.dying import consort, hand_in
from tests.forks import FORKS
from tests.portal.conftest import MakeSettings
from tests.portal.consortium.portal_world import SOMEBODY, PortalWorld, rule_for
from tests.portal.deposits.pending import NODES
from timestamping.stored import from_text, reverified

pytestmark = [pytest.mark.fault, pytest.mark.timeout(900)]
#: The token is there and not stored; the ledger has the entry and nobody wrote that down.
_FEW = (3, 9)
#: More than one message has on its way.
_EVERY = tuple(range(1, 90))
_DOWN = NODES[:2]


@pytest.fixture
def rule() -> Rule:
    return rule_for("")


@pytest.fixture
def settings(make_settings: MakeSettings, rule: Rule, tmp_path: Path) -> Settings:
    path = tmp_path / "rule.json"
    path.write_bytes(rule.to_json())
    return make_settings(consortium_rule=path)


@pytest.fixture
def founded(services: Services, rule: Rule) -> PortalWorld:
    assert services.consortium.advance() >= 2
    return PortalWorld(services, World(rule, Domain.of_log(rule.digest, services.ledger.id)))


def _killed(target: object, *args: object) -> bool:
    process = FORKS.Process(target=target, args=args)  # type: ignore[arg-type]
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


def _rows(services: Services) -> list[ConsortiumMessage]:
    with services.database.reading() as session:
        return list(session.scalars(select(ConsortiumMessage)))


def _acts(services: Services, row: ConsortiumMessage) -> list[str]:
    with services.database.reading() as session:
        return [each.action for each in entries_for(session, row.subject)]


def _check(founded: PortalWorld) -> int:
    """Every message has come to one end, told once; the ledger has those that were carried out, and
    what it holds makes the portal's state. How many it has."""
    services, made = founded.services, founded.world
    rows = {row.id: row for row in _rows(services)}
    anchored = [row for row in rows.values() if row.state == State.ANCHORED]
    on_ledger = list(services.ledger.events())
    assert len(on_ledger) == len(anchored)
    stream = []
    for position, entry in on_ledger:
        row = rows[entry.key.removeprefix("member:")]
        assert (row.state, row.position, row.entry) == (State.ANCHORED, position, entry.encode())
        digest = digest_of(row.content)
        token = reverified(from_text(row.stamps or ""), digest, services.stamper.trust())
        assert (entry.digests, entry.token) == ((digest,), token.sha256)
        _verify(services, row, entry)
        if row.type != GENESIS:
            stream.append((row.content, int(token.gen_time.timestamp())))
    assert made.domain is not None
    replayed, ignored = Consortium.replay(made.made_of, made.domain, stream)
    assert not ignored, "nothing stands there that has no effect"
    mine = services.consortium.membership.ask(lambda each: repr(each.state))
    assert repr(replayed.state) == mine
    for row in rows.values():
        acts = _acts(services, row)
        assert acts.count(f"consortium.{row.state}") == 1
        assert acts.count("consortium.anchored") + acts.count("consortium.refused") == 1
    return len(on_ledger)


def _verify(services: Services, row: ConsortiumMessage, entry: Entry) -> None:
    """The record is what an offline verifier accepts."""
    trust = services.ledger.trust() | Trust(
        platforms={services.entry_key.key_id: services.entry_key.public}
    )
    receipt = Receipt.from_json((row.receipt or "").encode())
    proof = decode_proof(receipt.scheme, (row.proof or "").encode())
    assert verify(entry, receipt, proof, trust).ok


def _post(founded: PortalWorld, *messages: Message) -> None:
    for message in messages:
        assert founded.post(message).state == State.READY


@pytest.mark.parametrize("points", [_FEW, pytest.param(_EVERY, marks=pytest.mark.soak)])
def test_each_message_stands_once_whenever_the_worker_dies(
    founded: PortalWorld, points: tuple[int, ...]
) -> None:
    services, made = founded.services, founded.world
    killed, rounds = 0, 0
    for crossings in points:
        name, rounds = f"member {crossings}", rounds + 1
        _post(founded, made.register(name))
        # Two nodes are down: whatever dies, the message waits for them.
        first = _killed(consort, services.settings, crossings, 0, _DOWN)
        assert not _killed(consort, services.settings, 0, 1, _DOWN)
        [waiting] = services.consortium.reading.pending()
        assert (waiting.row.state, waiting.row.wait_reason) == (State.TIMESTAMPED, "ledger_quorum")
        # They are back: whatever dies now, it stands there once.
        second = _killed(consort, services.settings, crossings, 2, NODES)
        assert not _killed(consort, services.settings, 0, 3, NODES)
        # Of two that exclude each other one counts, whoever decides it.
        _post(founded, made.act("remove", name), made.act("remove", name, by=regulators()[2:]))
        third = _killed(consort, services.settings, crossings, 0, NODES)
        assert not _killed(consort, services.settings, 0, 1, NODES)
        about = services.consortium.reading.about(identity(name).hex())
        ends = sorted((each.row.state, each.row.refusal or "") for each in about)
        assert ends == [(State.ANCHORED, ""), (State.ANCHORED, ""), (State.REFUSED, "state")]
        killed += first + second + third
        if not first + second + third:
            break
    else:
        assert points == _FEW, "no worker survived: the work never ends"
    assert killed >= (4 if points == _FEW else 20)
    assert _check(founded) == 1 + 2 * rounds


@pytest.mark.parametrize("crossings", some(tuple(range(1, 12)), (3, 8)))
def test_signatures_are_there_once_whenever_they_are_handed_in(
    founded: PortalWorld, crossings: int
) -> None:
    services, made = founded.services, founded.world
    founded.carry_out(made.register("ann"))
    whole = made.act("blacklist", "ann")
    parts = tuple(replace(whole, signatures=(each,)).encode() for each in whole.signatures)
    died = _killed(hand_in, services.settings, SOMEBODY, parts, crossings)
    assert died == (crossings <= 9), "three transactions have three crossings each"
    assert not _killed(hand_in, services.settings, SOMEBODY, parts, 0)
    [pending] = services.consortium.reading.pending()
    assert pending.row.state == State.READY
    assert [each.address for each in pending.signers] == [
        shown(each.signer) for each in whole.signatures
    ]
    services.consortium.advance()
    assert _acts(services, pending.row) == [
        "consortium.started",
        "consortium.signed",
        "consortium.signed",
        "consortium.anchored",
    ]
    assert _check(founded) == 3
