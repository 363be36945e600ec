"""What a party's browser needs to know, to judge for itself and to sign."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from lottery.record import Record
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.draws import access
from portal.draws.inviting import check_notary
from portal.draws.kit import Kit
from portal.draws.models import Draw, DrawList, DrawParty, DrawState, DrawStatement
from portal.draws.reading import expected_of, wait_of
from portal.draws.records import Records, contents, waiting
from portal.draws.step_views import step_views
from portal.problems import Conflict, Forbidden
from portal.texts import prose


class Tasks:
    """Every method checks whose draw it is."""

    def __init__(self, kit: Kit, records: Records) -> None:
        self._kit, self._tools, self._records = kit, kit.tools, records

    def task(self, actor: Actor, draw_id: str) -> dict[str, Any]:
        """What the actor's party has to do now: ``steps`` so far, so that its browser checks them
        itself; ``todo`` of types (with the dealer of a withheld secret); ``voiding``, when somebody
        asks for a void that counts as the record stands.

        Raises:
            NotFound: no such draw, or somebody else's.
            Forbidden: the actor is none of its parties.
        """
        with self._tools.database.reading() as session:
            seen = access.readable(session, actor, draw_id)
            draw, party = seen.draw, seen.party
            if party is None:
                message = "Only the parties of this draw sign for it, each for itself."
                raise Forbidden("party_only", message)
            known = self._records.load(session, draw) if draw.config is not None else None
            rows = waiting(session, draw_id, known.attempt) if known else ()
            listed = session.get(DrawList, draw_id)
            steps = [json.loads(each) for each in contents(session, draw_id)]
            views = step_views(session, draw_id, with_body=False)
        document = json.loads(listed.document) if listed is not None and listed.document else None
        made = _about(draw, party, known, document) | {
            "steps": steps,
            "sealed": not views or views[-1].sealed,
            "wait": wait_of(draw, views),
        }
        return made | _doing(party, known, rows)

    def waive(self, actor: Actor, draw_id: str, reason: str) -> None:
        """The notary lets the draw go ahead although it was applied for late, and says why.

        Raises:
            NotFound, Forbidden: not the notary of this draw.
            Conflict: it has been drawn.
        """
        reason = prose("reason", reason, 2000, needed=True)
        with self._tools.database.transaction() as session:
            draw, party = access.taking_part(session, actor, draw_id)
            if party.role != "notary":
                raise Forbidden("notary_only", "The notary of this draw decides this.")
            check_notary(actor)
            if draw.state in (DrawState.COMPLETE, DrawState.CANCELLED):
                raise Conflict("draw_over", "This draw is over.")
            draw.waived, draw.changed_at = reason, self._kit.now
            record(session, actor, "draw.waived", draw.subject, {"reason": reason})


def _about(
    draw: Draw, party: DrawParty, known: Record | None, document: dict[str, Any] | None
) -> dict[str, Any]:
    return {
        "draw": draw.id,
        "party": party.party,
        "role": party.role,
        "joined": party.key is not None,
        "key": party.key,
        "box": party.box,
        "state": draw.state,
        "phase": known.phase if known else "",
        "attempt": known.attempt if known else 0,
        "config": json.loads(draw.config) if draw.config else None,
        "config_hash": draw.config_hash,
        "list": document,
        "draw_hash": (known.draw_hash or None) if known else None,
        "holders": list(known.config.others(party.party)) if known else [],
    }


def _doing(party: DrawParty, known: Record | None, rows: Sequence[DrawStatement]) -> dict[str, Any]:
    if known is None:
        return {"expected": [], "todo": [], "missing": [], "voiding": None, "may": []}
    expected = expected_of(known, rows)
    mine = [each for each in expected if each.party == party.party and not each.handed_in]
    todo: list[dict[str, Any]] = [{"type": each.type} for each in mine]
    missing = [each.party for each in expected if each.type == "reveal" and not each.handed_in]
    given = {each.about for each in rows if each.type == "share" and each.party == party.party}
    may = [
        {"type": "share", "dealer": dealer}
        for dealer in missing
        if dealer != party.party and dealer not in given
    ]
    return {
        "expected": [
            {"party": each.party, "type": each.type, "handed_in": each.handed_in}
            for each in expected
        ],
        "todo": todo + may,
        "missing": missing,
        "voiding": _voiding(known, rows),
        "may": (["void"] if known.voidable else []) + (["share"] if may else []),
        "reasons": list(known.config.void_reasons),
        "audit_positions": list(known.audit_positions()) if known.phase == "final" else [],
        "results_sha256": known.results_sha256,
    }


def _voiding(known: Record, rows: Sequence[DrawStatement]) -> dict[str, Any] | None:
    """The void that somebody asks for as the record stands, to be signed in the same words."""
    asked = [json.loads(each.document) for each in rows if each.type == "void"]
    asked = [each for each in asked if each["head"] == known.head]
    if not asked:
        return None
    first = {name: asked[0][name] for name in ("reason", "note", "head")}
    by = [each["party"] for each in asked if all(each[name] == first[name] for name in first)]
    return first | {"by": by}
