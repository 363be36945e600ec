"""Validators of a chain among a package's anchors: the file ``validators.policy``."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.chain_adapter.evm.proof.synthetic import LEDGER, VALIDATORS
from timestamping.letter import LetterData
from timestamping.package_trust import BadTrust, PackageTrust

FILE = "validators.policy"


@pytest.fixture(scope="module")
def sealed(deposit: LetterData) -> PackageTrust:
    """The deposit's anchors, with the four validators of a further ledger's chain."""
    keys = dataclasses.replace(deposit.trust.ledger, validators={LEDGER: VALIDATORS})
    return dataclasses.replace(deposit.trust, ledger=keys, given=False)


def test_validators_go_through_folder_package_and_letter(
    sealed: PackageTrust, tmp_path: Path
) -> None:
    files = sealed.files()
    assert PackageTrust.from_files(files) == sealed
    assert PackageTrust.from_json(sealed.to_json()) == sealed
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    assert PackageTrust.from_folder(tmp_path) == dataclasses.replace(sealed, given=True)


def test_their_addresses_are_to_be_compared(sealed: PackageTrust) -> None:
    prints = [each for each in sealed.fingerprints() if each.kind == "validator"]
    assert [(each.name, each.value) for each in prints] == [(LEDGER, each) for each in VALIDATORS]


def test_without_validators_nothing_changes(deposit: LetterData) -> None:
    assert FILE.encode() not in deposit.trust.to_json()
    assert deposit.trust.files()[FILE] == b""


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: b"{", "cannot be read"),
        (lambda data: b"[]", "cannot be read"),
        (lambda data: data + b"\n", "canonical"),
        (lambda data: data.replace(b"0x", b"0X"), "not evm:"),
        (lambda data: data.replace(VALIDATORS[0].encode(), b"0x12"), "lower case"),
        (lambda data: data.replace(VALIDATORS[0].encode(), VALIDATORS[1].encode()), "twice"),
        (lambda data: f'{{"{LEDGER}":[]}}'.encode(), "none"),
        (lambda data: f'{{"{LEDGER}":[1]}}'.encode(), "list of addresses"),
        (lambda data: f'{{"{LEDGER}":{{}}}}'.encode(), "list of addresses"),
        (lambda data: b'{"notary.example":["0x"]}', "not evm:"),
        (lambda data: b" " * 300_000, "allowed"),
    ],
)
def test_a_file_of_validators_that_is_none(sealed: PackageTrust, change, reason: str) -> None:
    files = sealed.files()
    with pytest.raises(BadTrust, match=rf"validators\.policy: .*{reason}"):
        PackageTrust.from_files({**files, FILE: change(files[FILE])})
