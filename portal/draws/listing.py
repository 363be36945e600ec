"""The list of entries of a draft: taken from an upload, its columns chosen, and forgotten again.

What takes time is the worker's (:mod:`portal.draws.ingesting`); the row says what is to be done.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import replace
from typing import Final

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.service import record
from portal.draws import access, plans
from portal.draws.kit import Kit
from portal.draws.models import Draw, DrawList, DrawState, ListState
from portal.draws.reading_list import encode_layout
from portal.draws.shapes import Layout
from portal.problems import BadInput, Conflict, NotFound, TooLarge
from portal.storage import VaultError
from portal.uploads.models import Upload
from portal.vault_problems import vault_problem

MAX_COLUMNS: Final = 8
_ID_KINDS: Final = ("text", "prc-id")


class Listing:
    """Every method checks whose draw it is."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._tools = kit, kit.tools

    def take(self, actor: Actor, draw_id: str, upload_draft_id: str) -> None:
        """Take the one file of a finished upload; an earlier list goes first.

        Raises:
            NotFound, Forbidden, Conflict: see :func:`portal.draws.access.changeable`; the upload.
            BadInput: there is not exactly one whole file in the upload.
            TooLarge: over the limit for lists.
        """
        self._kit.check_on()
        self.drop(actor, draw_id)

        def write(session: Session, upload: Upload) -> None:
            draw = access.changeable(session, actor, draw_id)
            limit = self._tools.settings.draw_list_bytes
            if upload.length > limit:
                message = "The file is larger than the limit of %(limit)s bytes."
                raise TooLarge("file_too_large", message, field="file", limit=limit)
            if upload.length == 0:
                message = "The list is empty: nobody is in it."
                raise BadInput("list_empty", message, field="file")
            if session.get(DrawList, draw_id) is not None:  # two uploads at once
                raise Conflict("list_there", "Remove the list of entries first.")
            now = self._tools.clock()
            session.add(
                DrawList(
                    draw_id=draw_id,
                    state=ListState.SURVEY,
                    filename=upload.path.rpartition("/")[2],
                    vault_key=upload.vault_key,
                    size=upload.length,
                    sha256=upload.sha256,
                    next_attempt_at=now,
                    created_at=now,
                )
            )
            self._changed(draw)
            draw.plan = plans.encode(replace(plans.decode(draw.plan), layout=None))
            detail: dict[str, str | int] = {"sha256": str(upload.sha256), "size": upload.length}
            record(session, actor, "draw.list_taken", draw.subject, detail)

        self._kit.take(actor, upload_draft_id, write)
        self._tools.nudge()

    def choose(self, actor: Actor, draw_id: str, layout: Layout, duplicates: str) -> None:
        """Say what the columns mean. The worker reads the list once more and then commits to it.

        Raises:
            NotFound, Forbidden, Conflict: see :func:`portal.draws.access.changeable`.
            BadInput: columns that the list does not have, or one for two purposes.
        """
        if duplicates not in ("refuse", "first"):
            raise BadInput("choice", "This is none of the choices.", field="duplicates")
        with self._tools.database.transaction() as session:
            draw = access.changeable(session, actor, draw_id)
            listed = session.get(DrawList, draw_id, with_for_update=True)
            if listed is None or listed.state == ListState.GOING:
                raise NotFound("list_missing", "This draw has no list of entries yet.")
            _check(layout, listed)
            plan = plans.decode(draw.plan)
            draw.plan = plans.encode(
                replace(plan, layout=layout, duplicates=duplicates)  # type: ignore[arg-type]
            )
            listed.layout, listed.duplicates = encode_layout(layout), duplicates
            listed.state, listed.revision = ListState.SURVEY, listed.revision + 1
            listed.document = listed.problem = listed.problem_code = None
            listed.done = listed.total = listed.tries = 0
            listed.next_attempt_at = self._tools.clock()
            self._changed(draw)
            detail = {"id_kind": layout.id_kind, "duplicates": duplicates}
            record(session, actor, "draw.columns_chosen", draw.subject, detail)
        self._tools.nudge()

    def drop(self, actor: Actor, draw_id: str) -> None:
        """Forget the list; when there is none, nothing happens.

        Raises:
            NotFound, Forbidden, Conflict: see :func:`portal.draws.access.changeable`.
            Unavailable: the vault cannot delete now; the worker does it later.
        """
        with self._tools.database.transaction() as session:
            draw = access.changeable(session, actor, draw_id)
            listed = session.get(DrawList, draw_id, with_for_update=True)
            if listed is None:
                return
            if listed.state != ListState.GOING:
                listed.state, listed.revision = ListState.GOING, listed.revision + 1
                listed.next_attempt_at = self._tools.clock()
                self._changed(draw)
                draw.plan = plans.encode(replace(plans.decode(draw.plan), layout=None))
                record(session, actor, "draw.list_dropped", draw.subject)
        try:
            self.finish(listed)
        except VaultError as error:
            raise vault_problem(error) from error

    def finish(self, listed: DrawList) -> None:
        """Remove what is going: content first, then the row. Raises VaultError."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self._kit.folder / listed.draw_id)
        self._tools.vault.delete(listed.vault_key)
        with self._tools.database.transaction() as session:
            session.execute(
                delete(DrawList).where(
                    DrawList.draw_id == listed.draw_id, DrawList.state == ListState.GOING
                )
            )

    def again(self, actor: Actor, draw_id: str) -> None:
        """Read a list that failed once more, as it is."""
        with self._tools.database.transaction() as session:
            draw = access.changeable(session, actor, draw_id)
            session.execute(
                update(DrawList)
                .where(DrawList.draw_id == draw_id, DrawList.state == ListState.FAILED)
                .values(
                    state=ListState.SURVEY,
                    revision=DrawList.revision + 1,
                    problem=None,
                    problem_code=None,
                    tries=0,
                    next_attempt_at=self._tools.clock(),
                )
                .execution_options(synchronize_session=False)
            )
            record(session, actor, "draw.list_again", draw.subject)
        self._tools.nudge()

    def _changed(self, draw: Draw) -> None:
        assert draw.state == DrawState.DRAFT  # noqa: S101 - see access.changeable
        draw.revision += 1
        draw.changed_at = self._tools.clock()


def _check(layout: Layout, listed: DrawList) -> None:
    """Raises BadInput, naming the field, unless the columns can be what is said of them."""
    from portal.draws.reading_list import columns_of

    known = columns_of(listed)
    for field, name in (("id", layout.id), ("pool", layout.pool), ("weight", layout.weight)):
        if name is not None and known and name not in known:
            message = "The list has no column %(name)s."
            raise BadInput("column_unknown", message, field=field, name=name[:100])
    if not layout.id:
        message = "Choose the column that says who each entry is."
        raise BadInput("column_id", message, field="id")
    if len(layout.public) > MAX_COLUMNS or len(set(layout.public)) != len(layout.public):
        message = "At most %(limit)s different columns can be shown to everybody."
        raise BadInput("columns_public", message, field="public", limit=MAX_COLUMNS)
    for name in layout.public:
        if known and name not in known:
            message = "The list has no column %(name)s."
            raise BadInput("column_unknown", message, field="public", name=name[:100])
    special = [name for name in (layout.id, layout.pool, layout.weight) if name]
    if len(set(special)) != len(special):
        message = "One column cannot be two of these at once."
        raise BadInput("column_twice", message, field="id")
    if layout.id_kind not in _ID_KINDS:
        raise BadInput("choice", "This is none of the choices.", field="id_kind")
