"""Deposits as pages show them: states, the five steps, and what a wait means, in words."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask_babel import LazyString, gettext, lazy_gettext

from portal.audit.models import AuditEntry
from portal.audit.words import act_name, role_names
from portal.deposits.filenames import shown_name
from portal.deposits.models import Deposit, State
from portal.deposits.rail import Progress, Step
from portal.deposits.reasons import UNKNOWN, wait_sentence

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
    #: what failed, as programs say it: a stable code, and a sentence in English
    code: str = ""
    detail: str = ""
    next_at: datetime | None = None
    #: names of those who are waited for
    awaited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Count:
    """How many deposits are in one state."""

    state: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class CustodyLine:
    """One custody entry: when, what, who (empty: the portal itself), how; its place in the log, and
    what it says beside."""

    at: datetime
    act: str
    actor: str
    via: str
    address: str
    roles: str
    seq: int
    hash: str
    particulars: dict[str, str | int]


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
    further = f"{zlib.crc32(deposit.further.encode()):x}" if deposit.further else ""
    return f"{deposit.state}.{deposit.attempts}.{deposit.wait_reason or ''}.{further}"


def custody(entries: Sequence[AuditEntry]) -> Iterator[CustodyLine]:
    for entry in entries:
        yield CustodyLine(
            entry.at,
            _act(entry),
            "" if entry.via == "worker" else _who(entry),
            str(_VIA.get(entry.via, entry.via)),
            entry.address,
            " ".join(role_names(entry.roles)),
            entry.seq,
            entry.hash,
            json.loads(entry.detail),
        )


def _who(entry: AuditEntry) -> str:
    """Who it was, and for which organisation."""
    person, name = entry.actor_name, json.loads(entry.detail).get("for_name")
    return gettext("%(person)s for %(name)s", person=person, name=name) if name else person


def _act(entry: AuditEntry) -> str:
    """What was done; of an export also what was handed out."""
    if entry.action == "deposit.exported":
        what = str(json.loads(entry.detail).get("what", ""))
        return str(gettext("handed out: %(what)s", what=EXPORTS.get(what, what)))
    return str(ACTS.get(entry.action) or act_name(entry.action))


def _waiting(label: str, step: Step) -> RailStep:
    """The sentence in the reader's language; what the machine said stays beside it."""
    code = step.reason or ""
    return RailStep(
        label,
        "waiting",
        "hourglass",
        gettext("waits"),
        reason=str(wait_sentence(code) or UNKNOWN),
        code=code,
        detail=step.detail or "",
        next_at=step.next_at,
        awaited=step.awaited,
    )
