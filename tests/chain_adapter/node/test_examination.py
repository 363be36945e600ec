"""Steps 1 to 6: for each one what fails it, asked before the append and found in the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from chain_adapter import Entry, EntryKey, Signature
from chain_adapter.supplement import Supplement
from tests.chain_adapter.node.conftest import MakeNode, NodeHere
from tests.chain_adapter.node.serving import LogServer, Platform, ask

Forge = Callable[[Platform], tuple[Entry, Supplement | None]]
DEPOSITOR = EntryKey.generate()


def unpermitted_kind(platform: Platform) -> tuple[Entry, Supplement]:
    return platform.deposit("odd", kind="draw.list")


def unknown_platform(platform: Platform) -> tuple[Entry, Supplement]:
    return Platform(platform.stamps, EntryKey.generate()).deposit("stranger")


def forged_platform(platform: Platform) -> tuple[Entry, Supplement]:
    entry, beside = platform.deposit("forged")
    (signature,) = entry.signatures
    return replace(entry, signatures=(replace(signature, value=bytes(64)),)), beside


def other_platforms_signature(platform: Platform) -> tuple[Entry, Supplement]:
    entry, beside = platform.deposit("borrowed")
    stranger = EntryKey.generate()
    return stranger.sign(replace(entry, signatures=())), beside


def unsigned_depositor(platform: Platform) -> tuple[Entry, Supplement]:
    return platform.deposit("unsigned", by=DEPOSITOR.key_id)


def forged_depositor(platform: Platform) -> tuple[Entry, Supplement]:
    entry, beside = platform.deposit("forged-depositor", depositor=DEPOSITOR)
    signature = Signature("depositor", DEPOSITOR.key_id, "ed25519", bytes(64))
    body = replace(entry, signatures=())
    return platform.key.sign(body.with_signature(signature)), beside


def depositor_of_another_transaction(platform: Platform) -> tuple[Entry, Supplement]:
    entry, beside = platform.deposit("moved", depositor=DEPOSITOR)
    signature = platform.deposit("original", depositor=DEPOSITOR)[0].signature("depositor")
    assert signature is not None
    body = replace(entry, signatures=())
    return platform.key.sign(body.with_signature(signature)), beside


def depositor_unnamed(platform: Platform) -> tuple[Entry, Supplement]:
    entry, beside = platform.deposit("unnamed", depositor=DEPOSITOR)
    signature = entry.signature("depositor")
    assert signature is not None
    body = replace(entry, by="account:1", signatures=())
    return platform.key.sign(body.with_signature(signature)), beside


def without_key(platform: Platform) -> tuple[Entry, Supplement]:
    entry, beside = platform.deposit("keyless", depositor=DEPOSITOR)
    return entry, replace(beside, depositor=b"")


def another_key(platform: Platform) -> tuple[Entry, Supplement]:
    entry, beside = platform.deposit("other-key", depositor=DEPOSITOR)
    return entry, replace(beside, depositor=EntryKey.generate().public)


def without_supplement(platform: Platform) -> tuple[Entry, None]:
    return platform.deposit("alone")[0], None


def another_token(platform: Platform) -> tuple[Entry, Supplement]:
    entry, beside = platform.deposit("tokenless")
    return entry, replace(beside, token=platform.deposit("other")[1].token)


def token_of_another_digest(platform: Platform) -> tuple[Entry, Supplement]:
    """The entry commits to a good token, over something else."""
    entry, _ = platform.deposit("wrong")
    other, beside = platform.deposit("right")
    body = replace(entry, token=other.token, signatures=())
    return platform.key.sign(body), beside


def token_that_is_none(platform: Platform) -> tuple[Entry, Supplement]:
    import hashlib

    entry, _ = platform.deposit("none")
    token = b"\x30\x00"
    body = replace(entry, token=hashlib.sha256(token).digest(), signatures=())
    return platform.key.sign(body), Supplement(token)


def another_content(platform: Platform) -> tuple[Entry, Supplement]:
    entry, beside = platform.deposit("content", content=b"public")
    return entry, replace(beside, content=b"another")


STEPS: list[tuple[int, str, Forge]] = [
    (1, "kind", unpermitted_kind),
    (2, "platform", unknown_platform),
    (3, "platform_signature", forged_platform),
    (3, "platform_signature", other_platforms_signature),
    (4, "depositor_signature", unsigned_depositor),
    (4, "depositor_signature", forged_depositor),
    (4, "depositor_signature", depositor_of_another_transaction),
    (4, "depositor_signature", depositor_unnamed),
    (4, "depositor_key", without_key),
    (4, "depositor_key", another_key),
    (5, "supplement", without_supplement),
    (5, "token", another_token),
    (5, "token", token_of_another_digest),
    (5, "token", token_that_is_none),
    (6, "content", another_content),
]


@pytest.mark.parametrize(
    ("step", "code", "forge"), STEPS, ids=[forge.__name__ for _, _, forge in STEPS]
)
def test_each_step_refuses_before_the_append_and_in_the_log(
    step: int, code: str, forge: Forge, make: MakeNode, log: LogServer, platform: Platform
) -> None:
    node = make(log_more='kinds = ["deposit"]')
    forged = forge(platform)
    good = platform.deposit("good", depositor=DEPOSITOR)
    found = node.examine(log.ledger.id, [good, forged])
    assert found[0] == {"ok": True}
    assert (found[1]["ok"], found[1]["step"], found[1]["code"]) == (False, step, code)
    log.append([good])
    assert node.add_checkpoint(log).status == 200
    # The platform appends it all the same.
    log.ledger.append([forged[0]])
    log.supplements[forged[0].key] = forged[1]
    said = node.add_checkpoint(log)
    assert (said.status, said.code) == (422, code)
    assert f"step {step}" in said.text
    assert node.refusals() == [code]
    assert node.status()["logs"][0]["size"] == 1


def test_an_entry_that_is_none_fails_step_1(node: NodeHere, log: LogServer) -> None:
    body = (
        b'{"origin":"%s","items":[{"entry":"e30="},{"entry":"?"},{},7,{"entry":"e30=",'
        b'"supplement":{"token":""}}]}'
    ) % log.ledger.id.encode()
    found = ask(f"{node.url}/examine", body).json()["items"]
    assert [each["ok"] for each in found] == [False] * 5
    assert [each["step"] for each in found[:4]] == [1, 1, 1, 1]


def test_what_passed_is_examined_without_asking_the_log_again(
    node: NodeHere, log: LogServer, platform: Platform
) -> None:
    deposits = platform.deposits("asked", 3)
    assert node.examine(log.ledger.id, deposits) == [{"ok": True}] * 3
    log.append([(entry, None) for entry, _ in deposits])
    assert node.add_checkpoint(log).status == 200
    assert not [path for path in log.asked if path.startswith("supplement")]


def test_only_what_is_well_formed_is_examined(node: NodeHere, platform: Platform) -> None:
    url = f"{node.url}/examine"
    for body, status in (
        (b"", 400),
        (b"[]", 400),
        (b'{"origin":"notary.example/ledger"}', 400),
        (b'{"origin":"notary.example/ledger","items":{}}', 400),
        (b'{"origin":"notary.example/ledger","items":[%s]}' % b",".join([b"1"] * 257), 400),
        (b'{"origin":{},"items":[]}', 400),
        (b'{"origin":"other","items":[]}', 404),
        (b"[" * 100_000, 400),
    ):
        assert ask(url, body).status == status, body[:60]


def test_a_depositors_entry_passes_with_all_its_signatures(
    node: NodeHere, log: LogServer, platform: Platform
) -> None:
    deposits = [
        platform.deposit("signed", depositor=DEPOSITOR),
        platform.deposit("public", content=b"for all to read"),
        platform.deposit("packets", data=bytes(32)),
    ]
    log.append(deposits)
    assert node.add_checkpoint(log).status == 200
    copy = node.node.logs[log.ledger.id].copy
    assert copy.rows(0, 9) == [(entry.encode(), beside) for entry, beside in deposits]
    assert node.node.holds_data(bytes(32))
    assert not node.node.holds_data(b"\x01" * 32)
