"""Matters as the service gives them out and takes them in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Literal

Side = Literal["applicant", "office"]
APPLICANT: Final[Side] = "applicant"
OFFICE: Final[Side] = "office"

#: roles and kinds of parties
ROLES: Final = ("applicant", "agent", "interested")
KINDS: Final = ("person", "organisation")
#: what may be asked to be handed in
MATERIALS: Final = ("identity", "authority", "ownership", "approval", "rules", "other")
LANGUAGES: Final = ("zh+en", "zh", "en")
#: usual purposes; ``"other"`` is said in words alone
PURPOSES: Final = (
    "litigation",
    "arbitration",
    "complaint",
    "copyright",
    "contract",
    "abroad",
    "draw",
    "own-use",
    "other",
)
#: why an applicant takes an application back
WITHDRAWALS: Final = ("settled", "not-needed", "mistake", "time", "fee", "other")
MAX_COPIES: Final = 20
MAX_PARTIES: Final = 20


@dataclass(frozen=True, slots=True)
class Application:
    """What is applied for. ``purpose`` and ``facts`` are text of the applicant's own."""

    purpose_code: str = ""
    purpose: str = ""
    facts: str = ""
    destination: str = "CN"
    language: str = "zh+en"
    copies: int = 1


@dataclass(frozen=True, slots=True)
class PartyFields:
    """What is stated of a party. ``acts_for``: the party an agent acts for."""

    role: str = "applicant"
    kind: str = "person"
    name: str = ""
    document: str = ""
    country: str = "CN"
    number: str = ""
    phone: str = ""
    address: str = ""
    acts_for: str = ""


@dataclass(frozen=True, slots=True)
class Particulars:
    """A party with everything known of it. Whoever asks for these writes it down in the custody
    log."""

    id: str
    place: int
    role: str
    kind: str
    name: str
    document: str
    country: str
    number: str
    phone: str
    address: str
    acts_for: str | None
    checked_by: str | None
    checked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Missing:
    """Something without which the application cannot be submitted. ``step`` names the page where
    it is mended; ``message`` with ``params`` is an English sentence, as in problems."""

    code: str
    step: str
    message: str
    params: Mapping[str, str | int] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message % self.params if self.params else self.message


@dataclass(frozen=True, slots=True)
class PartyView:
    """A party in a list: masked."""

    id: str
    place: int
    role: str
    kind: str
    masked_name: str
    document: str
    masked_number: str
    acts_for: str | None
    checked_by: str | None
    checked_at: datetime | None


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A file handed in. ``removed_at``: it was taken back, its content is gone."""

    id: str
    filename: str
    media_type: str
    size: int
    sha256: str
    added_by: str
    added_at: datetime
    removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class MaterialView:
    """A line of the checklist with what was handed in for it. ``asked_by``: the name of who asked,
    empty for what the rules ask of everybody. ``takes``: something may be handed in now."""

    id: str
    code: str
    note: str
    state: str
    party_id: str | None
    party_name: str
    asked_by: str
    asked_at: datetime
    decided_by: str
    decided_at: datetime | None
    reason: str
    documents: tuple[DocumentView, ...]
    takes: bool

    @property
    def there(self) -> tuple[DocumentView, ...]:
        """The documents that were not taken back."""
        return tuple(each for each in self.documents if each.removed_at is None)


@dataclass(frozen=True, slots=True)
class MessageView:
    """``read_at``: when the other side first had it before them."""

    id: str
    side: str
    author: str
    text: str
    at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class AssignmentView:
    notary_id: str
    name: str
    part: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PauseView:
    id: str
    reason: str
    note: str
    begun_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class DepositView:
    """The deposit concerned. ``erased_at``: its content is gone, its proof stays."""

    id: str
    number: str
    kind: str
    title: str
    filename: str
    size: int | None
    file_count: int | None
    sha256: str
    sm3: str | None
    received_at: datetime
    gen_time: datetime | None
    state: str
    erased_at: datetime | None


@dataclass(frozen=True, slots=True)
class CertificateBrief:
    """The latest certificate, correction or revocation of the matter that was not dropped."""

    id: str
    kind: str
    number: str | None
    state: str
    issued_at: datetime | None


@dataclass(frozen=True, slots=True)
class Informed:
    """Who confirmed which words, and when. ``current``: these are still the words in force."""

    edition: str
    sha256: str
    by: str
    at: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class MatterView:
    """One matter as one side sees it, particulars masked.

    ``days_left`` counts days of the calendar to ``due_on``, negative when it is over; how many of
    them are working days the office's calendar knows. ``unread``: messages of the other side that
    nobody of this one has had before them. ``missing`` is empty once it was submitted.
    """

    id: str
    number: str
    side: Side
    state: str
    template: str
    revision: int
    may_change: bool
    deposit: DepositView
    owner_id: str
    owner_name: str
    organisation_id: str | None
    organisation_name: str
    application: Application
    fee: str
    informed: Informed | None
    second_needed: bool
    created_at: datetime
    changed_at: datetime
    submitted_at: datetime | None
    accepted_at: datetime | None
    due_on: date | None
    days_left: int | None
    ended_at: datetime | None
    ended_reason: str | None
    ended_note: str | None
    parties: tuple[PartyView, ...]
    materials: tuple[MaterialView, ...]
    messages: tuple[MessageView, ...]
    unread: int
    assignments: tuple[AssignmentView, ...]
    pauses: tuple[PauseView, ...]
    certificate: CertificateBrief | None
    missing: tuple[Missing, ...]

    @property
    def pause(self) -> PauseView | None:
        """The pause that is open, if any."""
        return next((each for each in self.pauses if each.ended_at is None), None)

    @property
    def asked(self) -> tuple[MaterialView, ...]:
        """What is still to be handed in."""
        return tuple(each for each in self.materials if each.state == "missing")

    def party(self, party_id: str | None) -> PartyView | None:
        return next((each for each in self.parties if each.id == party_id), None)


@dataclass(frozen=True, slots=True)
class MatterLine:
    """One matter in an applicant's list. ``asked``: materials that are waited for."""

    id: str
    number: str
    state: str
    template: str
    deposit_title: str
    deposit_number: str
    deposit_kind: str
    created_at: datetime
    submitted_at: datetime | None
    due_on: date | None
    days_left: int | None
    paused: bool
    unread: int
    asked: int


@dataclass(frozen=True, slots=True)
class MatterFilter:
    """``state`` is one of the states, or "" for all; ``text`` is looked for in the numbers and in
    the title of the deposit; ``deposit_id`` narrows to one deposit."""

    state: str = ""
    text: str = ""
    deposit_id: str = ""


@dataclass(frozen=True, slots=True)
class MatterPage:
    """Newest first; ``cursor`` asks for the next page, None on the last one."""

    items: tuple[MatterLine, ...]
    cursor: str | None
