"""What the rest of the portal may ask of draws. No Flask in here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from portal.audit.actor import Actor
from portal.deposits.tools import Tools
from portal.draws.shapes import (
    DrawPage,
    DrawView,
    HandedIn,
    InvitationView,
    Layout,
    Plan,
    PoolCount,
    Preview,
    PublicDraw,
    SampleEntry,
    StepView,
    WinnersPage,
)
from portal.jobs import Sideline
from portal.problems import Unavailable

_PAGE: Final = 30


def _later() -> Unavailable:
    return Unavailable("draws_off", "Draws are not available here.")


class DrawService:
    """Every method raises the errors of :mod:`portal.problems`. Somebody else's draw is not found;
    what is done is a custody entry in the same transaction."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    # -- The organiser ------------------------------------------------------------------------

    def create(self, actor: Actor, title_zh: str, title_en: str) -> str:
        """Begin a draft; its id."""
        raise _later()

    def plan(self, actor: Actor, draw_id: str) -> Plan:
        """The draft as it stands."""
        raise _later()

    def save_plan(self, actor: Actor, draw_id: str, plan: Plan) -> None:
        """Keep the draft; BadInput names the field (``stages-0-winners``)."""
        raise _later()

    def preview(self, plan: Plan, counts: Mapping[str, PoolCount]) -> Preview:
        """How places and chances work out; asks no database."""
        raise _later()

    def mine(self, actor: Actor, cursor: str | None = None, size: int = _PAGE) -> DrawPage:
        """Draws of whom the actor acts for, and those they are a party of; the newest first."""
        raise _later()

    def get(self, actor: Actor, draw_id: str) -> DrawView:
        """Everything about one draw, for its organiser and its parties."""
        raise _later()

    def delete(self, actor: Actor, draw_id: str) -> None:
        """Forget a draft with its list, its parties and their invitations."""
        raise _later()

    def invite(
        self, actor: Actor, draw_id: str, role: str, name: str, email: str, language: str = "zh"
    ) -> str:
        """Add a party; its one-time link, which is mailed as well (when there is an address)."""
        raise _later()

    def uninvite(self, actor: Actor, draw_id: str, party: str) -> None:
        """Take a party out again, before the freeze."""
        raise _later()

    def invitation(self, token: str) -> InvitationView:
        """What the link leads to."""
        raise _later()

    def claim(self, actor: Actor, token: str) -> str:
        """Become the party that was invited; the draw's id. The link is used up."""
        raise _later()

    def join(self, actor: Actor, draw_id: str, party: str, key: str, box: str) -> None:
        """Hand in the party's public keys (hexadecimal), made in its browser."""
        raise _later()

    def take_list(self, actor: Actor, draw_id: str, upload_draft_id: str) -> None:
        """Take the one file of a finished upload as the list; an earlier one goes."""
        raise _later()

    def choose_columns(self, actor: Actor, draw_id: str, layout: Layout, duplicates: str) -> None:
        """Say what the columns mean; the worker then surveys and commits to the list."""
        raise _later()

    def drop_list(self, actor: Actor, draw_id: str) -> None:
        """Forget the list."""
        raise _later()

    def freeze(self, actor: Actor, draw_id: str) -> bytes:
        """Fix everything; the canonical config, whose hash the organiser's browser signs."""
        raise _later()

    def thaw(self, actor: Actor, draw_id: str) -> None:
        """Back to the draft, as long as the organiser has not signed."""
        raise _later()

    # -- Parties ------------------------------------------------------------------------------

    def task(self, actor: Actor, draw_id: str) -> dict[str, Any]:
        """What the actor's party has to sign now, with all that its browser needs for it."""
        raise _later()

    def accept(
        self,
        actor: Actor,
        draw_id: str,
        statement: bytes,
        signature: bytes,
        findings: bytes | None = None,
    ) -> HandedIn:
        """Take a signed statement: the one door for all of them. Idempotent.

        Args:
            statement: canonical JSON. signature: 64 bytes.
            findings: canonical JSON ``{"findings": […]}``, with the audit's statement alone.
        """
        raise _later()

    def audit_sample(self, actor: Actor, draw_id: str) -> tuple[SampleEntry, ...]:
        """The entries to be audited, opened to the notary."""
        raise _later()

    def beacon_file(self, actor: Actor, draw_id: str, content: bytes) -> None:
        """Hand in the beacon as a file (drand's JSON), where the network cannot be reached."""
        raise _later()

    # -- The public ---------------------------------------------------------------------------

    def public(self, draw_id: str) -> PublicDraw:
        raise _later()

    def live(self, draw_id: str) -> tuple[bytes, str]:
        """What screens show, as JSON, and its entity tag."""
        raise _later()

    def transcript(self, draw_id: str) -> bytes:
        """All steps as one canonical document."""
        raise _later()

    def step(self, draw_id: str, n: int) -> tuple[StepView, bytes]:
        raise _later()

    def receipt(self, draw_id: str, position: int) -> dict[str, Any]:
        """The receipt of one entry."""
        raise _later()

    def find(self, draw_id: str, lookup: str) -> dict[str, Any] | None:
        """The receipt of whoever's lookup hash (hexadecimal) it is."""
        raise _later()

    def winners(
        self, draw_id: str, stage: int, page: int = 1, size: int = 100, attempt: int | None = None
    ) -> WinnersPage:
        """A page of what a stage drew: winners, then alternates."""
        raise _later()

    def winners_csv(self, draw_id: str, stage: int, attempt: int | None = None) -> Iterator[str]:
        """All of them, line by line."""
        raise _later()

    def leaves(self, draw_id: str) -> Path:
        """The leaf file, 32 bytes an entry."""
        raise _later()

    # -- The worker's side --------------------------------------------------------------------

    def sidelines(self) -> tuple[Sideline, ...]:
        return ()
