"""Packages of remote captures: the checks of the capture behind those of the package.

No web framework in here: the page and the command line ask the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from chain_adapter.verdict import Check
from forensics import verify_capture
from timestamping.filelist import CAPTURE
from timestamping.package import Carried


def capture_checks(carried: Carried) -> Sequence[Check]:
    """Checks 31 to 41 (:mod:`forensics.verifier`) when a capture was deposited, else none."""
    try:
        value = json.loads(carried.listed)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(value, dict) or value.get("schema") != CAPTURE:
        return ()
    return verify_capture(
        carried.listed, carried.open, trust=carried.trust, expected=carried.sha256 or None
    )
