"""One specification, two executions: whatever comes, in whatever order, both accept and refuse the
same and hold the same state after each event."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain_adapter.consortium import (
    CODES,
    Member,
    Message,
    Refused,
    Register,
    Rule,
    Signed,
    evm,
    key_hash,
)
from chain_adapter.consortium.keccak import word
from chain_adapter.consortium.keys import ORDER, SigningKey
from chain_adapter.consortium.offices import ACTS, METHODS, Group, Level, Named
from tests.chain_adapter.consortium.both import Both
from tests.chain_adapter.consortium.people import (
    NOW,
    ZERO,
    World,
    authorities,
    deposit_key,
    identity,
    key,
    regulators,
    rule,
)
from tests.chain_adapter.evm.anvil import Anvil
from tests.effort import examples

#: Few, so that they meet again: members of all kinds, and keys that change hands.
NAMES = ("house", "office", "ann", "bob", "guard")
SPARE = tuple(f"spare {number}" for number in range(3))
KEYS = [*authorities(), *regulators(), *map(key, NAMES), *map(key, SPARE)]
ALL_KEYS = [each.address for each in KEYS]

_names = st.sampled_from(NAMES)
_keys = st.sampled_from(KEYS)
_often = st.integers(0, 19).map(lambda number: number < 18)


@st.composite
def _registers(draw: Callable[..., Any], world: World) -> Message:
    """Mostly a registration that could succeed: today's authorities, the right round."""
    members = world.consortium.state.members
    absent = [each for each in NAMES if not _active(members.get(identity(each)))]
    name = draw(st.sampled_from(absent)) if absent and draw(_often) else draw(_names)
    member = members.get(identity(name))
    kind = {"house": 1, "office": 2}.get(name, 3) if draw(_often) else draw(st.integers(0, 4))
    above = {1: [""], 2: ["house"], 3: ["", "house", "office"]}.get(kind, [""])
    parent = draw(st.sampled_from(above if draw(_often) else ["", *NAMES]))
    account = key(name) if draw(_often) else draw(_keys)
    if member is not None and draw(_often):
        account = next((each for each in KEYS if each.address == member.account), account)
    expected = member.round if member else 0
    return world.register(
        name,
        by=_signers(draw, world.consortium.state.authorities, st.integers(2, 4)),
        account=account,
        kind=kind,
        parent=identity(parent) if parent else ZERO,
        level=draw(st.integers(0, 2 if draw(_often) else 3)),
        round=expected if draw(_often) else draw(st.integers(0, 2)),
        key=key_hash(deposit_key(name if draw(_often) else draw(_names))),
    )


def _active(member: Member | None) -> bool:
    return member is not None and member.active


def _signers(draw: Callable[..., Any], present: list[bytes], count: Any) -> list[SigningKey]:
    """Holders of today's keys, and now and then whoever else."""
    holders = [each for each in KEYS if each.address in present]
    if not holders or not draw(_often):
        holders = KEYS
    chosen: list[SigningKey] = draw(
        st.lists(st.sampled_from(holders), unique_by=lambda each: each.address, max_size=5)
    )
    while len(chosen) < min(draw(count), len(holders)):
        chosen.append(next(each for each in holders if each not in chosen))
    return chosen


@st.composite
def _acts(draw: Callable[..., Any], world: World) -> Message:
    method = draw(st.sampled_from(list(ACTS)))
    value = {"limit": st.integers(0, 31), "degrade": st.integers(0, 3)}.get(method, st.just(0))
    known = [n for n in NAMES[::-1] if identity(n) in world.consortium.state.members][:2]
    name = draw(st.sampled_from(known)) if known and draw(_often) else draw(_names)
    holders = world.consortium.state.regulators
    guard = world.consortium.state.members.get(identity("guard"))
    if guard is not None and draw(st.integers(0, 3)) == 0:
        holders = [guard.account]
    by = _signers(draw, holders, st.integers(3, 5) if draw(_often) else st.integers(0, 2))
    return world.act(method, name, by, draw(value), draw(st.sampled_from(["", "a reason"])))


