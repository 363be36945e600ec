"""What the rest of the portal may ask of draws. No Flask in here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from portal.audit.actor import Actor
from portal.deposits.tools import Tools
from portal.draws.accepting import Accepting
from portal.draws.advancing import Advancing
from portal.draws.auditing import Auditing
from portal.draws.beacons import Beacons
from portal.draws.drafting import Drafting
from portal.draws.drawing import Drawing
from portal.draws.files import Sweeping
from portal.draws.freezing import Freezing
from portal.draws.ingesting import Ingesting
from portal.draws.inviting import Inviting
from portal.draws.kit import Kit, Post, Taking
from portal.draws.listing import Listing
from portal.draws.portal_party import PortalParty
from portal.draws.previewing import preview
from portal.draws.publishing import Publishing
from portal.draws.reading import Reading
from portal.draws.records import Records
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
    Won,
)
from portal.draws.snapshots import Snapshots
from portal.draws.stepping import Stepping
from portal.draws.tasks import Tasks
from portal.jobs import Sideline
from portal.storage.sealing import Box

_PAGE: Final = 30
#: What the extra ``draws`` brings.
_NEEDED: Final = ("numpy", "numba", "python_calamine", "py_ecc")
_MISSING: Final = "Draws are switched off: {name} is not installed; install the extra 'draws'."


class DrawService:
    """Every method raises the errors of :mod:`portal.problems`. Somebody else's draw is not found;
    what is done is a custody entry in the same transaction."""

    def __init__(self, tools: Tools, box: Box, post: Post, take: Taking) -> None:
        """``post`` sends a mail in the caller's transaction, ``take`` hands an upload over."""
        missing = next((name for name in _NEEDED if find_spec(name) is None), None)
        kit = Kit(tools, box, post, take, _MISSING.format(name=missing) if missing else "")
        records, portal, drawing = Records(), PortalParty(kit), Drawing(kit)
        self._kit = kit
        self._drafting = Drafting(kit, portal.add)
        self._inviting = Inviting(kit)
        self._listing = Listing(kit)
        self._freezing = Freezing(kit)
        self._accepting = Accepting(kit, records)
        self._tasks = Tasks(kit, records)
        self._auditing = Auditing(kit, records)
        self._beacons = Beacons(kit, records)
        self._reading = Reading(kit, records)
        self._publishing = Publishing(kit, records, drawing)
        self._snapshots = Snapshots(kit, records)
        self._ingesting = Ingesting(kit, self._listing)
        self._sweeping = Sweeping(kit)
        self._advancing = Advancing(
            kit,
            records,
            portal,
            Stepping(kit, records, portal),
            self._beacons,
            drawing,
            self._snapshots,
        )

    @property
    def switched_off(self) -> str:
        """Empty, or why draws cannot be had here."""
        return self._kit.missing

    # -- The organiser ------------------------------------------------------------------------

    def create(self, actor: Actor, title_zh: str, title_en: str) -> str:
        """Begin a draft; its id."""
        return self._drafting.create(actor, title_zh, title_en)

    def plan(self, actor: Actor, draw_id: str) -> Plan:
        """The draft as it stands."""
        return self._drafting.plan(actor, draw_id)

    def save_plan(self, actor: Actor, draw_id: str, plan: Plan) -> None:
        """Keep the draft; BadInput names the field (``stages-0-winners``)."""
        self._drafting.save(actor, draw_id, plan)

    def preview(self, plan: Plan, counts: Mapping[str, PoolCount]) -> Preview:
        """How places and chances work out; asks no database."""
        return preview(plan, counts)

    def mine(self, actor: Actor, cursor: str | None = None, size: int = _PAGE) -> DrawPage:
        """Draws of whom the actor acts for, and those they are a party of; the newest first."""
        return self._drafting.mine(actor, cursor, size)

    def get(self, actor: Actor, draw_id: str) -> DrawView:
        """Everything about one draw, for its organiser and its parties."""
        return self._reading.get(actor, draw_id)

    def delete(self, actor: Actor, draw_id: str) -> None:
        """Forget a draft with its list, its parties and their invitations."""
        self._listing.drop(actor, draw_id)
        self._drafting.delete(actor, draw_id)

    def invite(
        self, actor: Actor, draw_id: str, role: str, name: str, email: str, language: str = "zh"
    ) -> str:
        """Add a party; its one-time link, which is mailed as well (when there is an address). The
        mail is in both languages; ``language`` is the inviter's."""
        return self._inviting.invite(actor, draw_id, role, name, email)

    def uninvite(self, actor: Actor, draw_id: str, party: str) -> None:
        """Take a party out again, before the freeze."""
        self._inviting.uninvite(actor, draw_id, party)

    def invitation(self, token: str) -> InvitationView:
        """What the link leads to."""
        return self._inviting.invitation(token)

    def claim(self, actor: Actor, token: str) -> str:
        """Become the party that was invited; the draw's id. The link is used up."""
        return self._inviting.claim(actor, token)

    def join(self, actor: Actor, draw_id: str, party: str, key: str, box: str) -> None:
        """Hand in the party's public keys (hexadecimal), made in its browser."""
        self._inviting.join(actor, draw_id, party, key, box)

    def take_list(self, actor: Actor, draw_id: str, upload_draft_id: str) -> None:
        """Take the one file of a finished upload as the list; an earlier one goes."""
        self._listing.take(actor, draw_id, upload_draft_id)

    def choose_columns(self, actor: Actor, draw_id: str, layout: Layout, duplicates: str) -> None:
        """Say what the columns mean; the worker then surveys and commits to the list."""
        self._listing.choose(actor, draw_id, layout, duplicates)

    def drop_list(self, actor: Actor, draw_id: str) -> None:
        """Forget the list."""
        self._listing.drop(actor, draw_id)

    def freeze(self, actor: Actor, draw_id: str) -> bytes:
        """Fix everything; the canonical config, whose hash the organiser's browser signs."""
        return self._freezing.freeze(actor, draw_id)

    def thaw(self, actor: Actor, draw_id: str) -> None:
        """Back to the draft, as long as the organiser has not signed."""
        self._freezing.thaw(actor, draw_id)

    # -- Parties ------------------------------------------------------------------------------

    def task(self, actor: Actor, draw_id: str) -> dict[str, Any]:
        """What the actor's party has to sign now, with all that its browser needs for it."""
        return self._tasks.task(actor, draw_id)

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
        return self._accepting.accept(actor, draw_id, statement, signature, findings)

    def audit_sample(self, actor: Actor, draw_id: str) -> tuple[SampleEntry, ...]:
        """The entries to be audited, opened to the notary."""
        return self._auditing.sample(actor, draw_id)

    def waive(self, actor: Actor, draw_id: str, reason: str) -> None:
        """The notary lets a draw go ahead that was applied for late; ``reason`` is recorded."""
        self._tasks.waive(actor, draw_id, reason)

    def read_list_again(self, actor: Actor, draw_id: str) -> None:
        """Have a list that failed read once more."""
        self._listing.again(actor, draw_id)

    def beacon_file(self, actor: Actor, draw_id: str, content: bytes) -> None:
        """Hand in the beacon as a file (drand's JSON), where the network cannot be reached."""
        self._beacons.file(actor, draw_id, content)

    # -- The public ---------------------------------------------------------------------------

    def public(self, draw_id: str) -> PublicDraw:
        return self._publishing.draw(draw_id)

    def live(self, draw_id: str) -> tuple[bytes, str]:
        """What screens show, as JSON, and its entity tag."""
        return self._snapshots.live(draw_id)

    def transcript(self, draw_id: str) -> bytes:
        """All steps as one canonical document."""
        return self._publishing.transcript(draw_id)

    def step(self, draw_id: str, n: int) -> tuple[StepView, bytes]:
        return self._publishing.step(draw_id, n)

    def receipt(self, draw_id: str, position: int) -> dict[str, Any]:
        """The receipt of one entry."""
        return self._publishing.receipt(draw_id, position)

    def find(self, draw_id: str, lookup: str) -> dict[str, Any] | None:
        """The receipt of whoever's lookup hash (hexadecimal) it is."""
        return self._publishing.find(draw_id, lookup)

    def winners(
        self, draw_id: str, stage: int, page: int = 1, size: int = 100, attempt: int | None = None
    ) -> WinnersPage:
        """A page of what a stage drew: winners, then alternates."""
        return self._publishing.winners(draw_id, stage, page, size, attempt)

    def winners_csv(self, draw_id: str, stage: int, attempt: int | None = None) -> Iterator[str]:
        """All of them, line by line."""
        return self._publishing.csv(draw_id, stage, attempt)

    def won(self, draw_id: str, position: int) -> tuple[Won, ...]:
        """Where an entry was drawn, the newest attempt first; empty when it was not."""
        return self._publishing.won(draw_id, position)

    def leaves(self, draw_id: str) -> Path:
        """The leaf file, 32 bytes an entry."""
        return self._publishing.leaves(draw_id)

    # -- The worker's side --------------------------------------------------------------------

    def sidelines(self) -> tuple[Sideline, ...]:
        """Steps and lists each in a thread of its own: a list of millions delays no draw."""
        return (
            Sideline("draws", self.advance, 0.25),
            Sideline("draw-lists", self.ingest, 0.5),
        )

    def advance(self) -> int:
        """Make one step of every draw that can make one."""
        return self._advancing.advance()

    def ingest(self) -> int:
        """Read one list that waits for it."""
        return 0 if self._kit.missing else self._ingesting.advance()

    def sweep(self) -> int:
        """Housekeeping: what killed workers left behind; how many folders went."""
        return self._sweeping.sweep()
