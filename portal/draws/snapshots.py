"""The snapshot of a draw for everybody's screens: made when something changed and kept in a row, so
that asking for it costs one look at one row however many ask."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from lottery.fields import timestamp
from lottery.record import Record
from portal.draws import access
from portal.draws.kit import Kit
from portal.draws.models import Draw, DrawSnapshot
from portal.draws.records import Records
from portal.draws.shapes import PublicStage, StepView
from portal.draws.step_views import step_views
from portal.problems import Unavailable


class Snapshots:
    """Nothing in here asks who asks."""

    def __init__(self, kit: Kit, records: Records) -> None:
        self._kit, self._tools, self._records = kit, kit.tools, records

    def refresh(self, draw: Draw) -> None:
        """Make the snapshot anew when it would be another one."""
        with self._tools.database.reading() as session:
            steps = step_views(session, draw.id, with_body=False)
            sealed = "".join(str(int(each.sealed)) for each in steps)
            seen = f"{draw.state} {draw.steps} {sealed}"
            last = session.get(DrawSnapshot, draw.id)
            if (last is not None and last.seen == seen) or len(steps) != draw.steps:
                return
            known = self._records.load(session, draw)
        now = self._kit.now
        body = json.dumps(
            snapshot_of(draw, known, steps, now), ensure_ascii=False, separators=(",", ":")
        )
        etag = hashlib.sha256(body.encode()).hexdigest()[:32]
        try:
            with self._tools.database.transaction() as session:
                row = session.get(DrawSnapshot, draw.id, with_for_update=True)
                if row is None:
                    row = DrawSnapshot(draw_id=draw.id)
                    session.add(row)
                row.body, row.etag, row.seen, row.made_at = body, etag, seen, now
        except IntegrityError:  # another worker made it at the same moment
            return

    def live(self, draw_id: str) -> tuple[bytes, str]:
        """The snapshot and its entity tag.

        Raises:
            NotFound: no such draw, or nothing of it was announced yet.
        """
        query = select(DrawSnapshot.body, DrawSnapshot.etag)
        with self._tools.database.reading() as session:
            found = session.execute(query.where(DrawSnapshot.draw_id == draw_id)).one_or_none()
            if found is not None:
                return found.body.encode(), found.etag
            draw = access.public(session, draw_id)
        self.refresh(draw)
        with self._tools.database.reading() as session:
            row = session.get(DrawSnapshot, draw_id)
        if row is None:
            raise Unavailable("draw_busy", "The draw is about to begin; ask again in a moment.")
        return row.body.encode(), row.etag


def snapshot_of(
    draw: Draw, known: Record, steps: Sequence[StepView], now: datetime
) -> dict[str, Any]:
    """What screens poll."""
    config = known.config
    current = known.attempts[-1] if known.attempts else None
    return {
        "draw": draw.id,
        "state": draw.state,
        "phase": known.phase,
        "attempt": known.attempt,
        "rehearsal": draw.rehearsal,
        "title": config.document["title"],
        "now": timestamp(now),
        "draw_at": config.draw_at,
        "beacon_at": timestamp(known.beacon_at) if known.beacon_at else None,
        "count": known.listing.count if known.listing else None,
        "list_root": known.listing.list_root if known.listing else None,
        "parties": [
            {
                "id": each.id,
                "name": each.name,
                "role": each.role,
                "committed": current is not None and each.id in current.commitments,
                "dealt": current is not None and each.id in current.dealt,
                "acknowledged": current is not None and each.id in current.acknowledged,
                "revealed": current is not None and each.id in current.secrets,
                "recovered": current is not None and each.id in current.recovered,
            }
            for each in config.parties
        ],
        "present": list(current.present or ()) if current else [],
        "dice": current.dice if current else None,
        "beacon": (
            {"round": current.beacon.round, "randomness": current.beacon.value.hex()}
            if current and current.beacon
            else None
        ),
        "seed": known.seed.hex() if known.seed else None,
        "stages": [
            {
                "name": config.document["stages"][each.stage - 1]["name"],
                "places": each.places,
                "winners": each.winners,
                "drawn": each.drawn,
                "alternates": each.drawn_alternates,
            }
            for each in stages_of(known)
        ],
        "steps": [
            {
                "n": each.n,
                "type": each.type,
                "attempt": each.attempt,
                "at": timestamp(each.at),
                "sha256": each.sha256,
                "sealed": each.sealed,
            }
            for each in steps
        ],
        "void": _last_void(known),
    }


def stages_of(known: Record) -> tuple[PublicStage, ...]:
    """How far each stage is in the attempt under way."""
    results = known.attempts[-1].results if known.attempts else []
    found = []
    for number, stage in enumerate(known.config.stages, start=1):
        body = results[number - 1] if number <= len(results) else None
        found.append(
            PublicStage(
                stage=number,
                zh=stage.name.zh,
                en=stage.name.en,
                pools=stage.pools,
                winners=stage.winners,
                alternates=stage.alternates,
                places=body["places"] if body else None,
                drawn=body["winner_count"] if body else None,
                drawn_alternates=body["alternate_count"] if body else None,
                unfilled=body["unfilled"] if body else None,
            )
        )
    return tuple(found)


def _last_void(known: Record) -> dict[str, Any] | None:
    voided = [each for each in known.attempts if each.void is not None]
    return {"attempt": voided[-1].number, **(voided[-1].void or {})} if voided else None