@st.composite
def _rotations(draw: Callable[..., Any], world: World) -> Message:
    role = draw(st.sampled_from(["authority", "regulator"]))
    state = world.consortium.state
    present = state.authorities if role == "authority" else state.regulators
    old = draw(st.sampled_from([each for each in KEYS if each.address in present] or KEYS))
    old = old if draw(_often) else draw(_keys)
    new = key(draw(st.sampled_from(SPARE))) if draw(_often) else draw(_keys)
    by = list({each.address: each for each in (old, new)}.values())
    return world.rotate(role, old, new, by if draw(_often) else draw(st.lists(_keys, max_size=2)))


@st.composite
def _replacements(draw: Callable[..., Any], world: World) -> Message:
    name = draw(_names)
    member = world.consortium.state.members.get(identity(name))
    present = next((e for e in KEYS if member and e.address == member.account), key(name))
    new = draw(st.sampled_from([present, *map(key, SPARE), *map(key, NAMES)]))
    by = list({each.address: each for each in (present, new)}.values())
    signers = by if draw(_often) else draw(st.lists(_keys, max_size=2))
    return world.replace(name, new, signers, draw(_names))


@st.composite
def _changes(draw: Callable[..., Any], world: World) -> Message:
    state = world.consortium.state
    keys = (state.authorities, state.regulators) if draw(_often) else (ALL_KEYS, ALL_KEYS)
    try:
        new = _another(draw, state.rule, *keys)
    except Refused:  # a rule that does not hold together cannot even be written down
        new = state.rule
    version = state.version + 1 if draw(_often) else draw(st.integers(0, 3))
    return world.change(new, version, _signers(draw, state.regulators, st.integers(3, 5)))


def _another(draw: Callable[..., Any], old: Rule, first: list[bytes], second: list[bytes]) -> Rule:
    """The offices keep their number; their keys, the groups and the levels may be others."""
    office = zip(old.authorities, first, strict=False)
    regulator = zip(old.regulators, second, strict=False)
    return replace(
        old,
        certificates=draw(st.integers(1, 4)),
        authorities=tuple(replace(each, address=at) for each, at in office),
        regulators=tuple(
            replace(each, address=at, methods=draw(st.integers(0, 31))) for each, at in regulator
        ),
        groups=(
            Group("council", draw(st.integers(0, 63)), draw(st.integers(1, 3)), (0, 2, 4)),
            Group("assembly", METHODS["change"], draw(st.integers(2, 5)), (0, 1, 2, 3, 4)),
        ),
        named=(Named("guard", identity(draw(_names)), draw(st.integers(0, 31))),),
        levels=tuple(Level(f"level {n}", 31 >> n) for n in range(draw(st.integers(1, 4)))),
    )


_KINDS = (_acts,) * 6 + (_registers,) * 2 + (_rotations, _replacements, _changes)


def _spoiled(
    draw: Callable[..., Any], world: World, message: Message, past: list[Message]
) -> Message:
    """Something an attacker would try with a message."""
    how = draw(
        st.sampled_from(["replay", "elsewhere", "high", "reorder", "twice", "late", "forge"])
    )
    signed = message.signatures
    if how == "replay" and past:
        return past[draw(st.integers(0, len(past) - 1))]
    if how == "late":
        return replace(message, expires=world.now + draw(st.sampled_from([-1, 0, 500 * 86_400])))
    if how == "reorder":
        return replace(message, signatures=signed[::-1])
    if how == "elsewhere" and signed:
        assert world.domain is not None
        other = replace(world.domain, chain=world.domain.chain + 1)
        signer = next((e for e in KEYS if e.address == signed[0].signer), KEYS[0])
        return message.signed(Signed(signer.address, signer.sign(message.id(other))))
    if how == "twice" and signed:
        return replace(message, signatures=(signed[0], *signed))
    if how == "high" and signed:
        return message.signed(Signed(signed[0].signer, _twin(signed[0].value)))
    if how == "forge" and signed:
        return message.signed(Signed(signed[-1].signer, draw(st.binary(min_size=64, max_size=64))))
    if isinstance(message, Register) and message.certificates:
        first = message.certificates[0]
        return message.certified(replace(first, until=draw(st.sampled_from([0, world.now, NOW]))))
    return message


