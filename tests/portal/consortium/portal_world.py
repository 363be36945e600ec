"""Messages for a portal's own consortium, handed in and brought onto its ledger."""

from __future__ import annotations

import time
from dataclasses import dataclass

from chain_adapter.consortium import Message, Rule
from chain_adapter.consortium.offices import Platform
from portal.audit.actor import Actor
from portal.consortium.models import ConsortiumMessage
from portal.services import Services
from tests.chain_adapter.consortium.people import World, rule

SOMEBODY = Actor("u-1", "Somebody", frozenset({"depositor"}), "127.0.0.1", "web")


def rule_for(platform: str) -> Rule:
    """The usual rule; ``platform`` may act for those without a key ("": nobody may)."""
    platforms = (Platform("portal", platform, 31),) if platform else ()
    return rule(platforms=platforms)


@dataclass
class PortalWorld:
    """``world`` makes messages, ``services`` take them."""

    services: Services
    world: World

    def __post_init__(self) -> None:
        self.world.now = int(time.time())

    def post(self, message: Message) -> ConsortiumMessage:
        return self.services.consortium.collecting.post(SOMEBODY, message.encode())

    def carry_out(self, message: Message) -> ConsortiumMessage:
        """Hand ``message`` in and let it reach the ledger."""
        row = self.post(message)
        self.services.consortium.advance()
        return self.services.consortium.reading.message(row.id).row
