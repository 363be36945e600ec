"""What a verification found, in the order people ask: the answer, then file, time, ledger, signer.

The verifiers of tokens, ledgers, letters and packages report numbered checks; here each check is
put under the question it answers. Nothing is judged again: a tick fails when one of its checks
failed, and is undecided when one is undecided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from chain_adapter.verdict import Check, Outcome


class Answer(StrEnum):
    """The one sentence that comes first."""

    MATCHES = "matches"
    DIFFERS = "differs"
    MISSING = "missing"
    UNDECIDED = "unknown"


class Area(StrEnum):
    """The questions a reader asks, in their order."""

    FILE = "file"
    TIME = "time"
    LEDGER = "ledger"
    SIGNER = "signer"
    STATUS = "status"


_TIME_STEPS: Final = (
    "status response-form der signer-info content-type tst-info imprint imprint-algorithm nonce "
    "policy gen-time signed-attributes signer ess-cert-id eku end-entity signature chain "
    "no-trust-root carried-material revocation"
)
_TIME: Final = (
    f"{_TIME_STEPS} token token-link co-tokens capture-times capture-tokens draw-tokens draw-times "
    "certificate-times certificate-date"
)
_LEDGER_STEPS: Final = (
    "entry_canonical platform_signature depositor_signature receipt_entry receipt_final "
    "ledger_trusted receipt_checkpoint receipt_time proof_checkpoint proof_position trees_agree "
    "inclusion witness_quorum "
    "observer_signature observation_final proof_batch block_header block_seals contract_account "
    "contract_record batch_place batch_path record_time"
)
_LEDGER: Final = f"{_LEDGER_STEPS} entry ledger further-ledger draw-ledger"
_SIGNER: Final = (
    "trust platform_signature depositor_signature signatures letter-readable letter-signature "
    "letter-whole letter-unchanged letter-time letter-signer letter-attachments letter-number "
    "certificate-readable certificate-notary certificate-second certificate-seal certificate-whole "
    "certificate-unchanged certificate-notary-trusted certificate-second-trusted "
    "certificate-seal-trusted certificate-number"
)
_STATUS: Final = "certificate-status"
_DRAW: Final = (
    "draw-manifest draw-record draw-named draw-transcript draw-form draw-chain "
    "draw-step-signatures draw-config draw-list draw-order draw-commitments draw-shares "
    "draw-dice draw-reveals draw-recoveries draw-deadline draw-beacon draw-beacon-signature "
    "draw-seed draw-winners draw-alternates draw-final draw-voids draw-attempts draw-audit "
    "draw-leaves"
)
_FILE: Final = (
    "container manifest contents metadata file file-absent listed issued files capture-manifest "
    "capture-fingerprint capture-files capture-events capture-chain capture-order "
    "capture-segments capture-cleanliness capture-terminal certificate-record certificate-check "
    "certificate-manifest certificate-attached certificate-predecessor certificate-subject "
    "certificate-subject-facts volume-manifest volume-files volume-pdf volume-certificates "
    "volume-numbers volume-subject volume-concerned custody-form custody-chain custody-issued"
)
AREA_OF: Final[Mapping[str, Area]] = {
    **dict.fromkeys(_FILE.split(), Area.FILE),
    **dict.fromkeys(_DRAW.split(), Area.FILE),
    **dict.fromkeys(_TIME.split(), Area.TIME),
    **dict.fromkeys(_LEDGER.split(), Area.LEDGER),
    **dict.fromkeys(_SIGNER.split(), Area.SIGNER),
    **dict.fromkeys(_STATUS.split(), Area.STATUS),
}
#: The single steps of a token and of a ledger record stand under the checks of a package that ask
#: for them: the number before the point.
_STEPS_OF: Final[Mapping[str, int]] = {
    **dict.fromkeys(_TIME_STEPS.split(), 7),
    **dict.fromkeys(_LEDGER_STEPS.split(), 11),
}
#: Most tokens come without revocation lists, and a package may be examined without its file: alone
#: these leave nothing undecided.
_MAY_STAY_OPEN: Final = frozenset({"revocation", "file-absent", "draw-named"})


@dataclass(frozen=True, slots=True)
class Tick:
    """The checks that answer one question, and what they come to."""

    area: Area
    outcome: Outcome
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What a public answer may say of a deposit: no names, no file names."""

    number: str
    received_at: datetime | None = None
    gen_time: datetime | None = None
    anchored_at: datetime | None = None
    position: int | None = None
    file_seen: bool | None = None
    files: int | None = None
    part: bool = False
    state: str = "issued"
    erased_at: datetime | None = None
    erased_for: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A certificate before or behind another one: "certificate", "correction" or "revocation"."""

    number: str
    kind: str
    issued_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Certified:
    """What the office's register says of a certificate: ``status`` is "in-force", "corrected" or
    "revoked"; ``chain`` are its predecessors and successors. No names of parties."""

    number: str
    kind: str
    status: str
    issued_at: datetime
    template: str = ""
    subject_number: str = ""
    deposit_number: str = ""
    pdf_sha256: str = ""
    chain: tuple[Link, ...] = ()

    @property
    def by(self) -> Link | None:
        """What corrected or revoked it; None while it is in force."""
        wanted = {"corrected": "correction", "revoked": "revocation"}.get(self.status)
        later = (each for each in self.chain if each.issued_at >= self.issued_at)
        others = (each for each in later if each.number != self.number)
        return next((each for each in others if each.kind == wanted), None)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A fingerprint that everything hangs on; ``kind`` is a key of :data:`words.ANCHORS`."""

    kind: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Report:
    """``subject`` says what was examined: "record", "number", "letter", "package",
    "notarial" (a certificate by itself), "certificate" (one in the register), or "upload" for what
    is none of these; ``others`` are later deposits of the same digest.
    ``summary`` names the check that decided, in Chinese and English. ``anchors`` are what a letter
    or package was judged by, ``anchors_given`` False when they came with it."""

    answer: Answer
    subject: str
    ticks: tuple[Tick, ...] = ()
    found: Found | None = None
    others: tuple[Found, ...] = field(default=())
    summary: tuple[str, str] | None = None
    certificate: Certified | None = None
    anchors: tuple[Anchor, ...] = ()
    anchors_given: bool = True

    @property
    def sentence(self) -> str:
        """Which of the sentences comes first: mostly the subject's."""
        status = self.certificate.status if self.certificate else ""
        gone = self.answer is Answer.DIFFERS and status in {"corrected", "revoked"}
        return status if gone else self.subject

    @property
    def failed(self) -> Check | None:
        """The first check that failed."""
        checks = (check for tick in self.ticks for check in tick.checks)
        return next((check for check in checks if check.failed), None)


