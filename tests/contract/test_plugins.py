"""Ledgers that others install: found by entry points, judged by their own verifier, refused where
they are broken or missing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from chain_adapter import Fatal, InvalidProof, Outcome, Result, decode_proof, open_ledger, verify
from chain_adapter.conformance import Bench
from chain_adapter.verification import Examination, Step, kinds
from tests.chain_adapter.witness.signers import quorum_of
from tests.contract.plugins import installed


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """What is installed is looked up once; each test begins and ends without."""
    kinds._installed.cache_clear()
    yield
    kinds._installed.cache_clear()


def run(target: Path | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ)
    environment.pop("PYTHONPATH", None)
    if target is not None:
        environment["PYTHONPATH"] = str(target)
    return subprocess.run(
        [sys.executable, "-m", "chain_adapter.conformance", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        cwd=Path(__file__).resolve().parents[2],
    )


def test_an_installed_plug_in_passes_the_suite_from_outside(toy: Path) -> None:
    done = run(toy, "toy:ledger")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "BROKEN" not in done.stdout
    assert done.stdout.count("kept") >= 20


def test_without_the_plug_in_its_scheme_is_unknown() -> None:
    done = run(None, "toy:ledger")
    assert done.returncode == 1
    assert "no ledger is installed for the scheme 'toy'" in done.stdout
    assert run(None).returncode == 2


def test_records_of_a_plug_in_are_judged_by_its_verifier_and_else_refused(
    toy: Path, tmp_path: Path
) -> None:
    with installed(toy):
        bench = Bench(lambda: open_ledger("toy:ledger", base=tmp_path))
        entry = bench.entry("one")
        with bench.ledger() as ledger:
            (receipt,) = bench.appended(ledger, [entry, *bench.entries("other", 2)])[:1]
            proof, trust = ledger.prove(receipt), bench.trust(ledger)
        verdict = verify(entry, receipt, proof, trust)
        assert verdict.ok
        assert [check.number for check in verdict.checks] == [1, 2, 3, 4, 5, 6, 41, 42, 43, 44]
        assert decode_proof("toy", proof.encode()) == proof
        # Nobody escapes the deposit nodes that a ledger needs by calling its receipts a toy's.
        watched = replace(trust, quorums={receipt.ledger: quorum_of(3)})
        escaped = verify(entry, receipt, proof, watched).failed
        assert escaped is not None
        assert (escaped.code, escaped.outcome) == ("ledger_trusted", Outcome.FAIL)
    verdict = verify(entry, receipt, proof, trust)
    assert verdict.result is Result.TAMPERED
    assert verdict.failed is not None
    assert verdict.failed.code == "ledger_trusted"
    with pytest.raises(InvalidProof, match="not known"):
        decode_proof("toy", proof.encode())


class Stepless(Examination):
    schemes = ("broken",)
    proof_type = Examination  # type: ignore[assignment]


class ProofTypeless(Examination):
    schemes = ("broken",)
    steps = (Step(41, "x", "x", str),)


class OurNumbers(Examination):
    schemes = ("broken",)
    proof_type = kinds.LogExamination.proof_type
    steps = (Step(7, "x", "x", str),)


class OurCodes(OurNumbers):
    steps = (Step(41, "receipt_final", "x", str),)


class NoSteps(OurNumbers):
    steps = ()


class OtherScheme(OurNumbers):
    schemes = ("other",)
    steps = (Step(41, "x", "x", str),)


class Raising(OurNumbers):
    steps = (Step(41, "x", "x", lambda _: {}["nothing"]),)


BROKEN_VERIFIERS = {
    f"{__name__}:Stepless": "names no proof_type",
    f"{__name__}:ProofTypeless": "names no proof_type",
    f"{__name__}:OurNumbers": "rising numbers from 41",
    f"{__name__}:NoSteps": "rising numbers from 41",
    f"{__name__}:OurCodes": "uses a code",
    f"{__name__}:OtherScheme": "does not judge the scheme",
    f"{__name__}:run": "not an Examination",
    f"{__name__}:nothing": "cannot be loaded",
    "no_such_module:Verifier": "cannot be loaded",
}


def offer(patch: pytest.MonkeyPatch, module: str, value: str) -> None:
    """Make ``value`` the only entry point there is."""
    patch.setattr(
        f"{module}.entry_points",
        lambda group, name: [EntryPoint(name, value, group)],
    )


@pytest.fixture
def record(tmp_path: Path):
    """Entry, receipt under the scheme "broken", proof, trust."""
    bench = Bench(lambda: open_ledger("tlog:ledger", base=tmp_path))
    entry = bench.entry("one")
    with bench.ledger() as ledger:
        (receipt,) = ledger.append([entry])
        return entry, replace(receipt, scheme="broken"), ledger.prove(receipt), bench.trust(ledger)


@pytest.mark.parametrize("value", BROKEN_VERIFIERS)
def test_a_broken_verifier_is_named_and_decides_nothing(
    value: str, record, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, "chain_adapter.verification.kinds", value)
    with pytest.raises(Fatal, match=BROKEN_VERIFIERS[value]):
        decode_proof("broken", b"")
    verdict = verify(*record)
    assert verdict.failed is not None
    assert (verdict.failed.code, verdict.result) == ("ledger_trusted", Result.UNTRUSTED_KEY)
    assert verdict.failed.outcome is Outcome.UNKNOWN
    assert BROKEN_VERIFIERS[value] in verdict.failed.detail


def test_a_verifier_that_fails_passes_nothing(record, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, "chain_adapter.verification.kinds", f"{__name__}:Raising")
    verdict = verify(*record)
    assert verdict.result is Result.TAMPERED
    assert verdict.failed is not None
    assert "KeyError" in verdict.failed.detail


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("no_such_module:Ledger", "cannot be loaded: No module"),
        (f"{__name__}:nothing", "cannot be loaded"),
        (f"{__name__}:run", "is not a Ledger"),
        (f"{__name__}:Stepless", "is not a Ledger"),
        ("chain_adapter:Ledger", "does not write"),
        ("chain_adapter.tlog:TlogLedger", "says its scheme is 'tlog'"),
    ],
)
def test_a_broken_ledger_is_named(
    value: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, "chain_adapter.registry", value)
    with pytest.raises(Fatal, match=reason):
        open_ledger("broken:x", base=tmp_path)


def test_two_plug_ins_for_one_scheme_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = [EntryPoint("toy", f"{name}:Toy", "notary.ledgers") for name in ("one", "two")]
    monkeypatch.setattr("chain_adapter.registry.entry_points", lambda group, name: points)
    with pytest.raises(Fatal, match="one:Toy, two:Toy"):
        open_ledger("toy:x", base=tmp_path)
