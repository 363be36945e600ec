"""Deposits as pages show them: states, the five steps, and what a wait means, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask_babel import LazyString, gettext, lazy_gettext

from portal.audit.models import AuditEntry
from portal.audit.words import act_name
from portal.deposits.filenames import shown_name
from portal.deposits.models import Deposit, State
from portal.deposits.rail import Progress, Step

STATES: Final = {
    State.RECEIVED: lazy_gettext("Received, being time-stamped"),
    State.TIMESTAMPED: lazy_gettext("Time-stamped, being recorded"),
    State.ANCHORED: lazy_gettext("On the ledger, letter being made"),
    State.ISSUED: lazy_gettext("Letter issued"),
}
#: the rail: code of a step → its name
STEPS: Final = {
    "received": lazy_gettext("Reception"),
    "hashed": lazy_gettext("Digest"),
    "timestamped": lazy_gettext("Time-stamp"),
    "anchored": lazy_gettext("On ledger"),
    "issued": lazy_gettext("Letter"),
}

#: why a deposit waits (codes of timestamping, chain_adapter and the vault), for those who wait
WAITS: Final[Mapping[str, LazyString]] = {
    "tsa-retryable": lazy_gettext("The time-stamping authority cannot answer just now."),
    "tsa-unavailable": lazy_gettext("The time-stamping authority cannot be reached."),
    "tsa-timeout": lazy_gettext("The time-stamping authority did not answer in time."),
    "tsa-rejected": lazy_gettext("The time-stamping authority refused the request."),
    "tsa-permanent": lazy_gettext("The time-stamping authority refused the request."),
    "bad-reply": lazy_gettext("The time-stamping authority answered with something unreadable."),
    "bad-token": lazy_gettext("The time-stamping authority answered with something unreadable."),
    "token-refused": lazy_gettext("The time-stamp received does not pass its verification."),
    "unsupported-digest": lazy_gettext("The time-stamping authority does not take this digest."),
    "no-tsa-answered": lazy_gettext("None of the time-stamping authorities answered as it should."),
    "ledger_retryable": lazy_gettext("The ledger cannot take the record just now."),
    "ledger_unknown": lazy_gettext("The ledger did not confirm the record; it is being looked up."),
    "ledger_conflict": lazy_gettext("The ledger holds another record under this number."),
    "ledger_denied": lazy_gettext("The ledger refused the portal."),
    "ledger_quorum": lazy_gettext("Too few of the ledger's parties have agreed so far."),
    "ledger_fatal": lazy_gettext("The ledger does not work; the operator has to look at it."),
    "vault_unavailable": lazy_gettext("The storage cannot be written just now."),
    "letter": lazy_gettext("The letter could not be made; the operator has to look at it."),
    "seal": lazy_gettext("The letter could not be sealed; the operator has to look at it."),
    "pdf": lazy_gettext("The letter could not be made; the operator has to look at it."),
    "internal": lazy_gettext("A step failed; the operator has to look at it."),
}
ACTS: Final[Mapping[str, LazyString]] = {
    "deposit.received": lazy_gettext("received, digest computed"),
    "deposit.timestamped": lazy_gettext("time-stamped"),
    "deposit.anchored": lazy_gettext("recorded on the ledger"),
    "deposit.issued": lazy_gettext("letter issued"),
    "deposit.waiting": lazy_gettext("a step waits"),
    "deposit.followed": lazy_gettext("recorded on a further ledger"),
}
#: what an export may be of
EXPORTS: Final[Mapping[str, LazyString]] = {
    "letter": lazy_gettext("letter"),
    "token": lazy_gettext("time-stamp token"),
    "receipt": lazy_gettext("ledger receipt"),
    "package": lazy_gettext("proof package"),
    "package-with-original": lazy_gettext("proof package with the original"),
    "original": lazy_gettext("original"),
}
_VIA: Final = {
    "web": lazy_gettext("by web page"),
    "api": lazy_gettext("by API"),
    "cli": lazy_gettext("on the server"),
    "worker": lazy_gettext("by the portal itself"),
}


@dataclass(frozen=True, slots=True)
class Look:
    """A badge: ``kind`` is "issued", "waiting" or "moving"."""

    kind: str
    icon: str
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list."""

    id: str
    number: str
    title: str
    kind: str
    size: int | None
    received_at: datetime
    look: Look


