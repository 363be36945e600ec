"""The verifier over an evidence folder on the disk."""

from __future__ import annotations

import hashlib
from pathlib import Path

from chain_adapter.verdict import Check
from forensics import verify_capture
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
    checks = judged(evidence, trust)
    failed = [check for check in checks if not check.passed]
    assert not failed, failed
    assert [check.number for check in checks] == list(range(31, 42))
