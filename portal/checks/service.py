"""What the rest of the portal may ask of checks. No Flask in here."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.checks.asking import Asking
from portal.checks.document import Difference
from portal.checks.models import Check
from portal.checks.reading import About, Reading, unknown
from portal.checks.recordings import Recordings
from portal.checks.running import Running
from portal.checks.shapes import CheckView, Compared, Standing
from portal.checks.standing import standing_of
from portal.deposits.captured import Captured, Kept
from portal.deposits.tools import Tools
from portal.jobs import Sideline
from portal.matters.models import Matter


class CheckService:
    """Every method raises the errors of :mod:`portal.problems`. Looking is for notaries and
    auditors, acting for the notaries who handle the matter."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._asking = Asking(tools)
        self._reading = Reading(tools)
        self._running = Running(tools)
        self._recordings = Recordings(tools)

    # -- The notary ---------------------------------------------------------------------------

    def begin(self, actor: Actor, matter_id: str) -> str:
        """Have the machine check the matter as it stands; the check's id. One at a time."""
        check_id = self._asking.begin(actor, matter_id)
        self._tools.nudge()
        return check_id

    def compare(
        self, actor: Actor, matter_id: str, sha256: str, sm3: str = "", name: str = ""
    ) -> Compared:
        """Compare the digests of the applicant's file, made in the browser; the next run counts
        it. ``name``: what the file is called there."""
        return self._asking.compare(actor, matter_id, sha256, sm3, name)

    def confirm(self, actor: Actor, check_id: str, group: str, reason: str = "") -> None:
        """Confirm one group; a reason is needed where the machine could not decide."""
        self._asking.confirm(actor, check_id, {group: reason})

    def confirm_groups(self, actor: Actor, check_id: str, said: Mapping[str, str]) -> None:
        """Confirm several groups at once, all or none: group → reason."""
        self._asking.confirm(actor, check_id, said)

    def handles(self, actor: Actor, matter_id: str) -> bool:
        """Whether the actor may begin and confirm checks of it."""
        return self._reading.handles(actor, matter_id)

    # -- Looking ------------------------------------------------------------------------------

    def about(self, actor: Actor, matter_id: str) -> About:
        """What is checked, in short."""
        return self._reading.about(actor, matter_id)

    def latest(self, actor: Actor, matter_id: str) -> CheckView | None:
        """The newest run; None before the first."""
        return self._reading.latest(actor, matter_id)

    def view(self, actor: Actor, check_id: str) -> CheckView:
        """One run."""
        return self._reading.view(actor, check_id)

    def history(self, actor: Actor, matter_id: str) -> list[CheckView]:
        """All runs, the newest first."""
        return self._reading.history(actor, matter_id)

    def changes(self, actor: Actor, check_id: str) -> tuple[int, tuple[Difference, ...]] | None:
        """The number of the run before that ended, and what is not as it was then."""
        return self._reading.changes(actor, check_id)

    def document(self, actor: Actor, check_id: str) -> bytes:
        """The canonical report ``notary/check/v1``, taken away."""
        return self._reading.document(actor, check_id)

    def standing_for(self, actor: Actor, matter_id: str) -> Standing:
        """As :meth:`standing`, for a page."""
        return self._reading.standing(actor, matter_id)

    def recording(self, actor: Actor, matter_id: str) -> tuple[str, Captured]:
        """What was captured, when the matter is about a capture; and the deposit's id."""
        return self._recordings.look(actor, matter_id)

    def shown(self, actor: Actor, matter_id: str, position: int) -> tuple[Kept, bytes]:
        """A picture or segment of it, to be shown in a page of ours."""
        return self._recordings.shown(actor, matter_id, position)

    # -- Certificates -------------------------------------------------------------------------

    def standing(self, session: Session, matter: Matter, check_id: str | None = None) -> Standing:
        """Whether a certificate may rest on the matter's check; in the caller's transaction, who
        has made sure who asks. ``check_id``: the run that a draft was made of."""
        return standing_of(session, matter, self._tools.clock(), check_id)

    def document_of(self, session: Session, check_id: str) -> bytes:
        """The canonical report, in the caller's transaction, who records what becomes of it.

        Raises:
            NotFound: no such check, or one that has not ended.
        """
        check = session.get(Check, check_id)
        if check is None or check.document is None:
            raise unknown()
        return check.document

    # -- The worker's side --------------------------------------------------------------------

    def sidelines(self) -> tuple[Sideline, ...]:
        """Large originals take minutes: checks have a thread of their own."""
        return (Sideline("notary_checks", self.advance, 0.5),)

    def advance(self) -> int:
        """Run one check that is due."""
        return self._running.advance()


__all__ = ["CheckService", "CheckView", "Compared", "Standing"]
