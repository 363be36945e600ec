"""What can go wrong with packets; the tree stands in the package's docstring."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chain_adapter.packets.findings import Reconstruction


class PacketError(ValueError):
    """Base of the family; ``str()`` is one clear sentence."""


class BadPlan(PacketError):
    """Not a well-formed plan, or not the plan that the root commits to."""


class BadPacket(PacketError):
    """Not a packet, or not the packet of this number under this root."""


class WrongKey(PacketError):
    """The keys are of another content."""


class Refused(PacketError):
    """A node refuses this caller."""


class NotEnough(PacketError):
    """Fewer intact packets than are needed; ``report`` names each."""

    def __init__(self, report: Reconstruction, need: int) -> None:
        super().__init__(
            f"{len(report.intact)} intact packets are too few, {need} are needed: {report.sentence}"
        )
        self.report = report
