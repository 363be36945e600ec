"""What pages see of draws, and what the plan of one holds. Frozen values, no tables in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

#: Places of a stage: so many, or everybody that is eligible, ranked.
Winners = int | Literal["all"]
#: Reasons a record may be voided for.
VOID_REASONS: Final = (
    "list_error",
    "late_reveal",
    "bad_shares",
    "equipment",
    "force_majeure",
    "organiser_request",
)
ROLES: Final = ("organiser", "notary", "portal", "public")
UNFILLED: Final = ("refuse", "leave", "carry")


@dataclass(frozen=True, slots=True)
class PlanPool:
    """``id`` is what the list's column of pools says; 1 to 16 of A-Z, a-z, 0-9, ``_`` and ``-``."""

    id: str
    zh: str = ""
    en: str = ""


@dataclass(frozen=True, slots=True)
class PlanStage:
    """One round of prizes. ``repeat``: who won earlier may win again. ``unfilled``: what happens
    when fewer are eligible than there are places."""

    zh: str = ""
    en: str = ""
    pools: tuple[str, ...] = ("A",)
    winners: Winners = 1
    alternates: int = 0
    repeat: bool = False
    unfilled: Literal["refuse", "leave", "carry"] = "refuse"


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns of the list mean what, by their headings. ``public`` are shown to everybody, in
    this order."""

    id: str
    public: tuple[str, ...] = ()
    pool: str | None = None
    weight: str | None = None
    id_kind: Literal["text", "prc-id"] = "text"


@dataclass(frozen=True, slots=True)
class Plan:
    """The draft of a draw. Times are aware.

    Attributes:
        organiser: legal name.
        threshold: how many holders recover a withheld seed; None: all but one of them, at least 2.
        public: sources of public randomness, in the order in which they count.
        beacon_minutes: how long after ``draw_at`` the beacon's round is.
        retry_hours: how long after the first one a second attempt's round is.
        layout, duplicates: shown here, changed by ``choose_columns`` alone.
    """

    title_zh: str = ""
    title_en: str = ""
    organiser: str = ""
    rules_zh: str = ""
    rules_en: str = ""
    rehearsal: bool = False
    pools: tuple[PlanPool, ...] = (PlanPool("A"),)
    stages: tuple[PlanStage, ...] = (PlanStage(),)
    max_weight: int = 1
    threshold: int | None = None
    public: tuple[Literal["dice", "drand"], ...] = ("dice",)
    dice_minimum: int = 50
    beacon_minutes: int = 30
    retry_hours: int = 24
    announced_at: datetime | None = None
    draw_at: datetime | None = None
    void_reasons: tuple[str, ...] = VOID_REASONS
    attempts: int = 2
    audit_sample: int = 30
    layout: Layout | None = None
    duplicates: Literal["refuse", "first"] = "refuse"


@dataclass(frozen=True, slots=True)
class PoolCount:
    """What a pool of the list has."""

    entries: int
    tickets: int


@dataclass(frozen=True, slots=True)
class Warning_:  # noqa: N801 (``Warning`` is Python's)
    """Something a person should know that forbids nothing. ``text`` is an English sentence with
    ``%(name)s`` places for ``params``; ``stage`` and ``party`` say where."""

    code: str
    text: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    stage: int | None = None
    party: str | None = None


@dataclass(frozen=True, slots=True)
class StagePreview:
    """How one stage works out. ``stage`` counts from 1; ``places`` has what earlier stages carried
    over. How many are still eligible depends on who won before where pools overlap: at least and
    at most so many. ``chance`` is one single ticket's of winning in this stage, 0 to 1, before
    anything is drawn."""

    stage: int
    zh: str
    en: str
    pools: tuple[str, ...]
    winners: Winners
    places: int
    alternates: int
    eligible_least: int
    eligible_most: int
    tickets: int
    chance: float
    problem: Warning_ | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """``feasible``: it can be frozen with a list of these counts."""

    entries: int
    tickets: int
    places: int
    stages: tuple[StagePreview, ...]
    warnings: tuple[Warning_, ...]
    feasible: bool


@dataclass(frozen=True, slots=True)
class PartyView:
    """One party, in the order of the config. ``waiting_for`` is the type of statement it has to
    hand in now, empty when none. ``link_open``: it was invited and nobody took the link yet."""

    id: str
    role: str
    name: str
    email: str
    joined: bool
    you: bool
    claimed: bool
    link_open: bool
    invited_at: datetime | None
    joined_at: datetime | None
    waiting_for: str
    key: str | None


@dataclass(frozen=True, slots=True)
class ListProblem:
    """Why a row cannot be an entry. Rows count as in a spreadsheet: the headings are row 1.
    ``column`` is empty when the whole row is meant; ``value`` is what stands there, shortened."""

    code: str
    row: int
    column: str
    text: str
    value: str


@dataclass(frozen=True, slots=True)
class ListDuplicate:
    """The id of ``row`` stood in ``first_row`` already; ``id`` is masked."""

    row: int
    first_row: int
    id: str


@dataclass(frozen=True, slots=True)
class ListView:
    """The list, whatever state it is in. ``progress`` is 0 to 100 while the worker has it.

    ``problems`` and ``duplicate_rows`` name the first few, their counts count all. ``counts`` is
    by pool. ``problem`` says why the list as a whole failed. ``open_problems``: it cannot be frozen
    like this. ``document`` and ``root`` are there once it is committed to.
    """

    state: str
    filename: str
    size: int
    sha256: str
    stage: str
    done: int
    total: int
    progress: int
    problem: str
    problem_code: str
    encoding: str
    columns: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    rows: int
    guess: Layout | None
    layout: Layout | None
    duplicates: str
    problems: tuple[ListProblem, ...]
    problem_count: int
    problem_counts: Mapping[str, int]
    duplicate_rows: tuple[ListDuplicate, ...]
    duplicate_count: int
    counts: Mapping[str, PoolCount]
    root: str
    count: int
    open_problems: bool
    document: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class StepView:
    """One step. ``deposit_state`` is the deposit's; ``sealed`` from ``anchored`` on; ``wait`` says
    why it is not yet, in one English sentence, else empty."""

    n: int
    type: str
    attempt: int
    at: datetime
    sha256: str
    deposit_id: str
    number: str
    deposit_state: str
    sealed: bool
    wait: str
    parties: tuple[str, ...]
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ExpectedView:
    """What somebody has to hand in now; ``handed_in``: it has, and waits to become a step."""

    party: str
    type: str
    handed_in: bool


@dataclass(frozen=True, slots=True)
class DrawLine:
    """One line of a list of draws. ``role``: what the actor is in it."""

    id: str
    title_zh: str
    title_en: str
    state: str
    phase: str
    attempt: int
    rehearsal: bool
    role: str
    draw_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DrawPage:
    """``next``: the cursor of the page after this one, None at the end."""

    lines: tuple[DrawLine, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class DrawView:
    """Everything that the pages of those concerned show. ``may_change``: the actor acts for whose
    draw it is; ``party`` is the actor's own party, empty when none. ``wait`` says in one English
    sentence what the worker waits for, else empty. ``freezable``: no ``obstacles`` are left.
    ``waived`` is why the notary lets a late application go ahead."""

    id: str
    title_zh: str
    title_en: str
    state: str
    phase: str
    rehearsal: bool
    attempt: int
    may_change: bool
    party: str
    role: str
    owner_name: str
    plan: Plan
    parties: tuple[PartyView, ...]
    list: ListView | None
    preview: Preview | None
    steps: tuple[StepView, ...]
    expected: tuple[ExpectedView, ...]
    config: Mapping[str, Any] | None
    config_hash: str
    draw_hash: str
    created_at: datetime
    frozen_at: datetime | None
    announced_at: datetime | None
    draw_at: datetime | None
    beacon_at: datetime | None
    warnings: tuple[Warning_, ...]
    obstacles: tuple[Warning_, ...]
    freezable: bool
    wait: str
    wait_reason: str
    waived: str
    deposit_id: str | None
    public_url: str


@dataclass(frozen=True, slots=True)
class PublicStage:
    """``drawn``: how many won in the attempt that counts, None before. ``file``: positions are too
    many for the record itself."""

    stage: int
    zh: str
    en: str
    pools: tuple[str, ...]
    winners: Winners
    alternates: int
    places: int | None
    drawn: int | None
    drawn_alternates: int | None
    unfilled: int | None


@dataclass(frozen=True, slots=True)
class PublicDraw:
    """What everybody may know, from the announcement on. ``config`` and ``list`` are the documents
    of the record; ``letter``: number and code of the deposit of the whole draw."""

    id: str
    title_zh: str
    title_en: str
    state: str
    phase: str
    rehearsal: bool
    attempt: int
    organiser: str
    rules_zh: str
    rules_en: str
    config: Mapping[str, Any]
    config_hash: str
    list: Mapping[str, Any] | None
    draw_hash: str
    announced_at: datetime | None
    draw_at: datetime | None
    beacon_at: datetime | None
    ended_at: datetime | None
    steps: tuple[StepView, ...]
    stages: tuple[PublicStage, ...]
    seed: str
    voids: tuple[Mapping[str, Any], ...]
    audit: Mapping[str, Any] | None
    letter_number: str
    letter_code: str


@dataclass(frozen=True, slots=True)
class OpenedEntry:
    """One entry that was drawn. ``rank`` counts from 1 through the stage; ``fields`` are pool,
    weight and the public fields."""

    rank: int
    position: int
    alternate: bool
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WinnersPage:
    """``rows`` of ``total``; ``columns`` names the public fields."""

    stage: int
    attempt: int
    page: int
    pages: int
    total: int
    winner_count: int
    alternate_count: int
    columns: tuple[str, ...]
    rows: tuple[OpenedEntry, ...]


@dataclass(frozen=True, slots=True)
class Won:
    """Where one entry was drawn. ``name`` is the stage's, in zh and en."""

    attempt: int
    stage: int
    rank: int
    alternate: bool
    name: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SampleEntry:
    """One entry opened to the notary: ``identity`` is the id as the list has it, ``row`` and
    ``cells`` the line of the organiser's file."""

    position: int
    row: int
    identity: str
    fields: tuple[str, ...]
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InvitationView:
    """What an invitation's page shows before it is taken. ``role`` is the party's."""

    draw_id: str
    title_zh: str
    title_en: str
    rehearsal: bool
    organiser: str
    role: str
    name: str


@dataclass(frozen=True, slots=True)
class HandedIn:
    """The answer to a signed statement; ``replayed``: the very same was there already."""

    type: str
    attempt: int
    replayed: bool
