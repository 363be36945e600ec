"""How much one person may have waiting, and the drafts it waits in."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.deposits.tools import Tools
from portal.problems import BadInput, Conflict, NotFound, TooLarge
from portal.uploads.models import DraftState, UploadDraft

#: Open drafts of one person; the pages use one at a time.
MAX_DRAFTS: Final = 20
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_GONE: Final = "There is no such draft: it was discarded, or nobody touched it for too long."


def open_draft(session: Session, tools: Tools, actor: Actor, draft_id: str) -> UploadDraft:
    """The actor's open draft of this id, made now when there is none; its row is locked.

    Raises:
        NotFound: it belongs to somebody else.
        Conflict: it was confirmed, or is being discarded.
    """
    if not _ID.fullmatch(draft_id):
        raise BadInput("draft_id", "A draft's name is a UUID in small letters.", field="draft")
    query = select(UploadDraft).where(UploadDraft.id == draft_id).with_for_update()
    draft = session.scalar(query)
    if draft is None:
        now = tools.clock()
        draft = UploadDraft(
            id=draft_id,
            owner_id=actor.id,
            state=DraftState.OPEN,
            revision=0,
            files=0,
            bytes=0,
            title="",
            note="",
            grouping="",
            created_at=now,
            touched_at=now,
        )
        session.add(draft)
        session.flush()
    if draft.owner_id != actor.id:
        raise NotFound("draft_not_found", _GONE)
    if draft.state != DraftState.OPEN:
        raise Conflict("draft_closed", "This draft was confirmed or discarded; begin a new one.")
    return draft


def reserve(session: Session, tools: Tools, draft: UploadDraft, files: int, size: int) -> None:
    """Count ``files`` more of ``size`` bytes together into the draft, within the person's limits.

    Raises:
        TooLarge: over one of them.
    """
    settings = tools.settings
    query = (
        select(UploadDraft)
        .where(UploadDraft.owner_id == draft.owner_id, UploadDraft.state == DraftState.OPEN)
        .order_by(UploadDraft.id)
        .with_for_update()  # so that two requests cannot both take what is left
    )
    waiting = session.scalars(query).all()
    if len(waiting) > MAX_DRAFTS:
        message = "There are %(limit)s drafts already; confirm or discard one of them."
        raise TooLarge("drafts_many", message, limit=MAX_DRAFTS)
    if sum(each.files for each in waiting) + files > settings.draft_files:
        message = "At most %(limit)s files may wait to be confirmed; confirm or discard some."
        raise TooLarge("draft_files", message, limit=settings.draft_files)
    if sum(each.bytes for each in waiting) + size > settings.draft_bytes:
        message = "At most %(limit)s bytes may wait to be confirmed; confirm or discard some."
        raise TooLarge("draft_bytes", message, limit=settings.draft_bytes)
    session.execute(
        update(UploadDraft)
        .where(UploadDraft.id == draft.id)
        .values(
            files=UploadDraft.files + files,
            bytes=UploadDraft.bytes + size,
            revision=UploadDraft.revision + 1,
            touched_at=tools.clock(),
        )
        .execution_options(synchronize_session=False)
    )
