"""What the rest of the portal may ask of the notary's desk. No Flask in here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from portal.audit.actor import Actor
from portal.deposits.tools import Tools
from portal.desk import around, clock, custody
from portal.desk.assigning import Assigning
from portal.desk.clock import Clock
from portal.desk.counting import Counting
from portal.desk.custody import Away, Entry
from portal.desk.deciding import Deciding
from portal.desk.figures import Fact, Figures, figures
from portal.desk.kit import FIRST, Kit, Post, Tell, notaries
from portal.desk.material import Material
from portal.desk.office_days import OfficeDays
from portal.desk.queue import Queue, QueueFilter, QueuePage
from portal.desk.reminding import Reminding
from portal.matters import access
from portal.matters.models import MatterConflict, MatterPause


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody of the office may do with a matter. ``parts``: what they are in it; ``barred``:
    "" or why they may not act at all ("own_matter", "keeps_away", "auditor")."""

    parts: frozenset[str]
    barred: str

    @property
    def acts(self) -> bool:
        return not self.barred


class DeskService:
    """Every method raises the errors of :mod:`portal.problems`; what is done is a custody entry in
    the same transaction. Who may act on a matter: :mod:`portal.matters.access`."""

    def __init__(self, tools: Tools, post: Post, tell: Tell) -> None:
        """``post`` sends a mail in the caller's transaction, ``tell`` one to an applicant."""
        kit = Kit(tools, post, tell)
        self._kit = kit
        self._queue = Queue(kit)
        self._assigning = Assigning(kit)
        self._deciding = Deciding(kit)
        self._material = Material(kit, self._deciding)
        self._counting = Counting(kit)
        self._reminding = Reminding(kit)
        #: the office's calendar
        self.days = OfficeDays(tools)

    # -- Looking ------------------------------------------------------------------------------

    @property
    def today(self) -> date:
        """The office's date."""
        return self._kit.today

    def queue(self, actor: Actor, wanted: QueueFilter | None = None) -> QueuePage:
        """One page of the office's matters, what is due first comes first."""
        return self._queue.page(actor, wanted or QueueFilter())

    def around(self) -> around.Around:
        """Today's draws, certificates that end soon, steps that failed."""
        return around.around(self._kit)

    def clock(self, actor: Actor, matter_id: str) -> Clock:
        """How the clock of a matter stands."""
        kit = self._kit
        with kit.tools.database.reading() as session:
            matter = access.seen_by_office(session, actor, matter_id)
            pauses = session.scalars(select(MatterPause).where(MatterPause.matter_id == matter.id))
            return clock.clock_of(
                matter.accepted_at,
                matter.ended_at,
                clock.spans(pauses, kit.zone),
                clock.working_days(session),
                kit.now,
                kit.zone,
            )

    def standing(self, actor: Actor, matter_id: str) -> Standing:
        """What the actor may do with a matter."""
        with self._kit.tools.database.reading() as session:
            matter = access.seen_by_office(session, actor, matter_id)
            if not actor.has(access.NOTARY):
                return Standing(frozenset(), "auditor")
            if access.is_own(session, actor, matter):
                return Standing(frozenset(), "own_matter")
            if session.get(MatterConflict, (matter.id, actor.id)) is not None:
                return Standing(frozenset(), "keeps_away")
            return Standing(access.parts_of(session, actor, matter), "")

    def timeline(self, actor: Actor, matter_id: str) -> list[Entry]:
        """What happened in a matter, oldest first."""
        return custody.timeline(self._kit, actor, matter_id)

    def kept_away(self, actor: Actor, matter_id: str) -> list[Away]:
        """Which notaries keep away from a matter."""
        return custody.kept_away(self._kit, actor, matter_id)

    def notaries(self) -> dict[str, str]:
        """The office's notaries by name: id → name."""
        with self._kit.tools.database.reading() as session:
            return {each.id: each.name for each in notaries(session)}

    def second_by_rule(self, template: str) -> bool:
        """Whether the office's rule asks for a second notary."""
        return self._kit.second_by_rule(template)

    # -- Assigning ----------------------------------------------------------------------------

    def take(self, actor: Actor, matter_id: str, part: str = FIRST) -> None:
        """Handle it oneself, as first or second notary."""
        self._assigning.take(actor, matter_id, part)

    def assign(
        self, actor: Actor, matter_id: str, notary_id: str, part: str = FIRST, seen: str = ""
    ) -> None:
        """Give it to another notary; ``seen`` is who had it when the page was opened."""
        self._assigning.assign(actor, matter_id, notary_id, part, seen)

    def release(self, actor: Actor, matter_id: str, reason: str) -> None:
        """Let go of it."""
        self._assigning.release(actor, matter_id, reason)

    def set_second(self, actor: Actor, matter_id: str, needed: bool, reason: str) -> None:
        """Decide on a second notary against the office's rule."""
        self._assigning.set_second(actor, matter_id, needed, reason)

    def keep_away(self, actor: Actor, matter_id: str, reason: str, notary_id: str = "") -> None:
        """Note a conflict of interest: one's own, or another notary's."""
        self._assigning.keep_away(actor, matter_id, reason, notary_id)

    # -- Deciding -----------------------------------------------------------------------------

    def accept(
        self,
        actor: Actor,
        matter_id: str,
        fee: str,
        second_needed: bool = False,
        seen: int | None = None,
    ) -> None:
        """Accept it: the clock begins to run."""
        self._deciding.accept(actor, matter_id, fee, second_needed, seen)

    def refuse(
        self, actor: Actor, matter_id: str, reason: str, note: str, seen: int | None = None
    ) -> None:
        """Refuse it for a reason of 公证法 31."""
        self._deciding.refuse(actor, matter_id, reason, note, seen)

    def pause(self, actor: Actor, matter_id: str, reason: str, note: str) -> None:
        """Stop the clock for a reason of 公证法 30."""
        self._deciding.pause(actor, matter_id, reason, note)

    def resume(self, actor: Actor, matter_id: str) -> None:
        """Let the clock go on."""
        self._deciding.resume(actor, matter_id)

    def ask_material(
        self,
        actor: Actor,
        matter_id: str,
        code: str,
        note: str,
        party_id: str = "",
        stop: bool = False,
    ) -> str:
        """Ask the applicant for more; its id. ``stop``: the clock stands until then."""
        return self._material.ask(actor, matter_id, code, note, party_id, stop)

    def decide_material(
        self, actor: Actor, matter_id: str, material_id: str, decision: str, reason: str = ""
    ) -> None:
        """``decision``: "accept", "send_back" or "waive"."""
        self._material.decide(actor, matter_id, material_id, decision, reason)

    def check_party(
        self, actor: Actor, matter_id: str, party_id: str, checked: bool = True
    ) -> None:
        """Particulars and documents of a party were compared, or not after all."""
        self._material.check_party(actor, matter_id, party_id, checked)

    # -- Figures ------------------------------------------------------------------------------

    def facts(self, actor: Actor, since: date, until: date) -> list[Fact]:
        """The matters submitted in these days, one by one."""
        return self._counting.facts(actor, since, until)

    def statistics(self, actor: Actor, since: date, until: date) -> Figures:
        """What they add up to."""
        return figures(self.facts(actor, since, until), since, until)

    def taken_away(self, actor: Actor, since: date, until: date, form: str, rows: int) -> None:
        """Write down that the figures leave the portal."""
        self._counting.taken_away(actor, since, until, form, rows)

    # -- The worker's side --------------------------------------------------------------------

    def housekeeping(self) -> int:
        """Remind of what is due; of how many matters."""
        return self._reminding.run()
