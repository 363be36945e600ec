"""Time-stamps of recordings that go on: the head of each chain, at its start, every minute, at its
end.

The authority is asked here, and the token handed to the session, which compares it with its head
and puts it into its evidence. A head may have moved on meanwhile: every head that ever was is one
of the chain's.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import select, update

from chain_adapter import Digest
from forensics.desktop.interface import Observation
from forensics.errors import ForensicsError
from portal.captures.kit import Kit
from portal.captures.models import RUNNING, Capture
from timestamping.errors import TimestampError

_log = structlog.get_logger(__name__)
#: Between two time-stamps of one recording.
EVERY: Final = timedelta(minutes=1)


class HeadStamping:
    """May run in any number of threads and processes at once: one token too many harms nothing."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._tools = kit, kit.tools

    def advance(self) -> int:
        """Stamp every head that is due; how many were."""
        return sum(self._one(capture) for capture in self._running())

    def _running(self) -> Sequence[Capture]:
        query = select(Capture).where(Capture.state.in_(RUNNING)).order_by(Capture.created_at)
        with self._tools.database.reading() as session:
            return session.scalars(query).all()

    def _one(self, capture: Capture) -> bool:
        desktop = self._kit.hosts.desktop(capture.host)
        if desktop is None:
            return False
        try:
            seen = desktop.observe(capture.session)
            if not self._due(capture, seen):
                return False
            token = self._tools.stamper.stamp(Digest.parse("sha256", seen.head))
            encoded = base64.b64encode(token.der).decode()
            desktop.command(capture.session, "attest", {"head": seen.head, "token_b64": encoded})
        except ForensicsError as error:
            _log.info("head_not_attested", capture=capture.id, reason=str(error))
            return False
        except (TimestampError, ValueError) as error:
            _log.warning("head_not_stamped", capture=capture.id, reason=str(error))
            return False
        self._note(capture, seen.head)
        return True

    def _due(self, capture: Capture, seen: Observation) -> bool:
        if not seen.head or seen.head in (seen.attested, capture.stamped_head):
            return False
        if capture.stamped_at is None or seen.final:
            return True
        return self._tools.clock() - capture.stamped_at >= EVERY

    def _note(self, capture: Capture, head: str) -> None:
        with self._tools.database.transaction() as session:
            session.execute(
                update(Capture)
                .where(Capture.id == capture.id)
                .values(stamped_head=head, stamped_at=self._tools.clock())
                .execution_options(synchronize_session=False)
            )
