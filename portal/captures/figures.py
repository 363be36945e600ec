"""The figures of a session, as rows and pages keep them."""

from __future__ import annotations

import json
from typing import Any

from forensics.desktop.interface import Observation

_KEPT = ("seconds", "frames", "missed", "count", "evidence_bytes", "checks", "counts")


def figures_text(seen: Observation) -> str:
    """For the row: seconds, frames, segments (``count``), bytes, checks by outcome, counts."""
    values = {name: getattr(seen, name) for name in _KEPT}
    return json.dumps(
        {
            name: dict(each) if name in ("checks", "counts") else each
            for name, each in values.items()
        }
    )


def figures_of(text: str) -> dict[str, Any]:
    """What :func:`figures_text` wrote, with everything there."""
    empty: dict[str, Any] = dict.fromkeys(_KEPT, 0) | {"checks": {}, "counts": {}}
    found: dict[str, Any] = json.loads(text or "{}")
    return empty | found