def label(check: Check) -> str:
    """The number a check goes by, the same wherever it is shown: ``"8"``, or ``"7.3"`` for the
    third step of check 7."""
    above = _STEPS_OF.get(check.code)
    return str(check.number) if above is None else f"{above}.{check.number}"


def in_order(checks: Iterable[Check]) -> tuple[Check, ...]:
    """By number, each step behind the check it belongs to."""
    return tuple(sorted(checks, key=lambda check: [int(part) for part in label(check).split(".")]))


def ticks_of(checks: Iterable[Check]) -> tuple[Tick, ...]:
    """One tick for each question that has checks; what answers none of them is about the file."""
    by_area: dict[Area, list[Check]] = {area: [] for area in Area}
    for check in checks:
        by_area[AREA_OF.get(check.code, Area.FILE)].append(check)
    return tuple(
        Tick(area, outcome_of(found), tuple(found)) for area, found in by_area.items() if found
    )


def outcome_of(checks: Iterable[Check]) -> Outcome:
    """FAIL when one failed, else UNKNOWN when one that matters is undecided, else PASS."""
    outcomes = {
        check.outcome
        for check in checks
        if not (check.code in _MAY_STAY_OPEN and check.outcome is Outcome.UNKNOWN)
    }
    for outcome in (Outcome.FAIL, Outcome.UNKNOWN):
        if outcome in outcomes:
            return outcome
    return Outcome.PASS


def answer_of(ticks: Iterable[Tick]) -> Answer:
    """What the ticks come to; nothing examined is nothing decided."""
    outcomes = {tick.outcome for tick in ticks}
    if Outcome.FAIL in outcomes:
        return Answer.DIFFERS
    if Outcome.UNKNOWN in outcomes or not outcomes:
        return Answer.UNDECIDED
    return Answer.MATCHES
