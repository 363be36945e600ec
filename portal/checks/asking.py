"""What notaries do with checks: begin one, compare a file, confirm a group. Each is recorded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chain_adapter import Digest, InvalidDigest
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.checks.evidence import COMPARED
from portal.checks.models import Check, Confirmation
from portal.checks.running import OPEN
from portal.checks.shapes import GROUPS, Compared
from portal.checks.standing import FRESH, outcomes_of
from portal.deposits.folders import SEVERAL
from portal.deposits.models import Deposit, DepositFile, State
from portal.deposits.tools import Tools
from portal.matters import access
from portal.matters.models import Matter, MatterState
from portal.problems import BadInput, Conflict, Forbidden
from portal.texts import prose
from timestamping.filelist import MAX_PATH

#: While there is something to certify, or to correct.
STATES: Final = (
    MatterState.SUBMITTED,
    MatterState.ACCEPTED,
    MatterState.ISSUED,
    MatterState.ARCHIVED,
)
MAX_REASON: Final = 2000
MAX_NAME: Final = 200
_SEALED: Final = (State.ANCHORED, State.ISSUED)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class Asking:
    """Every method is for a notary who handles the matter, as first or as second."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def begin(self, actor: Actor, matter_id: str) -> str:
        """Have the machine check the matter as it stands; the check's id. Whoever comes second
        while it runs gets the same one.

        Raises:
            NotFound, Forbidden, Conflict: see :func:`handling`.
        """
        with self._tools.database.transaction() as session:
            matter = handling(session, actor, matter_id)
            deposit = session.get_one(Deposit, matter.deposit_id)
            if deposit.state not in _SEALED:
                message = "What is to be checked has not been sealed yet."
                raise Conflict("not_sealed", message)
            running = select(Check).where(Check.matter_id == matter.id, Check.state.in_(OPEN))
            found = session.scalar(running.where(Check.revision == matter.revision))
            if found is not None:
                return found.id
            now = self._tools.clock()
            newest = select(func.max(Check.n)).where(Check.matter_id == matter.id)
            check = Check(
                matter_id=matter.id,
                n=(session.scalar(newest) or 0) + 1,
                revision=matter.revision,
                state="waiting",
                next_attempt_at=now,
                begun_by=actor.id,
                begun_at=now,
            )
            session.add(check)
            session.flush()
            record(session, actor, "check.begun", matter.subject, {"n": check.n})
            return check.id

    def compare(
        self, actor: Actor, matter_id: str, sha256: str, sm3: str = "", name: str = ""
    ) -> Compared:
        """Compare a file of the applicant's, digested in the browser; nothing of it comes here.

        Args:
            name: what the file is called there; it says which file of a folder has changed.

        Raises:
            BadInput: no digest. NotFound, Forbidden, Conflict: see :func:`handling`.
        """
        given = {"sha256": _digest("sha256", sha256)}
        if sm3:
            given["sm3"] = _digest("sm3", sm3)
        name = _CONTROL.sub(" ", name.encode("utf-8", "replace").decode()).strip()[:MAX_PATH]
        with self._tools.database.transaction() as session:
            matter = handling(session, actor, matter_id)
            deposit = session.get_one(Deposit, matter.deposit_id)
            same, file = _match(session, deposit, given, name)
            detail: dict[str, str | int] = {**given, "name": name[:MAX_NAME]}
            detail |= {"revision": matter.revision, "same": int(same)}
            if file is not None:
                detail["position"] = file.position
            record(session, actor, COMPARED, matter.subject, detail)
        several = deposit.kind in SEVERAL
        deposited = file.sha256 if file is not None else deposit.sha256
        known = same or file is not None or not several
        path = file.path if file is not None else ""
        return Compared(same, given["sha256"], deposited, name, path, known)

    def confirm(self, actor: Actor, check_id: str, said: Mapping[str, str]) -> None:
        """Confirm groups of a check: ``said`` maps each to its reason, which may be empty where the
        machine decided.

        Raises:
            NotFound: no such check. BadInput: an unknown group, or a reason is needed.
            Conflict: it failed, has not ended, is not the newest, or not of the matter as it is.
        """
        with self._tools.database.transaction() as session:
            check = session.get(Check, check_id)
            if check is None:
                raise access.unknown()
            matter = handling(session, actor, check.matter_id)
            self._check_current(session, matter, check)
            outcomes = outcomes_of(check)
            for group, reason in said.items():
                self._confirm(session, actor, check, group, _said(group, reason, outcomes))
                detail: dict[str, str | int] = {"n": check.n, "group": group}
                detail["outcome"] = outcomes[group]
                record(session, actor, "check.confirmed", matter.subject, detail)

    def _confirm(
        self, session: Session, actor: Actor, check: Check, group: str, reason: str
    ) -> None:
        known = session.get(Confirmation, (check.id, group, actor.id))
        if known is None:
            known = Confirmation(check_id=check.id, group=group, by=actor.id)
            session.add(known)
        known.at, known.reason = self._tools.clock(), reason

    def _check_current(self, session: Session, matter: Matter, check: Check) -> None:
        newest = select(func.max(Check.n)).where(Check.matter_id == matter.id)
        if check.state != "ended":
            message = "This check has not ended yet; there is nothing to confirm."
            raise Conflict("check_not_ended", message)
        if check.n != session.scalar(newest):
            message = "A newer check has been run since; look at that one."
            raise Conflict("check_older", message)
        if check.revision != matter.revision:
            message = "The application was changed after the check; run the check again."
            raise Conflict("check_revision", message)
        if check.ended_at is None or self._tools.clock() - check.ended_at > FRESH:
            message = "The check is older than 24 hours; run it again."
            raise Conflict("check_stale", message)


