"""Deposit nodes among a package's anchors: the file ``witness.policy``."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.chain_adapter.witness.signers import quorum_of
from timestamping.letter import LetterData
from timestamping.package_trust import BadTrust, PackageTrust

POLICY = "witness.policy"


@pytest.fixture(scope="module")
def watched(deposit: LetterData) -> PackageTrust:
    """The deposit's anchors, with four nodes of which three must have cosigned its ledger."""
    (ledger,) = deposit.trust.ledger.ledgers
    keys = dataclasses.replace(deposit.trust.ledger, quorums={ledger: quorum_of(3, since=7)})
    return dataclasses.replace(deposit.trust, ledger=keys, given=False)


def test_nodes_go_through_folder_package_and_letter(watched: PackageTrust, tmp_path: Path) -> None:
    files = watched.files()
    assert PackageTrust.from_files(files) == watched
    assert PackageTrust.from_json(watched.to_json()) == watched
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    assert PackageTrust.from_folder(tmp_path) == dataclasses.replace(watched, given=True)


def test_nodes_and_how_many_are_needed_are_to_be_compared(watched: PackageTrust) -> None:
    prints = watched.fingerprints()
    assert [each.name for each in prints if each.kind == "node"] == [
        f"node-{letter}.example" for letter in "abcd"
    ]
    (quorum,) = watched.ledger.quorums.values()
    assert {each.value for each in prints if each.kind == "node"} == set(quorum.nodes)
    (needed,) = (each for each in prints if each.kind == "quorum")
    assert (needed.name, needed.value) == (*watched.ledger.ledgers, "3/4 > 7")


def test_without_nodes_nothing_changes(deposit: LetterData) -> None:
    """Letters made before there were any carry the same document."""
    assert POLICY.encode() not in deposit.trust.to_json()
    assert deposit.trust.files()[POLICY] == b""


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: b"{", "cannot be read"),
        (lambda data: b"[]", "cannot be read"),
        (lambda data: data + b"\n", "canonical"),
        (lambda data: data.replace(b'"need":3', b'"need":0'), "no quorum"),
        (lambda data: data.replace(b'"need":3', b'"need":true'), "whole numbers"),
        (lambda data: data.replace(b'"need":3', b'"need":"3"'), "whole numbers"),
        (lambda data: data.replace(b'"need":3,', b""), "need"),
        (lambda data: data.replace(b"node-a", b"node-x"), "does not fit"),
        (lambda data: b'{"l":[]}', "cannot be read"),
        (lambda data: b'{"l":{"need":1,"nodes":[1],"since":0}}', "list of verifier keys"),
        (lambda data: b" " * 300_000, "allowed"),
    ],
)
def test_a_policy_that_is_none(watched: PackageTrust, change, reason: str) -> None:
    files = watched.files()
    with pytest.raises(BadTrust, match=rf"witness\.policy: .*{reason}"):
        PackageTrust.from_files({**files, POLICY: change(files[POLICY])})
