"""The verifier over an evidence folder on the disk."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from chain_adapter.verdict import Check
from forensics import verify_capture
from forensics.verification import ending
from timestamping.trust import TrustStore


def judged(evidence: Path, trust: TrustStore | None = None) -> tuple[Check, ...]:
    """Every check, with all that can be known."""
    manifest = (evidence / "manifest.json").read_bytes()
    return verify_capture(
        manifest,
        lambda path: (evidence / path).open("rb"),
        trust=trust or TrustStore(),
        expected=hashlib.sha256(manifest).hexdigest(),
        names=[each.relative_to(evidence).as_posix() for each in evidence.rglob("*.*")],
    )


def require_sound(evidence: Path, trust: TrustStore | None = None) -> None:
    facts = json.loads((evidence / "manifest.json").read_bytes())["desktop"]
    with pytest.MonkeyPatch.context() as patch:
        # A keeper that was told to bear longer gaps calls complete what has them.
        patch.setattr(ending, "STALL", facts.get("stall_seconds", ending.STALL))
        checks = judged(evidence, trust)
    failed = [check for check in checks if not check.passed]
    assert not failed, failed
    assert [check.number for check in checks] == list(range(31, 42))
