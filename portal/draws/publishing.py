"""What everybody sees: the record, results page by page, receipts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session

from lottery.entries import ListFolder, NoFolder
from lottery.record import Record
from lottery.transcript import assemble
from portal.deposits.models import Deposit
from portal.draws import access
from portal.draws.drawing import Drawing
from portal.draws.kit import Kit
from portal.draws.models import Draw, DrawList
from portal.draws.plans import decode
from portal.draws.records import Records, contents
from portal.draws.shapes import (
    OpenedEntry,
    PublicDraw,
    StepView,
    WinnersPage,
    Won,
)
from portal.draws.snapshots import stages_of
from portal.draws.step_views import step_views
from portal.problems import NotFound, Unavailable

_MOST: Final = 5000


class Publishing:
    """Nothing in here asks who asks."""

    def __init__(self, kit: Kit, records: Records, drawing: Drawing) -> None:
        self._kit, self._tools = kit, kit.tools
        self._records, self._drawing = records, drawing

    # -- The record ---------------------------------------------------------------------------

    def draw(self, draw_id: str) -> PublicDraw:
        """Everything that pages show."""
        with self._tools.database.reading() as session:
            draw = access.public(session, draw_id)
            known = self._records.load(session, draw)
            steps = tuple(step_views(session, draw_id))
            letter = session.get(Deposit, draw.deposit_id) if draw.deposit_id else None
        return _public(draw, known, steps, letter)

    def transcript(self, draw_id: str) -> bytes:
        """All steps as one canonical document."""
        with self._tools.database.reading() as session:
            access.public(session, draw_id)
            return assemble(contents(session, draw_id))

    def step(self, draw_id: str, n: int) -> tuple[StepView, bytes]:
        """One step and its bytes."""
        with self._tools.database.reading() as session:
            access.public(session, draw_id)
            found = step_views(session, draw_id, n)
            if not found:
                raise NotFound("step_not_found", "The record has no such step.")
            return found[0], contents(session, draw_id)[n]

    # -- Entries ------------------------------------------------------------------------------

    def receipt(self, draw_id: str, position: int) -> dict[str, Any]:
        """The receipt of one entry. Raises NotFound beyond the list."""
        try:
            return self._folder(draw_id)[0].receipt(position)
        except IndexError as error:
            raise NotFound("entry_not_found", "The list has no such entry.") from error

    def find(self, draw_id: str, lookup: str) -> dict[str, Any] | None:
        """The receipt of whoever's lookup hash it is."""
        folder = self._folder(draw_id)[0]
        try:
            position = folder.find(bytes.fromhex(lookup))
        except ValueError:
            return None
        return None if position is None else folder.receipt(position)

    def leaves(self, draw_id: str) -> Path:
        """The leaf file."""
        return self._folder(draw_id)[0].leaf_file

    def winners(
        self, draw_id: str, stage: int, page: int, size: int, attempt: int | None
    ) -> WinnersPage:
        """A page of what a stage drew. Raises NotFound before it was drawn."""
        folder, known = self._folder(draw_id)
        number = self._drawn(known, stage, attempt)
        body = known.attempts[number - 1].results[stage - 1]
        total = body["winner_count"] + body["alternate_count"]
        size = max(1, min(size, _MOST))
        first = (page - 1) * size
        positions: Sequence[int] = ()
        if 0 <= first < total:
            positions = self._drawing.positions(known, number, stage, first, size)
        rows = [
            OpenedEntry(
                rank=rank,
                position=opened.position,
                alternate=rank > body["winner_count"],
                fields=opened.fields,
            )
            for rank, opened in enumerate(folder.entries(positions), start=first + 1)
        ]
        return WinnersPage(
            stage=stage,
            attempt=number,
            page=page,
            pages=max(1, -(-total // size)),
            total=total,
            winner_count=body["winner_count"],
            alternate_count=body["alternate_count"],
            columns=known.config.columns,
            rows=tuple(rows),
        )

    def csv(self, draw_id: str, stage: int, attempt: int | None) -> Iterator[str]:
        """All of a stage, line by line."""
        page = self.winners(draw_id, stage, 1, _MOST, attempt)
        yield _line(["rank", "kind", "position", "pool", "weight", *page.columns])
        for number in range(1, page.pages + 1):
            if number > 1:
                page = self.winners(draw_id, stage, number, _MOST, page.attempt)
            for row in page.rows:
                kind = "alternate" if row.alternate else "winner"
                yield _line([row.rank, kind, row.position, *row.fields])

    def won(self, draw_id: str, position: int) -> tuple[Won, ...]:
        """Where an entry was drawn, the newest attempt first, voided ones too."""
        with self._tools.database.reading() as session:
            known = self._records.load(session, access.public(session, draw_id))
        found = []
        for attempt in reversed(known.attempts):
            for body in attempt.results:
                stage = int(body["stage"])
                rank = self._drawing.place_of(known, attempt.number, stage, position)
                if rank is not None:
                    alternate = rank > body["winner_count"]
                    name = known.config.document["stages"][stage - 1]["name"]
                    found.append(Won(attempt.number, stage, rank, alternate, name))
        return tuple(found)

    def _folder(self, draw_id: str) -> tuple[ListFolder, Record]:
        with self._tools.database.reading() as session:
            draw = access.public(session, draw_id)
            known = self._records.load(session, draw)
            if known.listing is None:
                raise NotFound("list_unpublished", "The list is not part of the record yet.")
            return folder_of(self._kit, session, draw_id), known

    def _drawn(self, known: Record, stage: int, attempt: int | None) -> int:
        """The attempt asked for, or the newest one in which this stage was drawn."""
        drawn = [each.number for each in known.attempts if 1 <= stage <= len(each.results)]
        if not drawn or (attempt is not None and attempt not in drawn):
            raise NotFound("stage_not_drawn", "This stage was not drawn yet.")
        return attempt or drawn[-1]


def folder_of(kit: Kit, session: Session, draw_id: str) -> ListFolder:
    """The committed list, to be opened entry by entry.

    Raises:
        NotFound: there is no list. Unavailable: its folder is being made anew.
    """
    listed = session.get(DrawList, draw_id)
    if listed is None or listed.folder is None:
        raise NotFound("list_missing", "This draw has no list of entries yet.")
    try:
        return ListFolder.open(kit.folder / draw_id / listed.folder)
    except NoFolder as error:
        message = "The list is not at hand just now; it is made anew."
        raise Unavailable("list_folder", message) from error


def _public(
    draw: Draw, known: Record, steps: tuple[StepView, ...], letter: Deposit | None
) -> PublicDraw:
    plan, config = decode(draw.plan), known.config
    voids = tuple(
        {"attempt": each.number, **each.void} for each in known.attempts if each.void is not None
    )
    audit = known.attempts[-1].audit if known.attempts else None
    return PublicDraw(
        id=draw.id,
        title_zh=draw.title_zh,
        title_en=draw.title_en,
        state=draw.state,
        phase=known.phase,
        rehearsal=draw.rehearsal,
        attempt=known.attempt,
        organiser=config.organiser,
        rules_zh=config.rules.zh,
        rules_en=config.rules.en,
        config=config.document,
        config_hash=config.hash,
        list=known.list,
        draw_hash=known.draw_hash,
        announced_at=draw.announced_at,
        draw_at=plan.draw_at,
        beacon_at=known.beacon_at,
        ended_at=draw.ended_at,
        steps=steps,
        stages=stages_of(known),
        seed=known.seed.hex() if known.seed else "",
        voids=voids,
        audit=audit,
        letter_number=letter.number if letter else "",
        letter_code=letter.code if letter else "",
    )


def _line(values: Sequence[object]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([_harmless(value) for value in values])
    return out.getvalue()


def _harmless(value: object) -> object:
    """Spreadsheet programs take some texts for formulas (OWASP, CSV injection)."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value
