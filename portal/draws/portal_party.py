"""The portal as a party: its secret is sealed in the database and leaves it as statements only."""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from lottery.errors import BadShare
from lottery.party import Party
from lottery.record import Record
from lottery.statements import Signed
from portal.draws.kit import Kit
from portal.draws.models import Draw, DrawParty
from portal.storage.sealing import Box

PORTAL: Final = "portal"
_PURPOSE: Final = "draw-master"
#: What the portal says without being asked, as soon as it is its turn.
_ROUTINE: Final = frozenset({"commit", "shares", "acknowledge", "reveal"})


class PortalParty:
    """Makes, opens and speaks for the portal's own party."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def add(self, session: Session, draw: Draw) -> None:
        """Give a new draw the portal's party, with a fresh secret of its own."""
        settings, now = self._kit.tools.settings, draw.created_at
        master = secrets.token_bytes(32)
        party = Party(master, draw.id)
        session.add(
            DrawParty(
                draw_id=draw.id,
                party=PORTAL,
                place=1,
                role=PORTAL,
                name=settings.platform_name_zh or settings.platform_name_en,
                key=party.key,
                box=party.box,
                sealed=self._kit.box.seal(master, _PURPOSE, draw.id),
                joined_at=now,
            )
        )

    def open(self, session: Session, draw_id: str) -> Party:
        """The portal's party of that draw, able to sign."""
        row = session.get_one(DrawParty, (draw_id, PORTAL))
        return Party(_opened(self._kit.box, row), draw_id)

    def says(
        self, party: Party, record: Record, pending: list[Signed], now: datetime
    ) -> list[Signed]:
        """What the portal has to say now and has not said yet.

        It gives its share of a withheld secret as soon as another holder has given theirs: it
        never begins a recovery, and never stands in the way of one.
        """
        said = [each for each in pending if each.party == PORTAL]
        types = {each.type for each in said}
        wanted = {each.type for each in record.expected() if each.party == PORTAL}
        made: list[Signed] = []
        for name in sorted(wanted & _ROUTINE - types):
            with suppress(BadShare):  # told by `trouble`; only a void leads out of it
                made.append(party.routine(record, name, now))
        dealt = {str(each.statement["dealer"]) for each in said if each.type == "share"}
        for each in pending:
            dealer = str(each.statement.get("dealer", ""))
            # A share that came when the secret was out already stays where it is.
            missing = record.phase == "reveal" and dealer not in record.current.secrets
            if each.type == "share" and missing and dealer not in dealt and dealer != PORTAL:
                dealt.add(dealer)
                made.append(party.share(record, dealer, now))
        return made

    def trouble(self, party: Party, record: Record, now: datetime) -> str:
        """What keeps the portal from doing its part, in one English sentence; empty when nothing.
        Others may still void the attempt."""
        if any(each.party == PORTAL and each.type == "acknowledge" for each in record.expected()):
            try:
                party.acknowledge(record, now)
            except BadShare as error:
                return f"The portal does not acknowledge: {error}."
        return ""


def _opened(box: Box, row: DrawParty) -> bytes:
    assert row.sealed is not None  # noqa: S101 - the portal's party is made with it
    return box.open(row.sealed, _PURPOSE, row.draw_id)
