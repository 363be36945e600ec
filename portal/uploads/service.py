"""What pages and the tus protocol may ask of uploads and drafts. No Flask in here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from chain_adapter import Digest
from portal.audit.actor import Actor
from portal.deposits.records import Metadata
from portal.deposits.tools import Tools
from portal.problems import BadInput, NotFound, TooLarge
from portal.uploads.adding import Adding, NewFile
from portal.uploads.confirming import Confirmed, Confirming, Grouping, Wish
from portal.uploads.models import DraftState, Upload, UploadDraft
from portal.uploads.receiving import Body, Receiver
from portal.uploads.removing import Removing

__all__ = ["Body", "Confirmed", "DraftView", "Grouping", "NewFile", "UploadService", "Wish"]


@dataclass(frozen=True, slots=True)
class DraftView:
    """A draft and its files, in the order of their paths."""

    draft: UploadDraft
    files: tuple[Upload, ...]

    @property
    def ready(self) -> bool:
        return bool(self.files) and all(each.ready for each in self.files)

    @property
    def unready(self) -> int:
        return sum(not each.ready for each in self.files)

    @property
    def size(self) -> int:
        return sum(each.length for each in self.files)

    @property
    def grouping(self) -> Grouping:
        """As chosen; else a list when there is a folder in it."""
        if self.draft.grouping:
            return Grouping(self.draft.grouping)
        folder = any("/" in each.path for each in self.files)
        return Grouping.LIST if folder and len(self.files) > 1 else Grouping.EACH


class UploadService:
    """The use cases. Every method raises the errors of :mod:`portal.problems`, and knows only the
    actor's own drafts: anybody else's are not found."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._adding = Adding(tools)
        self._receiver = Receiver(tools)
        self._removing = Removing(tools)
        self._confirming = Confirming(tools, self._receiver, self._removing)

    def create(self, actor: Actor, draft_id: str, new: NewFile, body: Body) -> Upload:
        """Begin an upload, with its first piece when ``body`` brings one; see ``Adding.file``.

        Raises:
            BadInput: ``digest_mismatch`` too, see :meth:`write`.
        """
        if body.length is not None and body.length > new.length:
            message = "More bytes came than the %(length)s this upload was announced with."
            raise TooLarge("upload_length", message, field="Upload-Length", length=new.length)
        added = self._adding.file(actor, draft_id, new)
        if added.known:
            return self._compared(actor, self._claimed(actor, added.upload, new.digests))
        return self._compared(actor, self._receiver.go_on(added.upload, added.claim, body))

    def find(self, actor: Actor, upload_id: str) -> Upload:
        return self._receiver.find(actor, upload_id)

    def write(self, actor: Actor, upload_id: str, offset: int, body: Body) -> Upload:
        """Take the next piece; see ``Receiver.write``. When all has come and the browser's digest
        is another, the upload is removed and ``digest_mismatch`` raised."""
        return self._compared(actor, self._receiver.write(actor, upload_id, offset, body))

    def claim_digests(self, actor: Actor, upload_id: str, digests: Sequence[Digest]) -> Upload:
        """Say which digests the browser computed; see :meth:`write`."""
        return self._compared(actor, self._claimed(actor, self.find(actor, upload_id), digests))

    def expires_at(self, upload: Upload, *, touched: bool) -> datetime:
        """When it goes at the earliest; ``touched``: this request did something to it."""
        if touched:  # the draft's time is kept to the minute
            now = self._tools.clock() - timedelta(minutes=1)
            return now + timedelta(hours=self._tools.settings.draft_hours)
        with self._tools.database.reading() as session:
            last = session.scalar(
                select(UploadDraft.touched_at).where(UploadDraft.id == upload.draft_id)
            )
        return (last or self._tools.clock()) + timedelta(hours=self._tools.settings.draft_hours)

    def add_digests(self, actor: Actor, draft_id: str, files: Sequence[NewFile]) -> None:
        """Add files that stay with their owner; see ``Adding.digests``."""
        self._adding.digests(actor, draft_id, [replace(each, stays=True) for each in files])

    def remove(self, actor: Actor, upload_id: str) -> None:
        self._removing.upload(actor, upload_id)

    def discard(self, actor: Actor, draft_id: str) -> None:
        """Forget a draft without a trace; never what was confirmed (Conflict)."""
        self._removing.draft(actor, draft_id)

    def confirm(self, actor: Actor, draft_id: str, wish: Wish) -> Confirmed:
        return self._confirming.confirm(actor, draft_id, wish)

    def take(self, actor: Actor, draft_id: str, write: Callable[[Session, Upload], None]) -> None:
        """Hand a draft's one file over to another feature; see ``Confirming.take``."""
        self._confirming.take(actor, draft_id, write)

    def describe(self, actor: Actor, draft_id: str, wish: Wish) -> None:
        """Keep what was typed with the draft, so that it is there again after a reload."""
        Metadata(wish.title, wish.note)  # refuses what could not be deposited
        with self._tools.database.transaction() as session:
            result = session.execute(
                update(UploadDraft)
                .where(UploadDraft.id == draft_id, UploadDraft.owner_id == actor.id)
                .where(UploadDraft.state == DraftState.OPEN)
                .values(title=wish.title, note=wish.note, grouping=wish.grouping)
                .execution_options(synchronize_session=False)
            )
        if not result.rowcount:  # type: ignore[attr-defined]
            raise NotFound("draft_not_found", "There is no such draft.")

    def view(self, actor: Actor, draft_id: str) -> DraftView:
        """The actor's open draft."""
        with self._tools.database.reading() as session:
            draft = session.get(UploadDraft, draft_id)
            if draft is None or draft.owner_id != actor.id or draft.state != DraftState.OPEN:
                raise NotFound("draft_not_found", "There is no such draft.")
            query = select(Upload).where(Upload.draft_id == draft_id, Upload.gone.is_(False))
            files = session.scalars(query.order_by(Upload.path, Upload.id)).all()
        return DraftView(draft, tuple(files))

    def waiting(self, actor: Actor) -> UploadDraft | None:
        """The open draft touched last that has files in it."""
        query = (
            select(UploadDraft)
            .where(UploadDraft.owner_id == actor.id, UploadDraft.state == DraftState.OPEN)
            .where(UploadDraft.files > 0)
            .order_by(UploadDraft.touched_at.desc())
            .limit(1)
        )
        with self._tools.database.reading() as session:
            return session.scalar(query)

    def expire(self) -> int:
        """Housekeeping: forget drafts nobody touched for too long; how many files went."""
        return self._removing.expire()

    def _claimed(self, actor: Actor, upload: Upload, digests: Sequence[Digest]) -> Upload:
        """``upload`` with the digests the browser computed, once it has."""
        values = {f"claimed_{digest.algorithm}": digest.hex for digest in digests}
        if not values or upload.stays:
            return upload
        with self._tools.database.transaction() as session:
            session.execute(
                update(Upload)
                .where(Upload.id == upload.id)
                .values(**values)
                .execution_options(synchronize_session=False)
            )
        return self.find(actor, upload.id)

    def _compared(self, actor: Actor, upload: Upload) -> Upload:
        if upload.complete and upload.differs:
            self._removing.upload(actor, upload.id)
            message = (
                "The portal received other bytes of %(path)s than your browser read, so nothing of "
                "it was kept. Choose the file once more."
            )
            raise BadInput("digest_mismatch", message, field="file", path=upload.path[:200])
        return upload
