"""Members' messages on the spine: collected, judged, stamped, anchored; and what they decide."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from chain_adapter import Digest, Entry
from chain_adapter.consortium import Consortium, Rule, decode
from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.consortium.models import State
from portal.deposits.records import Metadata
from portal.problems import BadInput, Conflict, Forbidden
from portal.services import Services
from tests.chain_adapter.consortium.people import (
    authorities,
    deposit_key,
    identity,
    key,
    regulators,
)
from tests.portal.consortium.portal_world import PortalWorld
from timestamping.stored import from_text


def permitted(founded: PortalWorld, name: str | None) -> str | None:
    key_id = None if name is None else deposit_key(name)
    denial = founded.services.consortium.permitted(key_id)
    return denial and denial.code


def test_the_rule_is_recorded_once(services: Services, rule: Rule, founded: PortalWorld) -> None:
    shown = services.consortium.reading.message(rule.digest.hex())
    assert (shown.row.state, shown.row.type) == (State.ANCHORED, "genesis")
    entry = Entry.decode(shown.row.entry or b"")
    assert entry.key == f"member:{rule.digest.hex()}"
    assert services.consortium.advance() == 0
    assert services.consortium.reading.overview().rule == rule


def test_a_registration_reaches_the_ledger(founded: PortalWorld) -> None:
    assert permitted(founded, "ann") == "unknown"
    row = founded.carry_out(founded.world.register("ann"))
    assert row.state == State.ANCHORED
    assert permitted(founded, "ann") is None
    token = from_text(row.stamps or "")
    assert Entry.decode(row.entry or b"").token == token.sha256
    [account] = founded.services.consortium.reading.accounts()
    assert (account.standing, account.level) == ("active", "deposits")


def test_blacklisted_by_three_of_five_who_sign_one_after_another(founded: PortalWorld) -> None:
    founded.carry_out(founded.world.register("ann"))
    whole = founded.world.act("blacklist", "ann")
    for count in (1, 2):
        part = replace(whole, signatures=whole.signatures[count - 1 : count])
        assert founded.post(part).state == State.COLLECTING
        [shown] = founded.services.consortium.reading.pending()
        ways = {way.name: (way.got, way.need, len(way.open)) for way in shown.ways}
        assert ways == {"council": (count, 3, 5 - count)}
    with pytest.raises(Conflict):
        founded.post(replace(whole, signatures=whole.signatures[:1]))
    assert founded.carry_out(whole).state == State.ANCHORED
    assert permitted(founded, "ann") == "blacklisted"
    with pytest.raises(Conflict):
        founded.post(whole)


def test_an_application_collects_certificates(founded: PortalWorld) -> None:
    whole = founded.world.register("ann")
    assert founded.post(replace(whole, certificates=())).state == State.COLLECTING
    for each in whole.certificates[:2]:
        part = replace(whole, certificates=(each,), signatures=())
        assert founded.post(part).state == State.COLLECTING
    last = replace(whole, certificates=whole.certificates[2:], signatures=())
    assert founded.carry_out(last).state == State.ANCHORED
    assert permitted(founded, "ann") is None


def test_what_the_rule_refuses_is_refused_with_its_code(founded: PortalWorld) -> None:
    founded.carry_out(founded.world.register("ann"))
    act = founded.world.act("blacklist", "ann")
    wrong = act.signed(replace(act.signatures[0], value=act.signatures[1].value))
    cases = [
        (founded.world.register("ann"), "consortium_member_exists"),
        (founded.world.act("restore", "ann"), "consortium_state"),
        (wrong, "consortium_signature_wrong"),
        (founded.world.act("remove", "ann", by=[key("mallory")]), "consortium_signer_unknown"),
        (founded.world.act("remove", "ann", by=[]), "consortium_unsigned"),
    ]
    for message, code in cases:
        with pytest.raises(BadInput) as refused:
            founded.post(message)
        assert refused.value.code == code
    for given in (b"", b"[]", b"{", b'{"v":1}', b"\xff", b"[" * 5000):
        with pytest.raises(BadInput):
            founded.services.consortium.collecting.post(Actor("u", "U", frozenset()), given)
    assert founded.services.consortium.reading.pending() == []


def test_the_later_of_two_that_exclude_each_other_is_refused(founded: PortalWorld) -> None:
    founded.carry_out(founded.world.register("ann"))
    first = founded.post(founded.world.act("remove", "ann"))
    second = founded.post(founded.world.act("remove", "ann", by=regulators()[2:]))
    founded.services.consortium.advance()
    reading = founded.services.consortium.reading
    states = {each.row.id: (each.row.state, each.row.refusal) for each in reading.latest()}
    outcomes = sorted([states[first.id], states[second.id]], key=str)
    assert outcomes == [(State.ANCHORED, None), (State.REFUSED, "state")]


def test_a_message_nobody_finished_expires(founded: PortalWorld) -> None:
    founded.carry_out(founded.world.register("ann"))
    act = founded.world.act("blacklist", "ann", by=regulators()[:1])
    soon = replace(act, expires=founded.world.now + 2, signatures=())
    row = founded.post(founded.world.sign(soon, regulators()[0]))
    tools = founded.services.consortium.anchoring._tools
    later = tools.clock().replace(year=tools.clock().year + 1)
    object.__setattr__(tools, "clock", lambda: later)
    founded.services.consortium.advance()
    shown = founded.services.consortium.reading.message(row.id)
    assert (shown.row.state, shown.row.refusal) == (State.REFUSED, "expired")


def test_a_deposit_is_refused_to_whom_the_rule_does_not_permit(founded: PortalWorld) -> None:
    """Nobody deposits without a key here: the rule names no platform."""
    actor = Actor("u-1", "U", frozenset({"depositor"}))
    digests = [Digest("sha256", bytes(32))]
    with pytest.raises(Forbidden) as refused:
        founded.services.deposits.receive_digest(actor, digests, Metadata("t"), None, None)
    assert refused.value.code == "member_platform"
    members = founded.services.consortium.membership
    founded.carry_out(founded.world.register("house", kind=1, level=0))
    founded.carry_out(founded.world.register("ann", parent=identity("house")))
    members.require(deposit_key("ann"))
    founded.carry_out(founded.world.act("blacklist", "house"))
    for name, code in (("house", "member_blacklisted"), ("ann", "member_branch_blocked")):
        with pytest.raises(Forbidden) as refused:
            members.require(deposit_key(name))
        assert refused.value.code == code


def test_what_is_published_replays_to_the_same_state(founded: PortalWorld) -> None:
    world = founded.world
    founded.carry_out(world.register("ann"))
    founded.carry_out(world.rotate("authority", authorities()[0], key("new")))
    founded.carry_out(world.act("limit", "ann", by=regulators()[:1], value=1))
    assert permitted(founded, "ann") == "permission"
    from base64 import b64decode

    lines = founded.services.consortium.reading.stream().splitlines()
    stream = [(b64decode(each["content"]), each["time"]) for each in map(json.loads, lines)]
    assert world.domain is not None
    other, ignored = Consortium.replay(world.made_of, world.domain, stream[1:])
    assert not ignored
    mine = founded.services.consortium.membership.ask(lambda each: repr(each.state))
    assert repr(other.state) == mine
    assert decode(stream[1][0]).type == "register"
    [change] = founded.services.consortium.reading.keys()
    assert (change.role, change.office) == ("authority", "authority 0")


def test_every_step_stands_in_the_custody_log(founded: PortalWorld) -> None:
    row = founded.carry_out(founded.world.register("ann"))
    with founded.services.database.reading() as session:
        acts = [
            each.action
            for each in session.query(AuditEntry).filter(AuditEntry.subject == row.subject)
        ]
    assert acts == ["consortium.started", "consortium.anchored"]


def test_other_processes_know_what_is_anchored(
    founded: PortalWorld, settings: object, services: Services
) -> None:
    from portal.consortium.membership import Membership

    other = Membership(
        services.database, services.ledger.id, services.entry_key.key_id, active=True
    )
    assert other.permitted(deposit_key("ann")) is not None
    founded.carry_out(founded.world.register("ann"))
    assert other.permitted(deposit_key("ann")) is None
    founded.carry_out(founded.world.act("blacklist", "ann"))
    assert other.permitted(deposit_key("ann")) is not None
