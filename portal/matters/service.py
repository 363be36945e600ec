"""What the rest of the portal may ask of matters. No Flask in here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy.orm import Session

from portal.accounts.identities import Identities
from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.deposits.tools import Tools
from portal.downloads import Download
from portal.matters import mails
from portal.matters.documents import Documents, HandedIn
from portal.matters.drafting import Drafting
from portal.matters.kit import Kit, Post
from portal.matters.listing import Listing
from portal.matters.messaging import Messaging
from portal.matters.models import Matter
from portal.matters.parties import Parties
from portal.matters.prefilling import Prefilling
from portal.matters.reading import Reading
from portal.matters.shapes import (
    Application,
    MatterFilter,
    MatterPage,
    MatterView,
    MessageView,
    Particulars,
    PartyFields,
)
from portal.matters.submitting import Submitting
from portal.storage import Intake
from portal.storage.sealing import Box

_PAGE: Final = 30


class MatterService:
    """Every method raises the errors of :mod:`portal.problems`. Somebody else's matter is not
    found; what is done, and every look at what is known of people, is a custody entry in the same
    transaction."""

    def __init__(self, tools: Tools, box: Box, post: Post) -> None:
        """``post`` sends a mail in the caller's transaction."""
        self._kit = kit = Kit(tools, box, post)
        self._parties = Parties(kit)
        self._drafting = Drafting(kit)
        self._documents = Documents(kit, self._parties)
        self._messaging = Messaging(kit)
        self._reading = Reading(kit, self._parties)
        self._listing = Listing(kit)
        self._submitting = Submitting(kit, self._reading.missing)
        self._prefilling = Prefilling(kit, Identities(tools.database, box, tools.clock))

    # -- The applicant ------------------------------------------------------------------------

    def create(self, actor: Actor, deposit_id: str, template: str | None = None) -> str:
        """Begin an application for a certificate of a sealed deposit; its id."""
        return self._drafting.create(actor, deposit_id, template)

    def may_apply(self, actor: Actor, deposit_id: str) -> bool:
        """Whether pages offer the actor to apply for a certificate of it."""
        return self._drafting.may_apply(actor, deposit_id)

    def save(
        self, actor: Actor, matter_id: str, stated: Application, *, partial: bool = False
    ) -> None:
        """Say what is applied for; ``partial``: as far as it has come."""
        self._drafting.save(actor, matter_id, stated, partial=partial)

    def discard(self, actor: Actor, matter_id: str) -> None:
        """Forget a draft."""
        self._drafting.discard(actor, matter_id)

    def add_party(
        self, actor: Actor, matter_id: str, stated: PartyFields, *, partial: bool = False
    ) -> str:
        """A further party; its id."""
        return self._parties.add(actor, matter_id, stated, partial=partial)

    def change_party(
        self,
        actor: Actor,
        matter_id: str,
        party_id: str,
        stated: PartyFields,
        *,
        partial: bool = False,
    ) -> None:
        self._parties.change(actor, matter_id, party_id, stated, partial=partial)

    def remove_party(self, actor: Actor, matter_id: str, party_id: str) -> None:
        self._parties.remove(actor, matter_id, party_id)

    def suggested(self, actor: Actor, matter_id: str, *, own: bool) -> PartyFields:
        """What the form of a further party begins with; ``own``: with the actor's checked identity
        where there is one, whose reading is recorded."""
        return self._prefilling.suggested(actor, matter_id, own=own)

    @property
    def document_limit(self) -> int:
        """Bytes of one document that is handed in."""
        return self._documents.limit

    def intake(self) -> Intake:
        """Begin to receive a document, straight into the vault."""
        return self._documents.intake()

    def hand_in(self, actor: Actor, matter_id: str, material_id: str, file: HandedIn) -> str:
        """Keep a file for a line of the checklist; the document's id."""
        return self._documents.hand_in(actor, matter_id, material_id, file)

    def take_back(self, actor: Actor, matter_id: str, document_id: str) -> None:
        """Forget a document of a draft."""
        self._documents.take_back(actor, matter_id, document_id)

    def confirm_informed(self, actor: Actor, matter_id: str, edition: str, sha256: str) -> None:
        """Confirm to have read the notice (公证法 27)."""
        self._submitting.confirm_informed(actor, matter_id, edition, sha256)

    def submit(self, actor: Actor, matter_id: str) -> None:
        """Hand it to the office; :class:`portal.matters.submitting.NotComplete` names what is
        missing."""
        self._submitting.submit(actor, matter_id)

    def withdraw(self, actor: Actor, matter_id: str, reason: str, note: str = "") -> None:
        """Take it back, as long as no certificate is issued."""
        self._submitting.withdraw(actor, matter_id, reason, note)

    def list(
        self,
        actor: Actor,
        filters: MatterFilter | None = None,
        cursor: str | None = None,
        size: int = _PAGE,
    ) -> MatterPage:
        """Matters of whom the actor acts for, the newest first."""
        return self._listing.page(actor, filters or MatterFilter(), cursor, size)

    def about(self, actor: Actor, deposit_id: str) -> MatterPage:
        """The latest matters of a deposit that the actor may read."""
        return self._listing.about(actor, deposit_id)

    def view(self, actor: Actor, matter_id: str) -> MatterView:
        """One matter on the applicant's side."""
        return self._reading.view(actor, matter_id)

    def custody(self, actor: Actor, matter_id: str) -> Sequence[AuditEntry]:
        """What happened in it, newest first."""
        return self._reading.custody(actor, matter_id)

    def everything(self, actor: Actor, matter_id: str) -> Download:
        """All that was stated and handed in, as a zip."""
        return self._documents.everything(actor, matter_id)

    # -- Either side --------------------------------------------------------------------------

    def particulars(self, actor: Actor, matter_id: str, party_id: str) -> Particulars:
        """Everything known of a party; recorded."""
        return self._reading.particulars(actor, matter_id, party_id)

    def document(self, actor: Actor, matter_id: str, document_id: str) -> Download:
        """One document; recorded when its stream is asked for."""
        return self._documents.download(actor, matter_id, document_id)

    def messages(self, actor: Actor, matter_id: str) -> tuple[MessageView, ...]:
        """All messages, oldest first; those of the other side count as read from now on."""
        return self._messaging.read(actor, matter_id)

    def post(self, actor: Actor, matter_id: str, text: str) -> str:
        """Say something to the other side; the message's id."""
        return self._messaging.post(actor, matter_id, text)

    # -- The office ---------------------------------------------------------------------------

    def office_view(self, actor: Actor, matter_id: str) -> MatterView:
        """One matter as notaries and auditors see it."""
        return self._reading.office_view(actor, matter_id)

    def particulars_of(self, session: Session, matter: Matter) -> Sequence[Particulars]:
        """All parties in the caller's transaction, in order; the caller records why."""
        return self._parties.all_of(session, matter)

    def tell_applicant(self, session: Session, matter: Matter, what: str = "moved") -> None:
        """Mail the applicant, in the caller's transaction, that there is news; not which."""
        mails.tell_applicant(self._kit, session, matter, what)
