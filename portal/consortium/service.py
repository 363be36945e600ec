"""The consortium as other features and the pages use it."""

from __future__ import annotations

from chain_adapter.consortium import Denial
from portal.consortium.anchoring import Anchoring
from portal.consortium.collecting import Collecting
from portal.consortium.membership import Membership
from portal.consortium.reading import Reading
from portal.consortium.tools import Tools
from portal.jobs import Sideline


class ConsortiumService:
    """``membership`` says who may what; ``collecting`` takes messages in; ``anchoring`` brings them
    onto the ledger; ``reading`` shows them."""

    def __init__(self, tools: Tools, membership: Membership) -> None:
        self.membership = membership
        self.collecting = Collecting(tools, membership)
        self.anchoring = Anchoring(tools, membership)
        self.reading = Reading(tools, membership)

    def permitted(self, key_id: str | None, kind: str = "deposit") -> Denial | None:
        """None when who signs with this key (None: nobody but the platform) may do what entries
        of ``kind`` record; ``str()`` of anything else is the reason."""
        return self.membership.permitted(key_id, kind)

    def advance(self) -> int:
        """Bring what is due one step further; the number of steps."""
        return self.anchoring.advance()

    def sidelines(self) -> tuple[Sideline, ...]:
        """Work of a thread of its own: nodes and authorities may take their time."""
        return (Sideline("consortium", self.advance, 0.5),)
