"""Under a consortium's rule: who may deposit is decided by messages on the log, at every node."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from chain_adapter import Entry, EntryKey
from chain_adapter.consortium import Domain, Message, genesis_content, key_hash
from chain_adapter.consortium import rule as rules
from chain_adapter.supplement import Supplement
from tests.chain_adapter.consortium.people import World, authorities, regulators, rule
from tests.chain_adapter.node.conftest import MakeNode, NodeHere
from tests.chain_adapter.node.serving import LogServer, Platform

ALICE, BOB = EntryKey.generate(), EntryKey.generate()


class Consortium(World):
    """Messages as entries of the log under test."""

    platform: Platform

    @classmethod
    def of(cls, log: LogServer, platform: Platform) -> Consortium:
        listed = (rules.Platform("portal", platform.key.key_id, 31),)
        agreed = rule(platforms=listed)
        made = cls(agreed, Domain.of_log(agreed.digest, log.ledger.id), int(time.time()))
        made.platform = platform
        return made

    def genesis(self) -> tuple[Entry, Supplement]:
        content = genesis_content(self.made_of)
        return self.platform.deposit("genesis", kind="member", content=content)

    def entry(self, message: Message, name: str = "") -> tuple[Entry, Supplement]:
        assert self.domain is not None
        found = name or message.id(self.domain).hex()
        return self.platform.deposit(found, kind="member", content=message.encode())

    def admit(self, name: str, key: EntryKey) -> tuple[Entry, Supplement]:
        return self.entry(self.register(name, key=key_hash(key.key_id)))


@pytest.fixture
def consortium(log: LogServer, platform: Platform) -> Consortium:
    return Consortium.of(log, platform)


@pytest.fixture
def ruled(node: NodeHere, log: LogServer, consortium: Consortium) -> NodeHere:
    """A node that has cosigned the rule and the admission of Alice."""
    log.append([consortium.genesis(), consortium.admit("alice", ALICE)])
    said = node.add_checkpoint(log)
    assert said.status == 200, said.text
    return node


def refused(node: NodeHere, log: LogServer, *deposits: tuple[Entry, Supplement]) -> list[str]:
    """The sentences of step 2 with which ``node`` refuses them before they are appended."""
    found = node.examine(log.ledger.id, deposits)
    assert {each.get("step", 2) for each in found} == {2}
    return [each.get("detail", "") for each in found]


def test_members_may_deposit_and_others_not(
    ruled: NodeHere, log: LogServer, platform: Platform
) -> None:
    good = [platform.deposit("hers", depositor=ALICE), platform.deposit("held")]
    stranger = platform.deposit("strange", depositor=BOB)
    assert refused(ruled, log, *good) == ["", ""]
    (sentence,) = refused(ruled, log, stranger)
    assert BOB.key_id in sentence
    log.append(good)
    assert ruled.add_checkpoint(log).status == 200
    log.append([stranger])
    said = ruled.add_checkpoint(log)
    assert (said.status, said.code) == (422, "member")
    assert ruled.refusals() == ["member"]


def test_the_next_deposit_of_who_is_blacklisted_is_refused(
    ruled: NodeHere, log: LogServer, platform: Platform, consortium: Consortium
) -> None:
    blacklist = consortium.entry(consortium.act("blacklist", "alice", regulators()[:3]))
    assert refused(ruled, log, blacklist) == [""]
    log.append([blacklist])
    assert ruled.add_checkpoint(log).status == 200
    late = platform.deposit("late", depositor=ALICE)
    assert refused(ruled, log, late) != [""]
    log.append([late])
    assert ruled.add_checkpoint(log).code == "member"
    ruled.again()  # the state is read again from the node's own copy
    assert refused(ruled, log, late) != [""]


def test_requests_that_cross_do_not_stop_the_log(
    ruled: NodeHere, log: LogServer, platform: Platform, consortium: Consortium
) -> None:
    blacklist = consortium.entry(consortium.act("blacklist", "alice", regulators()[:3]))
    crossing = platform.deposit("crossing", depositor=ALICE)
    assert refused(ruled, log, crossing) == [""]
    log.append([blacklist, crossing, consortium.admit("bob", BOB)])
    assert ruled.add_checkpoint(log).status == 200
    bobs = platform.deposit("bobs", depositor=BOB)
    assert refused(ruled, log, bobs) == [""]
    assert refused(ruled, log, platform.deposit("later", depositor=ALICE)) != [""]


def test_a_message_that_does_not_count_is_refused_before_and_harmless_after(
    ruled: NodeHere, log: LogServer, platform: Platform, consortium: Consortium
) -> None:
    few = consortium.register("bob", by=authorities()[:2], key=key_hash(BOB.key_id))
    replayed = consortium.entry(consortium.act("blacklist", "alice", regulators()[:2]))
    named = consortium.entry(consortium.register("carol"), name="a-name-of-its-own")
    for sentence in refused(ruled, log, consortium.entry(few), replayed, named):
        assert "does not count" in sentence
    log.append([consortium.entry(few)])
    assert ruled.add_checkpoint(log).status == 200
    assert refused(ruled, log, platform.deposit("bobs", depositor=BOB)) != [""]


def test_entries_of_one_request_are_judged_in_order(
    ruled: NodeHere, log: LogServer, platform: Platform, consortium: Consortium
) -> None:
    deposits = [consortium.admit("bob", BOB), platform.deposit("bobs", depositor=BOB)]
    assert refused(ruled, log, *deposits) == ["", ""]
    assert refused(ruled, log, deposits[1]) != [""]  # asking has changed nothing


def test_the_content_of_a_message_is_public(
    ruled: NodeHere, log: LogServer, consortium: Consortium
) -> None:
    entry, beside = consortium.admit("bob", BOB)
    (found,) = ruled.examine(log.ledger.id, [(entry, replace(beside, content=b""))])
    assert (found["step"], found["code"]) == (6, "content")


def test_a_node_that_was_told_the_rule_accepts_no_other(
    make: MakeNode, log: LogServer, platform: Platform, consortium: Consortium
) -> None:
    node = make(log_more=f'rule = "{"00" * 32}"')
    log.append([consortium.genesis()])
    said = node.add_checkpoint(log)
    assert (said.status, said.code) == (422, "member")
    assert "another rule" in said.text
    toml = node.folder / "node.toml"
    toml.write_text(toml.read_text().replace("00" * 32, consortium.made_of.digest.hex()))
    node.again()
    assert node.add_checkpoint(log).status == 200


def test_what_is_no_rule_begins_nothing(node: NodeHere, log: LogServer, platform: Platform) -> None:
    odd = platform.deposit("genesis", kind="member", content=b"{}")
    assert refused(node, log, odd) != [""]
    log.append([odd])
    assert node.add_checkpoint(log).code == "member"
