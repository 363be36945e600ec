"""The office's side of the checklist: asking for material, deciding on it, comparing parties."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.service import record
from portal.desk.deciding import Deciding
from portal.desk.kit import MAX_WORDS, Kit
from portal.matters import access
from portal.matters.models import Matter, MatterMaterial, MatterParty, MatterState
from portal.matters.shapes import MATERIALS
from portal.problems import BadInput, Conflict, NotFound
from portal.texts import prose

_OPEN: Final = (MatterState.SUBMITTED, MatterState.ACCEPTED)
_MISSING, _HANDED_IN = "missing", "handed-in"
#: decision → the states it is made in, the state it leads to, the custody log's word
_DECISIONS: Final = {
    "accept": ((_HANDED_IN,), "accepted", "matter.material_accepted"),
    "send_back": ((_HANDED_IN, "accepted", "waived"), _MISSING, "matter.material_sent_back"),
    "waive": ((_MISSING, _HANDED_IN), "waived", "matter.material_waived"),
}


class Material:
    """Every act is the assigned notary's, see :func:`portal.matters.access.handled`."""

    def __init__(self, kit: Kit, deciding: Deciding) -> None:
        self._kit, self._database, self._deciding = kit, kit.tools.database, deciding

    def ask(
        self,
        actor: Actor,
        matter_id: str,
        code: str,
        note: str,
        party_id: str = "",
        stop: bool = False,
    ) -> str:
        """Ask the applicant for something more, by mail as well; the material's id.

        Args:
            stop: let the clock stand until it is here (公证法 30).

        Raises:
            NotFound, Forbidden, Conflict: see :func:`portal.matters.access.handled`.
            BadInput: no such kind or party, or no words.
            Conflict: the clock stands already, or does not run yet.
        """
        if code not in MATERIALS:
            raise BadInput("material_code", "Choose what is needed.", field="code")
        note = prose("note", note, MAX_WORDS, needed=True)
        with self._database.transaction() as session:
            matter = access.handled(session, actor, matter_id, *_OPEN)
            if party_id:
                _party(session, matter, party_id)
            material = MatterMaterial(
                matter_id=matter.id,
                party_id=party_id or None,
                code=code,
                note=note,
                state=_MISSING,
                asked_by=actor.id,
                asked_at=self._kit.now,
            )
            session.add(material)
            if stop:
                if matter.state != MatterState.ACCEPTED:
                    message = "The clock of this matter does not run yet."
                    raise Conflict("clock_not_begun", message)
                self._deciding.pause_within(session, actor, matter, "supplement", note)
            detail = {"code": code, "note": note}
            record(session, actor, "matter.material_asked", matter.subject, detail)
            self._kit.tell(session, matter, "asked")
            session.flush()
            return material.id

    def decide(
        self, actor: Actor, matter_id: str, material_id: str, decision: str, reason: str = ""
    ) -> None:
        """Accept what was handed in, send it back, or do without it.

        Args:
            decision: "accept", "send_back" or "waive"; the latter two need a reason.

        Raises:
            NotFound, Forbidden, Conflict: see :func:`portal.matters.access.handled`.
            BadInput: no such decision, or no reason.
            Conflict: it is not there to be decided on.
        """
        if decision not in _DECISIONS:
            raise BadInput("decision", "There is no such decision.", field="decision")
        states, result, action = _DECISIONS[decision]
        reason = prose("reason", reason, MAX_WORDS, needed=decision != "accept")
        with self._database.transaction() as session:
            matter = access.handled(session, actor, matter_id, *_OPEN)
            material = session.get(MatterMaterial, material_id)
            if material is None or material.matter_id != matter.id:
                raise NotFound("material_not_found", "There is no such material.")
            if material.state not in states:
                message = "This material has moved on; look at it again."
                raise Conflict("material_moved_on", message)
            material.state, material.reason = result, reason
            material.decided_by, material.decided_at = actor.id, self._kit.now
            detail = {"code": material.code, "material": material.id, "reason": reason}
            record(session, actor, action, matter.subject, detail)
            if decision == "send_back":
                self._kit.tell(session, matter, "sent-back")

    def check_party(
        self, actor: Actor, matter_id: str, party_id: str, checked: bool = True
    ) -> None:
        """Say that a party's particulars and documents were compared and agree, or take it back.

        Raises:
            NotFound, Forbidden, Conflict: see :func:`portal.matters.access.handled`.
        """
        with self._database.transaction() as session:
            matter = access.handled(session, actor, matter_id, *_OPEN)
            party = _party(session, matter, party_id)
            if (party.checked_at is not None) == checked:
                return
            party.checked_by = actor.id if checked else None
            party.checked_at = self._kit.now if checked else None
            action = "matter.party_checked" if checked else "matter.party_unchecked"
            detail = {"party": party.id, "name": party.masked_name}
            record(session, actor, action, matter.subject, detail)


def _party(session: Session, matter: Matter, party_id: str) -> MatterParty:
    party = session.get(MatterParty, party_id)
    if party is None or party.matter_id != matter.id:
        raise NotFound("party_not_found", "There is no such party.")
    return party
