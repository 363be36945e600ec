"""Whether a desktop is clean, seen from outside of it.

:func:`examine` looks at a running desktop through ``/proc/<pid>/root`` and says of each check
whether it passed, failed, or could not be decided; nothing the desktop says of itself is believed.
"""

from __future__ import annotations

from forensics.environment.result import Outcome, Result
from forensics.environment.target import Attested, Mount, Target

__all__ = ["Attested", "Mount", "Outcome", "Result", "Target"]
