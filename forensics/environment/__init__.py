"""Whether a desktop is clean, seen from outside of it.

:func:`examine` looks at a running desktop through ``/proc/<pid>/root`` and says of each check
whether it passed, failed, or could not be decided; nothing the desktop says for itself is believed.
:func:`page` shows the results on the desktop's screen, :func:`rows` in a letter's annex.
"""

from __future__ import annotations

from forensics.environment.examine import CHECKS, examine
from forensics.environment.report import Row, page, rows
from forensics.environment.result import Outcome, Result, counts, from_json, to_json
from forensics.environment.target import Attested, Mount, Target

__all__ = [
    "CHECKS",
    "Attested",
    "Mount",
    "Outcome",
    "Result",
    "Row",
    "Target",
    "counts",
    "examine",
    "from_json",
    "page",
    "rows",
    "to_json",
]
