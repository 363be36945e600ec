"""Rules and messages have one spelling; digests are those other implementations compute."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from chain_adapter.consortium import (
    CODES,
    Domain,
    Gate,
    Message,
    Refused,
    Register,
    Rule,
    decode,
    evm,
    genesis_content,
    keccak,
    read_genesis,
)
from chain_adapter.consortium.keys import Judge
from chain_adapter.consortium.offices import Group, Level
from tests.chain_adapter.consortium.people import World, authorities, key, regulators, rule

EMPTY = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


def messages() -> list[Message]:
    """One of each kind."""
    world = World()
    return [
        world.register("ann"),
        world.act("limit", "ann", value=3, reason="因故限制 “quoted” \\ backslash"),
        world.rotate("authority", authorities()[0], key("new")),
        world.replace("ann", key("new"), [key("ann"), key("new")], "ed25519:" + "0" * 32),
        world.change(rule(certificates=2), 2),
    ]


@pytest.mark.parametrize("message", messages(), ids=lambda each: each.type)
def test_a_message_is_read_as_it_was_written(message: Message) -> None:
    assert decode(message.encode()) == message
    assert rfc8785.dumps(json.loads(message.encode())) == message.encode()


@pytest.mark.parametrize("message", messages(), ids=lambda each: each.type)
def test_nothing_else_is_read(message: Message) -> None:
    """Other spellings, fields too many, too few, or of another shape."""
    value = json.loads(message.encode())
    spoiled: list[bytes] = [json.dumps(value).encode(), message.encode() + b"\n"]
    for name in value:
        spoiled.append(rfc8785.dumps({each: value[each] for each in value if each != name}))
        others = (None, True, -1, 2**53 - 1, "", "0X" + "0" * 40, [], {}, ["a"], 1.5)
        spoiled += [rfc8785.dumps({**value, name: each}) for each in others if each != value[name]]
    spoiled.append(rfc8785.dumps({**value, "more": 1}))
    for data in spoiled:
        try:
            read = decode(data)
        except Refused:
            continue
        assert read.encode() == data, "what is read is written the same"
        assert read != message


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read(data: bytes) -> None:
    with pytest.raises(Refused):
        decode(data)


@pytest.mark.parametrize("message", messages(), ids=lambda each: each.type)
def test_an_id_is_what_other_implementations_hash(message: Message) -> None:
    """The judge is eth-account's EIP-712; the fields are named here once more."""
    account = pytest.importorskip("eth_account.messages")
    domain = Domain(rule().digest, 31337, key("contract").address)
    types, primary, value = _typed(message)
    encoded = account.encode_typed_data(
        {
            "name": "Notary Consortium",
            "version": "1",
            "chainId": 31337,
            "verifyingContract": "0x" + domain.contract.hex(),
            "salt": domain.consortium,
        },
        types,
        value,
    )
    digest = keccak.keccak(b"\x19" + encoded.version + encoded.header + encoded.body)
    assert primary in types
    assert message.id(domain) == digest


def _typed(message: Message) -> tuple[dict[str, Any], str, dict[str, Any]]:
    def fields(text: str) -> list[dict[str, str]]:
        return [dict(zip(("type", "name"), each.split(), strict=True)) for each in text.split(",")]

    value = json.loads(message.encode())
    nonce = {"nonce": message.nonce, "expires": message.expires}
    match message.type:
        case "register":
            application = fields(
                "bytes32 identity,address account,bytes32 key,uint8 kind,bytes32 parent,"
                "uint8 level,uint32 round"
            )
            inner = fields("Application application,bytes32 nonce,uint64 expires")
            given_ = dict(value["application"])
            for name in ("identity", "key", "parent"):
                given_[name] = bytes.fromhex(given_[name])
            types = {"Registration": inner, "Application": application}
            return types, "Registration", {"application": given_, **nonce}
        case "act":
            text = "uint8 method,bytes32 member,uint32 value,bytes32 reason,bytes32 nonce"
            text += ",uint64 expires"
            act: Any = message
            return {"Act": fields(text)}, "Act", {
                "method": act.method, "member": act.member, "value": act.value,
                "reason": act.reason_digest, **nonce,
            }  # fmt: skip
        case "rotate":
            text = "uint8 role,address from,address to,bytes32 nonce,uint64 expires"
            given_ = {"role": 1, "from": value["from"], "to": value["to"], **nonce}
            return {"Rotation": fields(text)}, "Rotation", given_
        case "replace":
            text = "bytes32 identity,address account,bytes32 key,bytes32 nonce,uint64 expires"
            replaced: Any = message
            given_ = {
                "identity": replaced.identity, "account": value["account"], "key": replaced.key,
                **nonce,
            }  # fmt: skip
            return {"Replacement": fields(text)}, "Replacement", given_
    changed: Any = message
    text = "bytes32 rule,uint32 version,bytes32 nonce,uint64 expires"
    given_ = {"rule": changed.rule.digest, "version": changed.version, **nonce}
    return {"Change": fields(text)}, "Change", given_


