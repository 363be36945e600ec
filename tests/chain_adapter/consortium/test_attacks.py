"""What somebody might try, each against both executions: refused with its own code, and nothing
has changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chain_adapter.consortium import Act, Application, Domain, Message, Refused, Signed, key_hash
from chain_adapter.consortium.keys import ORDER
from chain_adapter.consortium.offices import ACTS, METHODS
from tests.chain_adapter.consortium.people import (
    YEAR,
    World,
    authorities,
    deposit_key,
    identity,
    key,
    regulators,
    rule,
)


def refused(world: World, message: Message, code: str) -> None:
    """``message`` is refused with ``code`` and leaves everything as it is."""
    before = repr(world.consortium.state)
    with pytest.raises(Refused) as found:
        world.apply(message)
    assert found.value.code == code
    assert repr(world.consortium.state) == before


def allowed(world: World, name: str, action: str = "deposit") -> str | None:
    denial = world.consortium.permitted(deposit_key(name), action)
    return denial and denial.code


def high(signature: bytes) -> bytes:
    """The twin of a signature, which the curve accepts as well."""
    s = ORDER - int.from_bytes(signature[32:], "big")
    return signature[:32] + s.to_bytes(32, "big")


def test_three_authorities_make_a_member_without_an_administrator(world: World) -> None:
    assert allowed(world, "ann") == "unknown"
    world.apply(world.register("ann"))
    assert allowed(world, "ann") is None


def test_one_authority_too_few(world: World) -> None:
    refused(world, world.register("ann", by=authorities()[:2]), "not_enough")


def test_the_same_authority_twice(world: World) -> None:
    good = world.register("ann", by=authorities()[:2])
    twice = sorted([*good.certificates, good.certificates[0]], key=lambda each: each.authority)
    refused(world, replace(good, certificates=tuple(twice)), "signer_twice")


def test_authorities_out_of_order(world: World) -> None:
    good = world.register("ann")
    refused(world, replace(good, certificates=good.certificates[::-1]), "signature_order")


@pytest.mark.parametrize(
    ("start", "until", "code"),
    [
        (-YEAR, 0, "certificate_expired"),
        (-YEAR, -1, "certificate_expired"),
        (9, 99, "certificate_early"),
    ],
)
def test_a_certificate_out_of_its_time(world: World, start: int, until: int, code: str) -> None:
    good = world.register("ann", by=authorities()[:2])
    late = world.certificate(
        good.application, authorities()[2], world.now + start, world.now + until
    )
    refused(world, good.certified(late), code)


def test_a_certificate_for_another_application(world: World) -> None:
    """The authorities vouched for a person of the lowest level, not for what is asked for."""
    good = world.register("ann", level=2)
    more = replace(good, application=replace(good.application, level=0))
    refused(world, world.sign(replace(more, signatures=()), key("ann")), "signature_wrong")


def test_somebody_elses_account_presents_the_certificates(world: World) -> None:
    good = replace(world.register("ann"), signatures=())
    refused(world, world.sign(good, key("mallory")), "signer_unknown")
    refused(world, good, "not_enough")


def test_an_authority_that_never_was(world: World) -> None:
    message = world.register("ann", by=[*authorities()[:2], key("mallory")])
    refused(world, message, "signer_unknown")


def test_a_valid_signature_by_the_wrong_signer(world: World) -> None:
    """Recovery gives an address for any signature: it must be the one that is named."""
    world.apply(world.register("ann"))
    act = world.act("blacklist", "ann", by=regulators()[:2])
    assert world.domain is not None
    forged = Signed(regulators()[2].address, key("mallory").sign(act.id(world.domain)))
    refused(world, act.signed(forged), "signature_wrong")
    refused(world, world.sign(act, key("mallory")), "signer_unknown")
    refused(world, world.sign(act, authorities()[0]), "signer_unknown")


@pytest.mark.parametrize(
    "value",
    [bytes(64), b"\xff" * 32 + b"\0" * 31 + b"\1", b"\1" * 64],
    ids=["zeroes", "beyond", "ones"],
)
def test_a_signature_of_nothing(world: World, value: bytes) -> None:
    world.apply(world.register("ann"))
    act = world.act("blacklist", "ann", by=regulators()[:2])
    refused(world, act.signed(Signed(regulators()[2].address, value)), "signature_wrong")
    refused(world, act.signed(Signed(bytes(20), value)), "signature_wrong")


def test_a_high_s_signature(world: World) -> None:
    world.apply(world.register("ann"))
    act = world.act("blacklist", "ann")
    last = act.signatures[-1]
    refused(world, act.signed(Signed(last.signer, high(last.value))), "signature_high")
    good = world.register("bob")
    first = good.certificates[0]
    twin = replace(first, signature=high(first.signature))
    refused(world, good.certified(twin), "signature_high")


def test_a_replay(world: World) -> None:
    world.apply(world.register("ann"))
    blacklist = world.act("blacklist", "ann")
    world.apply(blacklist)
    world.apply(world.act("restore", "ann"))
    refused(world, blacklist, "replayed")
    fewer = replace(blacklist, signatures=blacklist.signatures[1:])
    refused(world, fewer, "replayed")


def test_a_replay_on_another_contract_chain_or_log(world: World) -> None:
    """The same rule elsewhere: what was signed there is worth nothing here."""
    domain = world.domain
    assert domain is not None
    elsewhere = (
        replace(domain, contract=bytes(20)),
        replace(domain, chain=domain.chain + 1),
        replace(domain, consortium=bytes(32)),
        Domain.of_log(domain.consortium, "log.example/another"),
    )
    world.apply(world.register("ann"))
    for other in elsewhere:
        away = World(world.made_of, other, world.now)
        refused(world, away.act("blacklist", "ann"), "signature_wrong")
        refused(world, away.register("bob"), "signature_wrong")
        rotation = away.rotate("regulator", regulators()[0], key("new"))
        refused(world, rotation, "signature_wrong")


def test_a_message_whose_time_has_run_out(world: World) -> None:
    world.apply(world.register("ann"))
    act = world.act("blacklist", "ann")
    for expires, code in ((world.now, "expired"), (world.now + 401 * 86_400, "expires_late")):
        refused(world, world.sign(replace(act, expires=expires, signatures=())), code)


def test_an_old_key_after_rotation(world: World) -> None:
    world.apply(world.register("ann"))
    old, new = regulators()[0], key("new")
    world.apply(world.rotate("regulator", old, new))
    refused(world, world.act("blacklist", "ann"), "signer_retired")
    refused(world, world.rotate("regulator", old, key("newer")), "signer_retired")
    refused(world, world.rotate("regulator", new, old), "key_retired")
    world.apply(world.act("limit", "ann", by=[new], value=1))
    old, new = authorities()[0], key("new authority")
    world.apply(world.rotate("authority", old, new))
    refused(world, world.register("bob"), "signer_retired")
    world.apply(world.register("bob", by=[new, *authorities()[1:3]]))
    assembly = [*regulators()[1:4], key("new")]
    refused(world, world.change(rule(), 2, by=assembly), "rule")
    now = world.consortium.state
    offices = rule().authorities[1:], rule().regulators[0]
    clean = rule(
        authorities=offices[0],
        regulators=(replace(offices[1], address=now.regulators[0]), *rule().regulators[1:]),
    )
    refused(world, world.change(clean, 2), "signer_retired")
    world.apply(world.change(clean, 2, by=assembly))


def test_a_rotation_needs_the_key_before_and_the_key_after(world: World) -> None:
    old, new = regulators()[0], key("new")
    refused(world, world.rotate("regulator", old, new, by=[new]), "not_enough")
    refused(world, world.rotate("regulator", old, new, by=[old]), "not_enough")
    refused(world, world.rotate("regulator", old, new, by=regulators()[1:3]), "signer_unknown")
    refused(world, world.rotate("authority", old, new), "signer_unknown")
    refused(world, world.rotate("regulator", old, regulators()[1]), "key_taken")


def test_a_blacklisted_parent_blocks_its_branch(world: World) -> None:
    world.apply(world.register("house", kind=1, level=0))
    world.apply(world.register("office", kind=2, parent=identity("house")))
    world.apply(world.register("ann", parent=identity("office")))
    world.apply(world.act("blacklist", "house"))
    assert allowed(world, "house") == "blacklisted"
    assert allowed(world, "office") == allowed(world, "ann") == "branch_blocked"
    refused(world, world.register("bob", parent=identity("office")), "parent_blocked")
    world.apply(world.act("restore", "house"))
    assert allowed(world, "ann") is None
    world.apply(world.register("bob", parent=identity("office")))
    world.apply(world.act("remove", "office"))
    assert allowed(world, "bob") == "branch_blocked"
    assert allowed(world, "house") is None


@pytest.mark.parametrize(
    ("kind", "parent"), [(1, "house"), (2, "office"), (2, ""), (3, "ann"), (3, "nobody")]
)
def test_a_branch_grows_downwards(world: World, kind: int, parent: str) -> None:
    world.apply(world.register("house", kind=1))
    world.apply(world.register("office", kind=2, parent=identity("house")))
    world.apply(world.register("ann", parent=identity("office")))
    above = identity(parent) if parent else bytes(32)
    refused(world, world.register("bob", kind=kind, parent=above), "parent")


def test_who_was_blacklisted_does_not_come_back(world: World) -> None:
    """Neither with the same commitment under new keys, nor with a key under a new commitment."""
    world.apply(world.register("ann"))
    world.apply(world.act("remove", "ann"))
    world.apply(world.act("blacklist", "ann"))
    again: dict[str, Any] = {"round": 1}
    refused(world, world.register("ann", **again), "blacklisted")
    fresh = key_hash(deposit_key("a fresh one"))
    refused(world, world.register("ann", account=key("other"), key=fresh, **again), "blacklisted")
    refused(world, world.register("eve", account=key("ann")), "blacklisted")
    refused(world, world.register("eve", key=key_hash(deposit_key("ann"))), "blacklisted")
    assert allowed(world, "ann") == "blacklisted"


def test_who_was_removed_needs_new_certificates(world: World) -> None:
    first = world.register("ann")
    world.apply(first)
    refused(world, world.register("ann"), "member_exists")
    world.apply(world.act("remove", "ann"))
    assert allowed(world, "ann") == "removed"
    again = replace(first, nonce=bytes(32), signatures=())
    refused(world, world.sign(again, key("ann")), "round")
    refused(world, world.register("ann", round=1, kind=1), "application")
    world.apply(world.register("ann", round=1))
    assert allowed(world, "ann") is None


def test_a_members_old_key_after_its_replacement(world: World) -> None:
    world.apply(world.register("guard"))
    world.apply(world.register("ann"))
    old, new = key("guard"), key("guard's new")
    forged = world.replace("guard", new, [new, key("ann")], deposit_key("new"))
    refused(world, forged, "signer_unknown")
    refused(world, world.replace("guard", new, [new], deposit_key("new")), "not_enough")
    world.apply(world.replace("guard", new, [old, new], deposit_key("new")))
    assert allowed(world, "guard") == "unknown"
    assert allowed(world, "new") is None
    refused(world, world.act("blacklist", "ann", by=[old]), "signer_retired")
    refused(world, world.register("eve", account=old), "key_taken")
    refused(world, world.replace("guard", old, [old, new], deposit_key("new")), "key_retired")
    refused(world, world.replace("guard", new, [new], deposit_key("guard")), "key_retired")
    refused(world, world.replace("guard", key("ann"), [new], deposit_key("new")), "key_taken")
    world.apply(world.act("blacklist", "ann", by=[new]))


def test_three_of_five_or_one_who_may(world: World) -> None:
    world.apply(world.register("ann"))
    world.apply(world.register("guard"))
    refused(world, world.act("blacklist", "ann", by=regulators()[:2]), "not_enough")
    refused(world, world.act("blacklist", "ann", by=regulators()[:1]), "not_enough")
    refused(world, world.act("blacklist", "ann", by=[]), "not_enough")
    refused(world, world.act("blacklist", "ann", by=[key("ann")]), "signer_unknown")
    world.apply(world.act("blacklist", "ann", by=regulators()[2:]))
    world.apply(world.act("restore", "ann", by=[key("guard")]))
    refused(world, world.act("degrade", "ann", by=[key("guard")], value=2), "not_enough")
    world.apply(world.act("limit", "ann", by=regulators()[:1], value=1))
    assert allowed(world, "ann") == "permission"
    world.apply(world.act("blacklist", "guard"))
    refused(world, world.act("restore", "ann", by=[key("guard")]), "signer_unknown")


def test_levels_go_down_alone_and_come_back_by_restoring(world: World) -> None:
    world.apply(world.register("ann", level=1))
    assert allowed(world, "ann", "draw") == "permission"
    for value in (0, 1, 3):
        refused(world, world.act("degrade", "ann", value=value), "value")
    refused(world, world.act("restore", "ann"), "state")
    world.apply(world.act("degrade", "ann", value=2))
    assert allowed(world, "ann") == "permission"
    world.apply(world.act("restore", "ann"))
    assert allowed(world, "ann") is None
    refused(world, world.act("limit", "ann", value=0), "value")
    refused(world, world.act("blacklist", "ann", value=1), "value")
    refused(world, world.act("blacklist", "nobody"), "member_unknown")


def test_the_rule_changes_only_by_the_rule(world: World) -> None:
    two = rule(certificates=2)
    refused(world, world.change(two, 2, by=regulators()[:3]), "not_enough")
    refused(world, world.change(two, 2, by=authorities()), "signer_unknown")
    refused(world, world.change(two, 1), "version")
    refused(world, world.register("ann", by=authorities()[:2]), "not_enough")
    world.apply(world.change(two, 2))
    world.apply(world.register("ann", by=authorities()[:2]))
    assert world.consortium.state.version == 2
    refused(world, world.change(rule(), 2), "version")
    strict = rule(authorities=rule().authorities[1:], levels=rule().levels[:1])
    world.apply(world.change(strict, 3))
    assert allowed(world, "ann") == "permission", "its level is gone"
    refused(world, world.register("bob", level=0), "signer_unknown")


def test_an_application_that_is_not_well_formed(world: World) -> None:
    wrong: tuple[dict[str, Any], ...] = (
        {"identity": bytes(32)}, {"kind": 0}, {"kind": 4}, {"level": 3},
    )  # fmt: skip
    for each in wrong:
        refused(world, world.register("ann", **each), "application")
    refused(world, world.register("ann", round=1), "round")


def test_a_method_that_is_not_one(world: World) -> None:
    world.apply(world.register("ann"))
    for method in (0, 3, METHODS["change"], 64):
        act = Act(method=method, member=identity("ann"), nonce=bytes(32), expires=world.now + 60)
        refused(world, world.sign(act, *regulators()), "malformed")
    assert set(ACTS.values()) == {1, 2, 4, 8, 16}


def test_the_same_application_has_one_struct() -> None:
    """All its fields count."""
    one = World().application("ann")
    others: list[Application] = [
        replace(one, identity=bytes(32)),
        replace(one, account=bytes(20)),
        replace(one, key=bytes(32)),
        replace(one, kind=1),
        replace(one, parent=identity("b")),
        replace(one, level=0),
        replace(one, round=1),
    ]
    assert len({each.struct() for each in (one, *others)}) == 8
