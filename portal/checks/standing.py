"""Whether a certificate may rest on the check of a matter, and if not, why not.

Asked in the transaction of whoever is about to certify: nothing can change in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.models import User
from portal.checks.document import decode
from portal.checks.models import Check, Confirmation
from portal.checks.running import OPEN
from portal.checks.shapes import GROUPS, Confirmed, Standing
from portal.matters.models import Matter, MatterAssignment

#: A check says how things are; after this long they may be otherwise.
FRESH: Final = timedelta(hours=24)


def _(sentence: str) -> str:
    """Marks a msgid: pages translate it."""
    return sentence


_FAILED: Final = {
    "content": _("The content is not what was deposited: no certificate can be issued."),
    "time": _("The time-stamp does not hold: no certificate can be issued."),
    "ledger": _("The ledger record does not hold: no certificate can be issued."),
    "origin": _("The record of how it came about does not hold: no certificate can be issued."),
}
_NONE: Final = _("The machine check has not been run yet.")
_OPEN: Final = _("The machine check is still running.")
_BROKEN: Final = _("The last machine check could not be run to its end; run it again.")
_OLDER: Final = _("A newer check has been run since; look at that one.")
_REVISION: Final = _("The application was changed after the check; run the check again.")
_STALE: Final = _("The check is older than 24 hours; run it again.")
_UNASSIGNED: Final = _("Nobody handles this matter, so nobody has confirmed its check.")
_UNCONFIRMED: Final = _("The notary has not confirmed every group of the check yet.")
_NO_REASON: Final = _(
    "The machine could not decide everything, and no reason is written yet why it may be certified."
)
_NO_SECOND: Final = _("A second notary is needed, and none is assigned.")
_SECOND: Final = _("The second notary has not confirmed every group of the check yet.")
_DAMAGED: Final = _("The stored report of the check is not the one that was made; run it again.")


def standing_of(
    session: Session, matter: Matter, now: datetime, check_id: str | None = None
) -> Standing:
    """How the latest check of ``matter`` stands; with ``check_id``, whether it is that one."""
    runs = select(Check).where(Check.matter_id == matter.id).order_by(Check.n.desc())
    checks = list(session.scalars(runs.limit(20)))
    ended = next((check for check in checks if check.state == "ended"), None)
    if ended is None:
        code, sentence = _not_ended(checks)
        return Standing(code=code, problem=sentence)
    confirmed = tuple(confirmations(session, ended.id))
    outcomes = outcomes_of(ended)
    found = _problem(session, matter, now, checks, ended, outcomes, confirmed, check_id)
    first = _assigned(session, matter, "first")
    return Standing(
        check_id=ended.id,
        n=ended.n,
        revision=ended.revision,
        ended_at=ended.ended_at,
        outcome=ended.outcome,
        sha256=ended.sha256,
        outcomes=outcomes,
        confirmed=confirmed,
        reasons={each.group: each.reason for each in confirmed if each.by == first and each.reason},
        code=found[0] if found else None,
        problem=found[1] if found else None,
    )


def confirmations(session: Session, check_id: str) -> Iterator[Confirmed]:
    """Who said what of a check, in the order of time."""
    query = (
        select(Confirmation, User.name)
        .join(User, User.id == Confirmation.by)
        .where(Confirmation.check_id == check_id)
        .order_by(Confirmation.at)
    )
    for row, name in session.execute(query):
        yield Confirmed(row.group, row.by, name, row.at, row.reason)


def outcomes_of(check: Check) -> dict[str, str]:
    """The outcome of each group; empty when the stored report cannot be read."""
    try:
        groups: dict[str, Any] = decode(check.document or b"")["groups"]
        return {name: str(groups[name]["outcome"]) for name in GROUPS}
    except (ValueError, KeyError, TypeError):
        return {}


def _not_ended(checks: list[Check]) -> tuple[str, str]:
    if any(check.state in OPEN for check in checks):
        return "check_running", _OPEN
    return ("check_broken", _BROKEN) if checks else ("check_missing", _NONE)


def _problem(
    session: Session,
    matter: Matter,
    now: datetime,
    checks: list[Check],
    ended: Check,
    outcomes: dict[str, str],
    confirmed: tuple[Confirmed, ...],
    check_id: str | None,
) -> tuple[str, str] | None:
    """Code and sentence of the first thing that is in the way."""
    newest = checks[0]
    if newest.state in OPEN:
        return "check_running", _OPEN
    if newest.state == "failed":
        return "check_broken", _BROKEN
    if check_id is not None and check_id != ended.id:
        return "check_older", _OLDER
    if ended.revision != matter.revision:
        return "check_revision", _REVISION
    if not outcomes:
        return "check_damaged", _DAMAGED
    failed = next((name for name in GROUPS if outcomes[name] == "fail"), None)
    if failed is not None:
        return "check_failed", _FAILED[failed]
    if ended.ended_at is None or now - ended.ended_at > FRESH:
        return "check_stale", _STALE
    return _unconfirmed(session, matter, outcomes, confirmed)


def _unconfirmed(
    session: Session, matter: Matter, outcomes: dict[str, str], confirmed: tuple[Confirmed, ...]
) -> tuple[str, str] | None:
    first = _assigned(session, matter, "first")
    if first is None:
        return "check_unassigned", _UNASSIGNED
    said = {each.group: each.reason for each in confirmed if each.by == first}
    if said.keys() != set(GROUPS):
        return "check_unconfirmed", _UNCONFIRMED
    if any(outcomes[name] == "unknown" and not said[name] for name in GROUPS):
        return "check_no_reason", _NO_REASON
    if not matter.second_needed:
        return None
    second = _assigned(session, matter, "second")
    if second is None or second == first:
        return "check_no_second", _NO_SECOND
    agreed = {each.group for each in confirmed if each.by == second}
    return None if agreed == set(GROUPS) else ("check_second", _SECOND)


def _assigned(session: Session, matter: Matter, part: str) -> str | None:
    """Who has this part now."""
    query = select(MatterAssignment.notary_id).where(
        MatterAssignment.matter_id == matter.id,
        MatterAssignment.part == part,
        MatterAssignment.ended_at.is_(None),
    )
    return session.scalar(query.order_by(MatterAssignment.at.desc()).limit(1))