@dataclass(frozen=True, slots=True)
class RailStep:
    """``look`` is "done", "moving" (in hand now), "waiting" (tried, to be tried again) or
    "pending". ``reason`` and ``next_at`` only of the step that waits."""

    label: str
    look: str
    icon: str
    word: str
    at: datetime | None = None
    reason: str = ""
    detail: str = ""
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many deposits are in one state."""

    state: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class CustodyLine:
    """One custody entry: when, what, who, how."""

    at: datetime
    act: str
    actor: str
    via: str
    address: str


def look(deposit: Deposit) -> Look:
    if deposit.state == State.ISSUED:
        return Look("issued", "rosette-discount-check", gettext("Letter issued"))
    if deposit.wait_reason:
        return Look("waiting", "hourglass", gettext("Waiting"))
    return Look("moving", "loader", gettext("In progress"))


def title(deposit: Deposit) -> str:
    """What the deposit is called: its title, else its file's name, else its number."""
    return shown_name(deposit.title or deposit.filename) or deposit.number


def row(deposit: Deposit) -> Row:
    return Row(
        deposit.id,
        deposit.number,
        title(deposit),
        deposit.kind,
        deposit.size,
        deposit.received_at,
        look(deposit),
    )


def counts(found: Mapping[State, int]) -> list[Count]:
    """One figure for each state, in the order of the steps."""
    return [Count(str(state), str(label), found.get(state, 0)) for state, label in STATES.items()]


def rail(steps: Sequence[Step]) -> list[RailStep]:
    """The five steps; the first that is not done is in hand, or waits and says why."""
    shown: list[RailStep] = []
    for step in steps:
        label = str(STEPS[step.code])
        if step.state is Progress.DONE:
            shown.append(RailStep(label, "done", "check", gettext("done"), step.at))
        elif step.state is Progress.WAITING:
            shown.append(_waiting(label, step))
        elif not shown or shown[-1].look == "done":
            shown.append(RailStep(label, "moving", "loader", gettext("in hand")))
        else:
            shown.append(RailStep(label, "pending", "circle-dashed", gettext("to come")))
    return shown


def mark(deposit: Deposit) -> str:
    """Changes whenever the page of this deposit would."""
    return f"{deposit.state}.{deposit.attempts}.{deposit.wait_reason or ''}"


def custody(entries: Sequence[AuditEntry]) -> Iterator[CustodyLine]:
    for entry in entries:
        yield CustodyLine(
            entry.at,
            _act(entry),
            entry.actor_name,
            str(_VIA.get(entry.via, entry.via)),
            entry.address,
        )


def _act(entry: AuditEntry) -> str:
    """What was done; of an export also what was handed out."""
    if entry.action == "deposit.exported":
        what = str(json.loads(entry.detail).get("what", ""))
        return str(gettext("handed out: %(what)s", what=EXPORTS.get(what, what)))
    return str(ACTS.get(entry.action) or act_name(entry.action))


def wait_sentence(code: str) -> LazyString | None:
    """The sentence for a reason; ``bad-reply-type`` is also a ``bad-reply``."""
    while code and code not in WAITS:
        code = code.rpartition("-")[0]
    return WAITS.get(code)


def _waiting(label: str, step: Step) -> RailStep:
    known = wait_sentence(step.reason or "")
    return RailStep(
        label,
        "waiting",
        "hourglass",
        gettext("waits"),
        reason=str(known or step.detail or WAITS["internal"]),
        detail=step.detail or "" if known else "",
        next_at=step.next_at,
    )
