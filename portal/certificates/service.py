"""What the rest of the portal may ask of certificates. No Flask in here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from portal.audit.actor import Actor
from portal.certificates.archiving import Archiving
from portal.certificates.copies import Copies
from portal.certificates.drafting import Drafting
from portal.certificates.issuing import Issuing
from portal.certificates.keys import Keys
from portal.certificates.kit import Checks, Kit, Matters, Post
from portal.certificates.public import Public
from portal.certificates.reading import Reading
from portal.certificates.register import Register
from portal.certificates.shapes import (
    CertificateView,
    CopyView,
    Figures,
    Issued,
    KeyView,
    Proposal,
    PublicCertificate,
    RegisterFilter,
    RegisterPage,
    RegisterRow,
    VolumeLine,
)
from portal.deposits.tools import Tools
from portal.downloads import Download
from portal.jobs import Sideline
from portal.storage.sealing import Box


class CertificateService:
    """Every method raises the errors of :mod:`portal.problems`; what is done, and every look at
    what is known of people, is a custody entry in the same transaction. Who may act on a matter is
    decided in :mod:`portal.matters.access` alone."""

    def __init__(self, tools: Tools, box: Box, matters: Matters, checks: Checks, post: Post):
        """``post`` sends a mail in the caller's transaction."""
        kit = Kit(tools, box, matters, checks, post)
        self._kit = kit
        self._keys = Keys(kit)
        self._drafting = Drafting(kit)
        self._copies = Copies(kit)
        self._issuing = Issuing(kit, self._keys)
        self._reading = Reading(kit, self._keys, self._copies)
        self._register = Register(kit)
        self._public = Public(kit)
        self._archiving = Archiving(kit)

    # -- Keys ---------------------------------------------------------------------------------

    def keys(self, actor: Actor) -> tuple[KeyView, ...]:
        """The notary's own."""
        return self._keys.mine(actor)

    def add_pkcs12(self, actor: Actor, data: bytes, password: str) -> str:
        """Keep a key's file as it is, after it opened; the password is kept nowhere."""
        return self._keys.add_pkcs12(actor, data, password)

    def make_office_key(self, actor: Actor, password: str, again: str) -> str:
        """Have the office's authority make one."""
        return self._keys.make(actor, password, again)

    def add_token(self, actor: Actor, token: str, label: str, pin: str) -> str:
        """Remember a key on a token."""
        return self._keys.add_token(actor, token, label, pin)

    def remove_key(self, actor: Actor, key_id: str) -> bool:
        """Take a key out of use; whether it was put on the office's revocation list."""
        return self._keys.remove(actor, key_id)

    @property
    def takes_tokens(self) -> bool:
        """Whether a module for tokens is configured."""
        return self._kit.tools.settings.pkcs11_module is not None

    # -- Writing ------------------------------------------------------------------------------

    def draft(self, actor: Actor, matter_id: str) -> str:
        """Begin the matter's certificate, or give the one there is; its id."""
        return self._drafting.draft(actor, matter_id)

    def edit(
        self,
        actor: Actor,
        certificate_id: str,
        zh: str,
        en: str,
        revision: int,
        reason: str | None = None,
    ) -> int:
        """Keep what was written; the new revision. An approval falls."""
        return self._drafting.edit(actor, certificate_id, zh, en, revision, reason)

    def renew(self, actor: Actor, certificate_id: str, revision: int) -> int:
        """Fill the testimony in again; the new revision."""
        return self._drafting.renew(actor, certificate_id, revision)

    def approve(self, actor: Actor, certificate_id: str, revision: int) -> None:
        """Approve the text as it stands."""
        self._drafting.approve(actor, certificate_id, revision)

    def drop(self, actor: Actor, certificate_id: str) -> None:
        """Give up what was not issued."""
        self._drafting.drop(actor, certificate_id)

    def correct(self, actor: Actor, certificate_id: str, reason: str) -> str:
        """Begin a correction; its id."""
        return self._drafting.correct(actor, certificate_id, reason)

    def revoke(self, actor: Actor, certificate_id: str, reason: str) -> str:
        """Begin a revocation; its id."""
        return self._drafting.revoke(actor, certificate_id, reason)

    def issue(
        self,
        actor: Actor,
        certificate_id: str,
        key_id: str,
        secret: str,
        revision: int,
        second: tuple[str, str] | None = None,
    ) -> Issued:
        """Number, sign, seal and issue it: see :mod:`portal.certificates.issuing`."""
        return self._issuing.issue(actor, certificate_id, key_id, secret, revision, second)

    # -- Looking ------------------------------------------------------------------------------

    def office_view(self, actor: Actor, certificate_id: str) -> CertificateView:
        """For notaries and auditors."""
        return self._reading.office_view(actor, certificate_id)

    def view(self, actor: Actor, certificate_id: str) -> CertificateView:
        """For applicants: what was issued."""
        return self._reading.view(actor, certificate_id)

    def of_matter(self, actor: Actor, matter_id: str, side: str) -> tuple[CertificateView, ...]:
        """All of a matter; ``side`` is "office" or "applicant"."""
        return self._reading.of_matter(actor, matter_id, side)

    def proposal(self, actor: Actor, certificate_id: str) -> Proposal:
        """Exactly what would be signed now, and what is in the way."""
        return self._reading.proposal(actor, certificate_id)

    def preview(self, actor: Actor, certificate_id: str) -> bytes:
        """As it stands, a PDF marked DRAFT."""
        return self._reading.preview(actor, certificate_id)

    def pdf(self, actor: Actor, certificate_id: str, side: str) -> Download:
        """The signed certificate, to be taken away."""
        return self._reading.pdf(actor, certificate_id, side)

    def archive(self, actor: Actor, matter_id: str) -> None:
        """Have the matter's archive volume made, which closes the matter."""
        self._archiving.ask(actor, matter_id)

    def volume(self, actor: Actor, matter_id: str) -> VolumeLine | None:
        """The matter's archive volume, when one was asked for."""
        return self._reading.volume(actor, matter_id)

    # -- Copies -------------------------------------------------------------------------------

    def copies(self, actor: Actor, certificate_id: str) -> tuple[CopyView, ...]:
        return self._copies.list(actor, certificate_id)

    def copy_parties(self, actor: Actor, certificate_id: str) -> dict[str, str]:
        """Id → masked name of everybody who may get a further copy."""
        return self._copies.parties(actor, certificate_id)

    def add_copy(self, actor: Actor, certificate_id: str, party_id: str) -> int:
        """A further copy; its number."""
        return self._copies.add(actor, certificate_id, party_id)

    def hand_over(self, actor: Actor, certificate_id: str, copy_id: str, how: str) -> None:
        """A copy went out, on "paper" or by "post"."""
        self._copies.hand_over(actor, certificate_id, copy_id, how)

    # -- The register -------------------------------------------------------------------------

    def register(
        self,
        actor: Actor,
        wanted: RegisterFilter | None = None,
        cursor: str | None = None,
        size: int = 50,
    ) -> RegisterPage:
        """A page of what was issued, the newest first."""
        return self._register.page(actor, wanted or RegisterFilter(), cursor, size)

    def export(self, actor: Actor, wanted: RegisterFilter, form: str) -> Iterator[RegisterRow]:
        """All of it; taking it away is recorded."""
        return self._register.every(actor, wanted, form)

    def statistics(
        self, actor: Actor, since: datetime | None = None, until: datetime | None = None
    ) -> Figures:
        """How many were issued in a span, and how they stand now."""
        return self._register.figures(actor, since, until)

    def gaps(self, actor: Actor) -> Mapping[str, tuple[int, int]]:
        """Empty, or where numbers given and documents there are differ."""
        return self._register.gaps(actor)

    def notaries(self, actor: Actor) -> dict[str, str]:
        """Id → name of everybody who issued something."""
        return self._register.notaries(actor)

    # -- The public ---------------------------------------------------------------------------

    def find(self, number: str) -> PublicCertificate:
        """By number, however it is typed. Raises NotFound."""
        return self._public.find(number)

    def find_by_digest(self, sha256: str) -> PublicCertificate | None:
        """By the digest of the PDF."""
        return self._public.find_by_digest(sha256)

    # -- The worker's side --------------------------------------------------------------------

    def sidelines(self) -> tuple[Sideline, ...]:
        """Volumes hold every certificate of a matter and its package: a thread of their own."""
        return (Sideline("archive", self._archiving.advance, 2.0),)
