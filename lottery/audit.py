"""The audit for entries that nobody made: a sample that nobody could choose is opened."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from lottery.canonical import canonical
from lottery.fields import Fields
from lottery.selection import permutation
from lottery.statements import FINDINGS, MAX_NOTE


def sample(seed: bytes, count: int, size: int) -> tuple[int, ...]:
    """The positions to open: the first ``size`` of a permutation of the list, in that order."""
    key = hashlib.sha256(b"lottery/audit/v1\n" + seed).digest()
    return tuple(islice(permutation(key, count), min(size, count)))


def findings_sha256(findings: Sequence[Mapping[str, Any]]) -> str:
    """What the notary signs, hex."""
    wrapped = {"findings": [dict(each) for each in findings]}
    return hashlib.sha256(canonical(wrapped)).hexdigest()


def check_findings(findings: Any, positions: Sequence[int]) -> None:
    """One finding for each position of the sample, in its order.

    Raises:
        ValueError: naming the finding that is wrong.
    """
    if not isinstance(findings, list) or len(findings) != len(positions):
        raise ValueError(f"{len(positions)} findings are needed")
    for place, (each, position) in enumerate(zip(findings, positions, strict=True)):
        fields = Fields(
            each, f"findings[{place}]", lambda name, reason: ValueError(f"{name}: {reason}")
        )
        fields.number("position", position, position)
        fields.choice("finding", FINDINGS)
        fields.text("note", 0, MAX_NOTE, lines=True)
        fields.done()
