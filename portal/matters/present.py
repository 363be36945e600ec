"""A submitted matter as its applicant's page shows it: the rail, the clock, the timeline."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import gettext

from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.audit.words import act_name, role_names, way_name
from portal.deposits.letters import masked_address
from portal.desk import reasons  # the law's own lists: text, and nothing of the desk's
from portal.matters import words
from portal.matters.shapes import MatterLine, MatterView
from portal.ui.locale import language


@dataclass(frozen=True, slots=True)
class RailStep:
    """``look`` is "done", "moving", "waiting", "pending" or "bad"."""

    label: str
    look: str
    icon: str
    at: datetime | None
    word: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where it stands, in one sentence, and what that means; ``look`` as an alert's."""

    look: str
    icon: str
    sentence: str
    more: str


@dataclass(frozen=True, slots=True)
class CustodyLine:
    """One entry of the log. Where others were is told by their network alone."""

    at: datetime
    act: str
    actor: str
    roles: str
    way: str
    address: str
    office: bool


def rail(matter: MatterView) -> list[RailStep]:
    """From submission to the archive, or to where it ended."""
    steps = [RailStep(gettext("Submitted"), "done", "check", matter.submitted_at, "")]
    if matter.state in ("refused", "withdrawn"):
        if matter.accepted_at:
            steps.append(RailStep(gettext("Accepted"), "done", "check", matter.accepted_at, ""))
        label, icon, _ = words.STATES[matter.state]
        return [*steps, RailStep(str(label), "bad", icon, matter.ended_at, "")]
    waits = "waiting" if matter.pause or matter.asked else "moving"
    word = gettext("waits") if waits == "waiting" else gettext("in hand")
    icon = "hourglass" if waits == "waiting" else "loader"
    issued = matter.certificate.issued_at if matter.certificate else None
    for label, at in (
        (gettext("Accepted"), matter.accepted_at),
        (gettext("Notarial certificate"), issued),
        (gettext("Archived"), matter.ended_at if matter.state == "archived" else None),
    ):
        if at is not None:
            steps.append(RailStep(label, "done", "check", at, ""))
        elif steps[-1].look == "done":
            steps.append(RailStep(label, waits, icon, None, word))
        else:
            steps.append(RailStep(label, "pending", "circle-dashed", None, gettext("to come")))
    return steps


def standing(matter: MatterView) -> Standing:
    """The sentence over everything else."""
    if matter.state == "submitted" and matter.asked:
        said = gettext("The office waits for what it asked you to hand in.")
        return Standing("warning", "hourglass", said, "")
    if matter.state == "submitted":
        said = gettext("The office has your application and decides whether it accepts it.")
        return Standing("info", "hourglass", said, "")
    if matter.state == "accepted":
        return _accepted(matter)
    if matter.state == "refused":
        reason = reasons.refusal(matter.ended_reason or "")
        said = gettext("The office does not notarise this.")
        more = reason.said(language()) if reason else ""
        return Standing("danger", "circle-x", said, _joined(more, matter.ended_note))
    if matter.state == "withdrawn":
        why = str(words.WITHDRAWALS.get(matter.ended_reason or "", ""))
        said = gettext("The application was withdrawn.")
        return Standing("warning", "arrow-back-up", said, _joined(why, matter.ended_note))
    return Standing("success", "certificate", gettext("The certificate is issued."), "")


def due(matter: MatterView | MatterLine) -> str:
    """How long it may take yet, in words."""
    days = matter.days_left
    if days is None:
        return ""
    if days < 0:
        return str(gettext("the legal time is over since %(days)s days", days=-days))
    if days == 0:
        return str(gettext("the legal time ends today"))
    return str(gettext("%(days)s days left", days=days))


def pause_words(matter: MatterView) -> str:
    """Why the clock stands."""
    if matter.pause is None:
        return ""
    reason = reasons.pause(matter.pause.reason)
    return _joined(reason.said(language()) if reason else "", matter.pause.note)


def custody(entries: Sequence[AuditEntry], reader: Actor) -> Iterator[CustodyLine]:
    """Entries for people."""
    for entry in entries:
        detail = json.loads(entry.detail)
        name = entry.actor_name if entry.via != "worker" else ""
        behalf = detail.get("for_name")
        if name and behalf:
            name = gettext("%(person)s for %(name)s", person=name, name=behalf)
        own = entry.actor_id in ("", reader.id)
        yield CustodyLine(
            at=entry.at,
            act=act_name(entry.action),
            actor=gettext("you") if entry.actor_id == reader.id else name,
            roles=" ".join(role_names(entry.roles)) if not own else "",
            way=way_name(entry.via),
            address=entry.address if own else masked_address(entry.address),
            office=detail.get("side") == "office",
        )


def day(value: date | None) -> str:
    return value.isoformat() if value else "—"


def _accepted(matter: MatterView) -> Standing:
    if matter.pause is not None:
        said = gettext("The clock stands still.")
        return Standing("warning", "player-pause", said, pause_words(matter))
    said = gettext("The office examines your application.")
    if matter.asked:
        said = gettext("The office waits for what it asked you to hand in.")
    look, icon = ("warning", "hourglass") if matter.asked else ("info", "scale")
    if matter.due_on is None:
        return Standing(look, icon, said, "")
    more = gettext(
        "It decides by %(day)s: fifteen working days from acceptance.", day=day(matter.due_on)
    )
    return Standing(look, icon, said, f"{more} ({due(matter)})")


def _joined(first: str, second: str | None) -> str:
    return " · ".join(each for each in (first, second or "") if each)