def handling(session: Session, actor: Actor, matter_id: str) -> Matter:
    """A matter that this notary handles, as first or second; its row is locked.

    Raises:
        NotFound, Forbidden, Conflict: as :func:`portal.matters.access.acted_on`; Forbidden too when
            it is assigned to somebody else.
    """
    matter = access.acted_on(session, actor, matter_id, *STATES)
    if not access.parts_of(session, actor, matter):
        message = "This matter is not assigned to you."
        raise Forbidden("not_assigned", message)
    return matter


def _said(group: str, reason: str, outcomes: Mapping[str, str]) -> str:
    """The reason as it is kept, when this group can be confirmed with it."""
    if group not in GROUPS or not outcomes:
        raise BadInput("check_group", "There is no such group of the check.", field="group")
    field = f"reason-{group}"
    if outcomes[group] == "fail":
        message = "What failed cannot be confirmed; no certificate can be issued over it."
        raise Conflict("check_failed", message, field=field)
    text = prose(field, reason, MAX_REASON)
    if outcomes[group] == "unknown" and not text:
        message = "The machine could not decide this: write why it may be certified nevertheless."
        raise BadInput("reason_needed", message, field=field)
    return text


def _match(
    session: Session, deposit: Deposit, given: Mapping[str, str], name: str
) -> tuple[bool, DepositFile | None]:
    """Whether it is what was deposited, and the file of a folder that is meant: the one with this
    digest, or else the one with this name."""
    own = {"sha256": deposit.sha256, "sm3": deposit.sm3}
    if all(own[algorithm] in (value, None) for algorithm, value in given.items()):
        return True, None
    if deposit.kind not in SEVERAL:
        return False, None
    files = select(DepositFile).where(DepositFile.deposit_id == deposit.id)
    files = files.order_by(DepositFile.position)
    held = session.scalars(files.where(DepositFile.sha256 == given["sha256"])).all()
    if held:
        return True, next((each for each in held if _called(each, name)), held[0])
    named = [each for each in session.scalars(files) if _called(each, name)]
    return False, named[0] if len(named) == 1 else None


def _called(file: DepositFile, name: str) -> bool:
    """Whether a file of a browser may be this one: by its path, or its last part."""
    path, wanted = f"/{file.path}", f"/{name.replace(chr(92), '/')}"
    return path.endswith(wanted) or wanted.endswith(path)


def _digest(algorithm: str, text: str) -> str:
    try:
        return Digest.parse(algorithm, text.strip().lower()).hex
    except InvalidDigest as error:
        message = "A digest has 64 characters from 0–9 and a–f."
        raise BadInput("digest", message, field=algorithm) from error
