"""Further ledgers in a package: each is judged by a check of its own, from 122 on."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import pytest

from chain_adapter.verdict import Outcome
from tests.timestamping.evidence import House, Log, repack
from tests.timestamping.package.test_package_verifier import failed, judged, member, packed
from timestamping.letter import Further, LetterData, issue_letter
from timestamping.letter.clock import Clock
from timestamping.letter.ledger_view import ledger_view
from timestamping.package import Result, verify_letter
from timestamping.package_trust import PackageTrust
from timestamping.pdf.sealer import Sealer


@pytest.fixture(scope="module")
def court() -> Log:
    return Log("court.example/log")


@pytest.fixture(scope="module")
def twice(house: House, deposit: LetterData, court: Log) -> LetterData:
    """The deposit, on a court's ledger too, whose key is among the anchors."""
    further = Further(*court.append(deposit.entry))
    keys = dataclasses.replace(
        deposit.trust.ledger, ledgers={**deposit.trust.ledger.ledgers, further.ledger: court.vkey}
    )
    trust = dataclasses.replace(deposit.trust, ledger=keys)
    return dataclasses.replace(deposit, further=(further,), trust=trust)


@pytest.fixture(scope="module")
def earlier(deposit: LetterData, sealer: Sealer) -> bytes:
    """The letter issued before the court's ledger answered."""
    return issue_letter(deposit, sealer)


@pytest.fixture(scope="module")
def letter(twice: LetterData, sealer: Sealer) -> bytes:
    return issue_letter(twice, sealer)


def test_it_is_judged_beside_the_first(twice: LetterData, letter: bytes, tmp_path: Path) -> None:
    report = judged(packed(twice, letter), tmp_path)
    assert report.ok, report.failed
    last = report.checks[-1]
    assert (last.number, last.code, last.outcome) == (122, "further-ledger", Outcome.PASS)
    assert last.detail.startswith("court.example/log: 12 steps, root ")
    assert verify_letter(letter).ok
    assert verify_letter(letter).checks[-1].number == 122


def test_the_letter_prints_it(twice: LetterData) -> None:
    (shown,) = ledger_view(twice, Clock(twice.zone))["further"]
    assert shown["number"] == 2
    assert shown["nodes"] is None
    assert shown["chain"] is None


def test_one_that_came_after_the_letter_is_in_the_package_alone(
    twice: LetterData, earlier: bytes, tmp_path: Path
) -> None:
    report = judged(packed(twice, earlier), tmp_path)
    assert report.ok, report.failed
    assert report.checks[-1].number == 122


def test_one_that_the_package_lost_is_missed(
    deposit: LetterData, letter: bytes, tmp_path: Path
) -> None:
    assert "letter-attachments" in failed(judged(packed(deposit, letter), tmp_path))


@pytest.mark.parametrize("name", ["ledger/2/receipt.json", "ledger/2/proof"])
def test_every_byte_of_it_counts(
    name: str, twice: LetterData, letter: bytes, tmp_path: Path
) -> None:
    package = packed(twice, letter)
    content = bytearray(member(package, name))
    content[len(content) // 2] ^= 1
    bad = repack(package, {name: bytes(content)})
    assert "further-ledger" in failed(judged(bad, tmp_path))


def test_the_first_one_does_not_count_twice(
    twice: LetterData, letter: bytes, tmp_path: Path
) -> None:
    again = dataclasses.replace(twice, further=(Further(twice.receipt, twice.proof),))
    assert "further-ledger" in failed(judged(packed(again, letter), tmp_path))


def test_another_entrys_record_is_refused(
    twice: LetterData, house: House, court: Log, letter: bytes, tmp_path: Path
) -> None:
    other = house.deposit(b"something quite else", number="存证2026-000009")
    swapped = dataclasses.replace(twice, further=(Further(*court.append(other.entry)),))
    assert "further-ledger" in failed(judged(packed(swapped, letter), tmp_path))


def test_whoever_does_not_know_its_key_gets_no_verdict_on_it(
    twice: LetterData, deposit: LetterData, letter: bytes, tmp_path: Path
) -> None:
    own = deposit.trust
    given = PackageTrust(own.certificates, own.ledger, own.seal, given=True)
    report = judged(packed(twice, letter), tmp_path, trust=given)
    assert report.result is Result.UNDECIDED
    assert report.checks[-1].outcome is Outcome.UNKNOWN
    assert failed(report) == []


def test_the_guides_commands_find_it(twice: LetterData, letter: bytes, tmp_path: Path) -> None:
    package = packed(twice, letter)
    (tmp_path / "ledger" / "2").mkdir(parents=True)
    for name in ("ledger/entry.json", "ledger/2/receipt.json"):
        (tmp_path / name).write_bytes(member(package, name))
    guide = member(package, "VERIFY.md").decode()
    block = next(part for part in guide.split("```") if "receipt 2: OK" in part)
    done = subprocess.run(
        ["bash", "-c", block.removeprefix("bash\n")], cwd=tmp_path, capture_output=True, check=True
    )
    assert done.stdout == b"receipt 2: OK\n"
    assert "`court.example/log`" in guide
