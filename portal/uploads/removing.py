"""Taking back what was not confirmed, without a trace: first the content, then the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.deposits.tools import Tools
from portal.problems import Conflict, NotFound
from portal.storage import VaultError
from portal.uploads.models import DraftState, Upload, UploadDraft, UploadPiece
from portal.vault_problems import vault_problem

#: A draft that is going was left behind by a killed process when it is still there after this.
_LEFT_BEHIND: Final = timedelta(minutes=10)


def claimed_keys(upload: Upload) -> list[str]:
    """Where a request under the present claim may have put content; see :class:`Upload`."""
    if not upload.claim:
        return []
    base = f"upload/{upload.id}/{upload.claim}"
    return [base, f"{base}-whole"]


class Removing:
    """A process killed at any point leaves rows from which the next call goes on."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def upload(self, actor: Actor, upload_id: str) -> None:
        """Remove one file from an open draft.

        Raises:
            NotFound: no such upload, or another person's.
        """
        with self._tools.database.transaction() as session:
            upload = session.scalar(
                select(Upload)
                .where(Upload.id == upload_id, Upload.owner_id == actor.id)
                .with_for_update()
            )
            if upload is None:
                raise NotFound("upload_not_found", "There is no such upload.")
            # Nobody can confirm what is shown to have changed, and nobody can write to it.
            if not _revise(session, upload.draft_id, {"revision": UploadDraft.revision + 1}):
                raise Conflict("draft_closed", "This draft was confirmed or discarded.")
            keys = list(_keys(session, upload))
            upload.gone, upload.sha256 = True, None
        self._delete(keys)
        with self._tools.database.transaction() as session:
            if delete_rows(session, Upload.id == upload_id):
                counts = {
                    "files": UploadDraft.files - 1,
                    "bytes": UploadDraft.bytes - (0 if upload.stays else upload.length),
                }
                _revise(session, upload.draft_id, counts)

    def draft(self, actor: Actor, draft_id: str) -> None:
        """Discard a draft with everything in it. Discarding what is gone already is no error.

        Raises:
            Conflict: it was confirmed, and deposits are never taken back.
        """
        with self._tools.database.reading() as session:
            draft = session.get(UploadDraft, draft_id)
        if draft is None or draft.owner_id != actor.id:
            return
        if draft.state == DraftState.CONFIRMED or not self._begin(draft_id):
            message = "This draft was confirmed. What was deposited is never taken back."
            raise Conflict("draft_closed", message)
        self._finish(draft_id)

    def expire(self) -> int:
        """Remove drafts that nobody touched for too long, and what a killed process left of them;
        the number of files that went."""
        now = self._tools.clock()
        oldest = now - timedelta(hours=self._tools.settings.draft_hours)
        with self._tools.database.reading() as session:
            query = select(UploadDraft).where(UploadDraft.touched_at < now - _LEFT_BEHIND)
            drafts = session.scalars(query).all()
        removed = 0
        for draft in drafts:
            if draft.state == DraftState.GOING or draft.touched_at < oldest:
                removed += self._expire(draft, oldest)
        return removed

    def _expire(self, draft: UploadDraft, oldest: datetime) -> int:
        if draft.state == DraftState.CONFIRMED:
            self._forget(draft.id)  # the deposits stay; only the answer to a repetition goes
            return 0
        if not self._begin(draft.id, oldest if draft.state == DraftState.OPEN else None):
            return 0
        self._finish(draft.id)
        return draft.files

    def _begin(self, draft_id: str, untouched_since: datetime | None = None) -> bool:
        """Close the draft against everything but its removal."""
        query = (
            update(UploadDraft)
            .where(UploadDraft.id == draft_id)
            .where(UploadDraft.state.in_((DraftState.OPEN, DraftState.GOING)))
            .values(state=DraftState.GOING)
            .execution_options(synchronize_session=False)
        )
        if untouched_since is not None:
            query = query.where(UploadDraft.touched_at < untouched_since)
        with self._tools.database.transaction() as session:
            return bool(session.execute(query).rowcount)  # type: ignore[attr-defined]

    def _finish(self, draft_id: str) -> None:
        with self._tools.database.reading() as session:
            uploads = session.scalars(select(Upload).where(Upload.draft_id == draft_id)).all()
            keys = [key for upload in uploads for key in _keys(session, upload)]
            listed = session.scalar(select(UploadDraft.list_key).where(UploadDraft.id == draft_id))
        self._delete([*keys, *([listed] if listed else [])])
        self._forget(draft_id)

    def _forget(self, draft_id: str) -> None:
        with self._tools.database.transaction() as session:
            delete_rows(session, Upload.draft_id == draft_id)
            session.execute(delete(UploadDraft).where(UploadDraft.id == draft_id))

    def _delete(self, keys: list[str]) -> None:
        try:
            for key in keys:
                self._tools.vault.delete(key)
        except VaultError as error:
            raise vault_problem(error) from error


def _keys(session: Session, upload: Upload) -> Iterator[str]:
    """Every key under which content of ``upload`` may lie."""
    if upload.vault_key:
        yield upload.vault_key
    yield from claimed_keys(upload)
    yield from session.scalars(
        select(UploadPiece.vault_key).where(UploadPiece.upload_id == upload.id)
    )


def delete_rows(session: Session, which: ColumnElement[bool]) -> bool:
    """Delete uploads and the rows of their pieces; whether there were any."""
    pieces = delete(UploadPiece).where(UploadPiece.upload_id.in_(select(Upload.id).where(which)))
    uploads = delete(Upload).where(which)
    session.execute(pieces.execution_options(synchronize_session=False))
    result = session.execute(uploads.execution_options(synchronize_session=False))
    return bool(result.rowcount)  # type: ignore[attr-defined]


def _revise(session: Session, draft_id: str, values: Mapping[str, object]) -> bool:
    """Change counts of the draft while it is open."""
    result = session.execute(
        update(UploadDraft)
        .where(UploadDraft.id == draft_id, UploadDraft.state == DraftState.OPEN)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]
