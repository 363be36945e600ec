"""What was found among packets that came back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO


class Fault(StrEnum):
    """``MISSING`` no intact packet of this number came; ``DUPLICATED`` it came intact before;
    ``CORRUPTED`` its bytes are not those that were sent; ``FOREIGN`` it is a sound packet of
    another content."""

    MISSING = "missing"
    DUPLICATED = "duplicated"
    CORRUPTED = "corrupted"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet that came back. ``source`` names where from; ``number`` is the one it was asked for
    under, 0 when under none; ``open`` gives its bytes, each time from the start."""

    source: str
    open: Callable[[], BinaryIO]
    number: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """``number`` is the packet's; 0 when nothing tells. ``detail`` is one sentence."""

    fault: Fault
    number: int
    source: str = ""
    detail: str = ""

    def __str__(self) -> str:
        what = f"packet {self.number}" if self.number else "a packet"
        where = f" from {self.source}" if self.source else ""
        return f"{what}{where} is {self.fault}" + (f" ({self.detail})" if self.detail else "")


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """``intact``: number → where it came from; ``used``: the numbers the content was made of."""

    intact: dict[int, str]
    findings: tuple[Finding, ...]
    used: tuple[int, ...] = ()

    @property
    def sentence(self) -> str:
        """All that was found, in one sentence."""
        return "; ".join(map(str, self.findings)) or "all packets are intact"
