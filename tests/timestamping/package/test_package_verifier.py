"""The twenty checks: all pass for an honest package, each fails by its own name."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain_adapter.keys import EntryKey
from chain_adapter.verdict import Outcome
from tests.effort import examples
from tests.timestamping.evidence import CONTENT, House, Log, flipped, repack
from timestamping.letter import LetterData, issue_letter, render_letter
from timestamping.package import (
    PackageParts,
    PackageReport,
    Result,
    build_package,
    verify_letter,
    verify_package,
)
from timestamping.package_trust import BadTrust, PackageTrust
from timestamping.pdf.sealer import Sealer


def judged(package: bytes, folder: Path, **options: object) -> PackageReport:
    path = folder / "package.zip"
    path.write_bytes(package)
    return verify_package(path, **options)  # type: ignore[arg-type]


def failed(report: PackageReport) -> list[str]:
    return [check.code for check in report.checks if check.outcome is Outcome.FAIL]


def packed(data: LetterData, letter: bytes) -> bytes:
    out = io.BytesIO()
    build_package(PackageParts(data, letter), out)
    return out.getvalue()


def member(package: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return archive.read(name)


@pytest.fixture(scope="module")
def other(house: House) -> LetterData:
    """Another deposit of the same house."""
    return house.deposit(b"something else", name="other.pdf", number="存证2026-000002")


# -- what verifies --------------------------------------------------------------------------------


def test_all_twenty_checks_pass(package_file: Path, deposit: LetterData) -> None:
    report = verify_package(package_file)
    assert report.ok
    assert [check.number for check in report.checks] == list(range(1, 21))
    assert all(check.passed for check in report.checks)
    assert report.facts.number == deposit.number
    assert report.facts.time == deposit.token.gen_time
    assert report.facts.position == deposit.receipt.position
    assert report.facts.file_compared
    assert not report.anchors_given
    assert report.anchors == deposit.trust.fingerprints()
    assert len(report.steps["ledger"]) == 12
    assert "Verified" in report.summary[1]
    assert "核验通过" in report.summary[0]


def test_the_file_alone_decides(package_file: Path, tmp_path: Path) -> None:
    held = tmp_path / "held.pdf"
    held.write_bytes(CONTENT)
    assert verify_package(package_file, file=held).ok
    held.write_bytes(flipped(CONTENT, 5))
    report = verify_package(package_file, file=held)
    assert failed(report) == ["file"]
    assert "held.pdf is not the file deposited" in report.summary[1]


def test_without_any_file_it_says_that_none_was_compared(
    deposit: LetterData, letter: bytes, tmp_path: Path
) -> None:
    report = judged(packed(deposit, letter), tmp_path)
    assert report.exit_code == 0
    assert [check.code for check in report.checks if not check.passed] == ["file-absent"]
    assert not report.facts.file_compared
    assert "none has been compared" in report.summary[1]
    assert "尚未与任何文件比对" in report.summary[0]


def test_a_letter_alone_verifies(letter: bytes, tmp_path: Path) -> None:
    held = tmp_path / "held.pdf"
    held.write_bytes(CONTENT)
    report = verify_letter(letter, file=held)
    assert report.ok
    assert [check.number for check in report.checks] == list(range(4, 21))
    path = tmp_path / "letter.pdf"
    path.write_bytes(letter)
    assert verify_package(path, file=held).checks == report.checks


def test_given_anchors(package_file: Path, deposit: LetterData, tmp_path: Path) -> None:
    folder = tmp_path / "trust"
    folder.mkdir()
    for name in ("root.pem", "ledger.vkey", "platform.pem"):
        (folder / name).write_bytes(deposit.trust.files()[name])
    report = verify_package(package_file, trust=PackageTrust.from_folder(folder))
    assert report.ok
    assert report.anchors_given


def test_the_report_is_canonical_json(package_file: Path) -> None:
    text = verify_package(package_file).to_json()
    document = json.loads(text)
    assert rfc8785.dumps(document) == text
    assert document["result"] == "verified"
    assert len(document["checks"]) == 20
    assert set(document["steps"]) == {"token", "ledger"}


# -- what does not, and by which name -------------------------------------------------------------

Change = Callable[[bytes, LetterData, LetterData, House], bytes]


def without(name: str) -> Change:
    return lambda package, *_: repack(package, {name: None})


def replaced(name: str, make: Callable[[LetterData], bytes]) -> Change:
    return lambda package, _, other, __: repack(package, {name: make(other)})


def edited(name: str, old: bytes, new: bytes) -> Change:
    def change(package: bytes, *_: object) -> bytes:
        data = member(package, name)
        assert old in data
        return repack(package, {name: data.replace(old, new, 1)})

    return change


def signed_by_another_ledger(
    package: bytes, deposit: LetterData, _: LetterData, house: House
) -> bytes:
    """The same name, another key."""
    receipt, proof = Log(deposit.receipt.ledger).append(deposit.entry)
    changes = {"ledger/receipt.json": receipt.to_json(), "ledger/proof": proof.encode()}
    return repack(package, dict(changes))


def in_another_ledger(package: bytes, deposit: LetterData, _: LetterData, house: House) -> bytes:
    receipt, proof = Log("elsewhere.example/ledger").append(deposit.entry)
    changes = {"ledger/receipt.json": receipt.to_json(), "ledger/proof": proof.encode()}
    return repack(package, dict(changes))


def signed_by_another_platform(
    package: bytes, deposit: LetterData, _: LetterData, house: House
) -> bytes:
    key = EntryKey.generate()
    entry = dataclasses.replace(deposit.entry, platform=key.key_id, signatures=())
    return repack(package, {"ledger/entry.json": key.sign(entry).encode()})


def token_of_the_co_stamp(package: bytes, deposit: LetterData, *_: object) -> bytes:
    """A good token over the right digest, but not the one recorded."""
    return repack(package, {"token.tsr": deposit.token.also[0].response()})


CHANGES: dict[str, tuple[str, Change]] = {
    "manifest edited": (
        "manifest",
        lambda package, *_: repack(
            package, {"manifest.json": member(package, "manifest.json") + b" "}
        ),
    ),
    "manifest of another number": (
        "letter-number",
        edited("manifest.json", b"000001", b"000009"),
    ),
    "file swapped": (
        "contents",
        lambda package, *_: repack(package, {"files/合同 contract.pdf": b"!"}, remake=False),
    ),
    "extra file": (
        "contents",
        lambda package, *_: repack(package, {"notes.txt": b"!"}, remake=False),
    ),
    "missing file": (
        "contents",
        lambda package, *_: repack(package, {"ledger/proof": None}, remake=False),
    ),
    "anchors unreadable": ("trust", replaced("trust/root.pem", lambda _: b"nothing")),
    "ledger key unreadable": ("trust", replaced("trust/ledger.vkey", lambda _: b"nothing")),
    "entry not canonical": ("entry", edited("ledger/entry.json", b'"v":1', b'"v": 1')),
    "entry missing": ("entry", without("ledger/entry.json")),
    "entry edited": ("signatures", edited("ledger/entry.json", b"acct:7f3a", b"acct:7f3b")),
    "another platform": ("signatures", signed_by_another_platform),
    "token of another digest": ("token", replaced("token.tsr", lambda o: o.token.response())),
    "token missing": ("token", without("token.tsr")),
    "another token": ("token-link", token_of_the_co_stamp),
    "co-stamp of another digest": (
        "co-tokens",
        replaced("token-2.tsr", lambda o: o.token.response()),
    ),
    "metadata edited": ("metadata", edited("ledger/metadata.json", b".pdf", b".doc")),
    "metadata unreadable": ("metadata", replaced("ledger/metadata.json", lambda _: b"[]")),
    "proof of another entry": ("ledger", replaced("ledger/proof", lambda o: o.proof.encode())),
    "receipt of another entry": (
        "ledger",
        replaced("ledger/receipt.json", lambda o: o.receipt.to_json()),
    ),
    "receipt by another key": ("ledger", signed_by_another_ledger),
    "receipt of another ledger": ("ledger", in_another_ledger),
    "receipt unreadable": ("ledger", replaced("ledger/receipt.json", lambda _: b"{}")),
    "file of another deposit": (
        "file",
        replaced("files/合同 contract.pdf", lambda _: b"something else"),
    ),
    "no letter": ("letter-readable", without("letter.pdf")),
    "unsealed letter": ("letter-readable", replaced("letter.pdf", render_letter)),
    "letter edited": (
        "letter-signature",
        edited("letter.pdf", b"/Creator(Typst", b"/Creator(Tapst"),
    ),
    "letter appended to": (
        "letter-whole",
        lambda package, *_: repack(package, {"letter.pdf": member(package, "letter.pdf") + b"\n"}),
    ),
    "root swapped": (
        "token",
        lambda package, *_: repack(package, {"trust/root.pem": member(package, "trust/seal.pem")}),
    ),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_each_change_is_refused_by_name(
    kind: str,
    package: bytes,
    deposit: LetterData,
    other: LetterData,
    house: House,
    tmp_path: Path,
) -> None:
    code, change = CHANGES[kind]
    report = judged(change(package, deposit, other, house), tmp_path)
    assert report.exit_code == 1
    assert report.failed is not None
    assert report.failed.code == code
    assert f"({code}) failed" in report.summary[1]


def test_the_letter_of_another_deposit(
    package: bytes, other: LetterData, sealer: Sealer, tmp_path: Path
) -> None:
    foreign = repack(package, {"letter.pdf": issue_letter(other, sealer)})
    assert failed(judged(foreign, tmp_path)) == ["letter-attachments", "letter-number"]


def test_foreign_anchors_refuse(package_file: Path, tmp_path: Path) -> None:
    stranger = House.at(tmp_path / "stranger")
    trust = dataclasses.replace(stranger.trust(), given=True)
    report = verify_package(package_file, trust=trust)
    assert {"signatures", "token", "letter-time"} <= set(failed(report))


def test_no_anchors_decide_nothing(package_file: Path) -> None:
    empty = PackageTrust.from_files({}, given=True)
    report = verify_package(package_file, trust=empty)
    assert report.result is Result.UNDECIDED
    undecided = {check.code for check in report.checks if check.outcome is Outcome.UNKNOWN}
    assert {"signatures", "token", "co-tokens", "ledger", "letter-time"} <= undecided


def test_trust_folders_are_read_with_care(tmp_path: Path) -> None:
    with pytest.raises(BadTrust, match="not a folder"):
        PackageTrust.from_folder(tmp_path / "nowhere")
    (tmp_path / "platform.pem").write_text("no key")
    with pytest.raises(BadTrust, match=r"platform\.pem"):
        PackageTrust.from_folder(tmp_path)
    (tmp_path / "platform.pem").write_bytes(b"x" * (2 << 20))
    with pytest.raises(BadTrust, match="larger"):
        PackageTrust.from_folder(tmp_path)


EVIDENCE = ("token.tsr", "token-2.tsr", "ledger/entry.json", "ledger/receipt.json", "ledger/proof")


@settings(
    max_examples=examples(16, least=4),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(name=st.sampled_from(EVIDENCE), at=st.integers(0, 1 << 20), mask=st.integers(1, 255))
def test_no_changed_byte_of_the_evidence_ever_verifies(
    package: bytes, tmp_path: Path, name: str, at: int, mask: int
) -> None:
    data = member(package, name)
    changed = flipped(data, at % len(data), mask)
    report = judged(repack(package, {name: changed}), tmp_path)  # the manifest fits again
    assert report.result is not Result.VERIFIED


@settings(
    max_examples=examples(300),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(name=st.sampled_from(EVIDENCE), at=st.integers(0, 1 << 20), mask=st.integers(1, 255))
def test_not_even_where_no_letter_pins_it(
    package: bytes, tmp_path: Path, name: str, at: int, mask: int
) -> None:
    """Entry, token, receipt and proof bind each other, whatever the letter says."""
    data = member(package, name)
    changed = flipped(data, at % len(data), mask)
    report = judged(repack(package, {name: changed, "letter.pdf": None}), tmp_path)
    letterless = [check for check in report.checks if not check.code.startswith("letter-")]
    assert any(not check.passed for check in letterless)