def test_keccak_is_that_of_evm_chains() -> None:
    assert keccak.keccak(b"").hex() == EMPTY
    for size in (1, 31, 32, 135, 136, 137, 271, 272, 1000):
        assert keccak.keccak(b"x" * size) == keccak._plainly(b"x" * size)
    assert key("a").address == key("a").address


def test_an_address_is_that_of_other_implementations() -> None:
    account = pytest.importorskip("eth_account")
    secret = b"\x11" * 32
    from chain_adapter.consortium import SigningKey

    mine = SigningKey.of(secret)
    theirs = account.Account.from_key(secret)
    assert "0x" + mine.address.hex() == theirs.address.lower()
    digest = keccak.keccak(b"something")
    signed = theirs.unsafe_sign_hash(digest)
    assert mine.sign(digest) == bytes(signed.signature[:64])
    assert Judge().fits(mine.address, digest, bytes(signed.signature[:64]))


def test_a_rule_is_read_as_it_was_written() -> None:
    made = rule()
    assert Rule.from_json(made.to_json()) == made
    assert read_genesis(genesis_content(made)) == made
    assert len({made.digest, rule(certificates=2).digest, rule(name="other").digest}) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"certificates": 0},
        {"certificates": 5},
        {"levels": ()},
        {"levels": (Level("a", 32),)},
        {"groups": (Group("g", 1, 0, (0,)),)},
        {"groups": (Group("g", 1, 2, (0,)),)},
        {"groups": (Group("g", 1, 1, (1, 0)),)},
        {"groups": (Group("g", 1, 1, (0, 0)),)},
        {"groups": (Group("g", 1, 1, (9,)),)},
        {"groups": (Group("g", 64, 1, (0,)),)},
        {"authorities": (*rule().authorities, rule().authorities[0])},
        {"authorities": (replace(rule().authorities[0], address=bytes(20)),)},
        {"regulators": (replace(rule().regulators[0], address=rule().authorities[0].address),)},
        {"regulators": tuple(replace(each, methods=32) for each in rule().regulators)},
        {"named": rule().named * 2},
        {"platforms": rule().platforms * 2},
    ],
    ids=lambda each: next(iter(each)),
)
def test_a_rule_that_does_not_hold_together(changes: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        rule(**changes)
    assert refused.value.code == "rule"


def test_codes_stand_in_the_specification() -> None:
    from pathlib import Path

    text = (Path(__file__).parents[3] / "docs/consortium.md").read_text()
    for code, (number, _) in CODES.items():
        assert f"| {number} | `{code}` |" in text.replace(" | | ", " |\n| "), code
    assert sorted(number for number, _ in CODES.values()) == list(range(1, len(CODES) + 1))


def test_the_contract_fits_onto_every_chain() -> None:
    """EIP-170 bounds the code that stands on a chain, EIP-3860 the code that makes it."""
    artefact = evm.artefact()
    assert len(artefact["deployedBytecode"]) // 2 - 1 <= 24_576
    assert len(evm.deployment(rule())) <= 49_152


def test_the_gate_of_a_node() -> None:
    """Open from the genesis, feed, ask; what is forged is told and changes nothing."""
    from datetime import UTC, datetime

    world = World()
    gate = Gate.open(genesis_content(world.made_of), "log.example/notary")
    now = datetime.fromtimestamp(world.now, UTC)
    from tests.chain_adapter.consortium.people import PLATFORM, deposit_key

    ann = deposit_key("ann")
    assert "unknown" in (gate.permitted_key(ann, PLATFORM, "deposit") or "")
    register = world.register("ann")
    tried = gate.copy()
    assert tried.feed(register.encode(), now) is None
    assert "unknown" in (gate.permitted_key(ann, PLATFORM, "deposit") or ""), "a copy is its own"
    assert gate.refusal(register.encode(), now) is None
    assert gate.feed(register.encode(), now) is None
    assert gate.permitted_key(ann, PLATFORM, "deposit") is None
    assert gate.permitted_key("a pseudonym", PLATFORM, "deposit") is None, "the platform acts"
    assert gate.permitted_key("a pseudonym", ann, "custody-head") is None
    assert gate.entry_id(register.encode()) == register.id(gate.consortium.domain).hex()
    forged = world.act("blacklist", "ann", by=regulators()[:2])
    before = repr(gate.consortium.state)
    assert (gate.feed(forged.encode(), now) or "").startswith("not_enough")
    for data in (b"", b"{}", genesis_content(world.made_of), register.encode()):
        assert gate.feed(data, now) is not None
    assert repr(gate.consortium.state) == before
    assert gate.feed(world.act("blacklist", "ann").encode(), now) is None
    assert "blacklisted" in (gate.permitted_key(ann, PLATFORM, "deposit") or "")


def test_a_certificate_of_an_unknown_key_is_not_remembered_as_an_authority() -> None:
    world = World()
    register = world.register("ann")
    assert isinstance(register, Register)
    swapped = replace(register.certificates[0], signature=register.certificates[1].signature)
    with pytest.raises(Refused):
        world.apply(register.certified(swapped))
    world.apply(register)