def _twin(value: bytes) -> bytes:
    s = ORDER - int.from_bytes(value[32:], "big")
    return value[:32] + s.to_bytes(32, "big")


@settings(
    max_examples=examples(200, 20),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_both_say_and_hold_the_same_after_each_event(node: Anvil, data: st.DataObject) -> None:
    kept = node.rpc("evm_snapshot")
    try:
        world = Both.on(node, World())
        past: list[Message] = []
        assert world.domain is not None
        for name in data.draw(
            st.sampled_from([("house", "office", "guard", "ann"), ("house", "ann")])
        ):
            kind = {"house": 1, "office": 2}.get(name, 3)
            parent = identity("house") if name == "office" else ZERO
            past.append(world.register(name, kind=kind, parent=parent, level=0))
            world.apply(past[-1])
        for _ in range(data.draw(st.integers(4, 16))):
            kind = data.draw(st.sampled_from(_KINDS))
            message = data.draw(kind(world))
            if not data.draw(_often):
                message = _spoiled(data.draw, world, message, past)
            past.append(message)
            with suppress(Refused):
                world.apply(message)
            ids = [each.id(world.domain) for each in past]
            world.same(NAMES, ALL_KEYS, ids)
    finally:
        node.rpc("evm_revert", kept)


_SPOILED: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "no certificate needed": lambda w: [w[0], word(0), *w[2:]],
    "more certificates than authorities": lambda w: [w[0], word(5), *w[2:]],
    "an authority twice": lambda w: [*w[:3], w[4], *w[4:]],
    "an authority of zeroes": lambda w: [*w[:3], word(0), *w[4:]],
    "no address": lambda w: [*w[:3], b"\1" * 32, *w[4:]],
    "a regulator twice": lambda w: [*w[:10], w[8], *w[11:]],
    "a regulator who is an authority": lambda w: [*w[:8], w[3], *w[9:]],
    "a regulator who changes the rule alone": lambda w: [*w[:9], word(32), *w[10:]],
    "more regulators than there are words": lambda w: [*w[:7], word(60), *w[8:]],
    "too many": lambda w: [*w[:7], word(65), *w[8:]],
    "a group that needs nobody": lambda w: [*w[:20], word(0), *w[21:]],
    "a group that needs more than it has": lambda w: [*w[:20], word(6), *w[21:]],
    "a group of strangers": lambda w: [*w[:21], word(1 << 5 | 31), *w[22:]],
    "an unknown method": lambda w: [*w[:19], word(64), *w[20:]],
    "a named member of zeroes": lambda w: [*w[:26], word(0), *w[27:]],
    "a named member who changes the rule": lambda w: [*w[:27], word(32), *w[28:]],
    "a word too few": lambda w: w[:-1],
    "a word too many": lambda w: [*w, word(0)],
    "nothing": lambda w: [],
    "a platform with an unknown permission": lambda w: [*w[:-1], word(32)],
    "no levels": lambda w: [*w[:28], word(0), *w[32:]],
}


@pytest.mark.parametrize("spoil", _SPOILED.values(), ids=_SPOILED.keys())
def test_the_contract_refuses_words_that_are_no_rule(
    fresh: Anvil, spoil: Callable[[list[bytes]], list[bytes]]
) -> None:
    """What Python cannot even write down, the contract judges by the words alone."""
    world = Both.on(fresh, World())
    words = list(rule().words)
    assert world.chain.refusal(_change_call(world, words), world.now) == CODES["not_enough"][0]
    spoiled = _change_call(world, spoil(words))
    assert world.chain.refusal(spoiled, world.now) == CODES["rule"][0]


def _change_call(world: Both, words: list[bytes]) -> bytes:
    """A change to ``words`` that nobody has signed: only what comes before signatures counts."""
    signature = "change(bytes32[],uint32,bytes32,uint64,(address,bytes32,bytes32)[])"
    return evm.call(signature, words, word(2), bytes(32), word(world.now + 60), [])
