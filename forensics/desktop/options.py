"""What the desktop service was told, and what a failed step says."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from forensics.desktop.firewall import Reach
from forensics.errors import Retryable

#: The folder our programs are imported from.
CODE: Final = Path(__file__).resolve().parents[2]


class StepFailed(Retryable):
    """A step of the start did not succeed; the sentence names the program and its last words."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the desktop service was told. ``group`` may read what the portal must read;
    ``resolvers`` answer the desktops' name servers. ``keeper`` is the command that keeps a session,
    without its arguments."""

    group: int = field(default_factory=os.getgid)
    reach: Reach = field(default_factory=Reach)
    resolvers: tuple[str, ...] = ()
    ntp: tuple[str, ...] = ()
    stun: tuple[str, ...] = ()
    public_address: str = ""
    idle_seconds: float = 86_400.0
    final_token_seconds: float = 30.0
    keeper: tuple[str, ...] = (sys.executable, "-m", "forensics.session")
