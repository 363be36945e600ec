"""From a draft to deposits: one transaction in which the draft ends and the deposits begin.

A process killed before its commit leaves the draft, one killed after it the deposits; whoever
confirms again gets the same answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Table, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chain_adapter import Digest
from portal.audit.actor import Actor
from portal.audit.service import Act, record_many
from portal.deposits.drafts import columns_of, new_draft
from portal.deposits.folders import NewFolder
from portal.deposits.models import ENTRY_KIND, Deposit, DepositFile
from portal.deposits.receiving import id_used, received_detail
from portal.deposits.records import MAX_TITLE, Metadata
from portal.deposits.tools import Tools
from portal.problems import BadInput, Conflict, NotFound
from portal.signing.cosigning import Cosignings, Signed
from portal.storage import VaultError
from portal.uploads.models import DraftState, Upload, UploadDraft
from portal.uploads.receiving import Receiver
from portal.uploads.removing import Removing, delete_rows
from portal.vault_problems import vault_problem
from timestamping.filelist import BadList, FileList, ListedFile

#: Somebody changing the draft at this very moment, or a number met twice.
_TRIES: Final = 3
#: Ids asked for in one query.
_IDS: Final = 500
_Sign = Callable[[str, Sequence[Digest]], Signed | None]


class Grouping(StrEnum):
    """``each``: one deposit for each file; ``list``: one deposit of the list of all files."""

    EACH = "each"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the depositor says about all of it; and signs, when they do."""

    grouping: Grouping
    title: str = ""
    note: str = ""
    signing: Cosignings | None = None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """``deposits`` are ids, in the order of the files; ``replayed``: they were made before."""

    deposits: tuple[str, ...]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class _New:
    deposit: Deposit
    files: tuple[dict[str, Any], ...] = ()


class Confirming:
    def __init__(self, tools: Tools, receiver: Receiver, removing: Removing) -> None:
        self._tools = tools
        self._receiver = receiver
        self._removing = removing

    def confirm(self, actor: Actor, draft_id: str, wish: Wish) -> Confirmed:
        """Deposit what is in the draft. Idempotent.

        Raises:
            NotFound: no such draft, or another person's.
            BadInput: something in it is not ready, or not signed as it is; nothing was deposited.
            Conflict: it changed while it was confirmed, or a signed id was used before.
        """
        for _ in range(_TRIES):
            draft, uploads = self._load(actor, draft_id)
            if draft.state == DraftState.CONFIRMED:
                return Confirmed(tuple(json.loads(draft.deposits or "[]")), replayed=True)
            _check(uploads, wish)
            new = self._new(actor, draft, uploads, wish)
            try:
                if self._write(actor, draft, new):
                    self._tools.nudge()
                    return Confirmed(tuple(each.deposit.id for each in new))
            except IntegrityError:  # the same number by chance
                continue
        message = "The draft changed while it was confirmed. Look at it again, then confirm."
        raise Conflict("draft_changed", message)

    def take(self, actor: Actor, draft_id: str, write: Callable[[Session, Upload], None]) -> None:
        """Hand the draft's one file over to another feature: its content is theirs from now on.

        Args:
            write: called within the transaction that ends the draft.

        Raises:
            NotFound: no such draft, or another person's.
            BadInput: not one file, or not all of it has come.
            Conflict: it was confirmed, or changed meanwhile.
        """
        draft, uploads = self._load(actor, draft_id)
        if draft.state == DraftState.CONFIRMED:
            raise Conflict("draft_closed", "This draft was confirmed or discarded.")
        if len(uploads) != 1:
            raise BadInput("draft_files", "Choose exactly one file.", field="file")
        upload = uploads[0]
        if upload.stays or not upload.complete or upload.differs or not upload.vault_key:
            message = "The file has not come completely; choose it once more."
            raise BadInput("upload_unready", message, field="file")
        if upload.vault_key.endswith("-whole"):
            self._receiver.forget_pieces(upload.id)
        with self._tools.database.transaction() as session:
            if not _end(session, draft, {"deposits": "[]", "touched_at": self._tools.clock()}):
                message = "The draft changed meanwhile. Look at it again."
                raise Conflict("draft_changed", message)
            delete_rows(session, Upload.draft_id == draft.id)
            write(session, upload)

    def _load(self, actor: Actor, draft_id: str) -> tuple[UploadDraft, Sequence[Upload]]:
        query = select(Upload).where(Upload.draft_id == draft_id).order_by(Upload.path, Upload.id)
        with self._tools.database.reading() as session:
            draft = session.get(UploadDraft, draft_id)
            uploads = session.scalars(query).all()
        if draft is None or draft.owner_id != actor.id or draft.state == DraftState.GOING:
            raise NotFound("draft_not_found", "There is no such draft.")
        for each in uploads:
            if each.gone:  # a removal that was killed; it is finished first
                self._removing.upload(actor, each.id)
                return self._load(actor, draft_id)
        return draft, uploads

    def _new(
        self, actor: Actor, draft: UploadDraft, uploads: Sequence[Upload], wish: Wish
    ) -> list[_New]:
        for each in uploads:
            if each.vault_key and each.vault_key.endswith("-whole"):
                self._receiver.forget_pieces(each.id)
        sign = self._signing(actor, wish)
        if wish.grouping is Grouping.LIST:
            return [self._folder(actor, draft, uploads, wish, sign)]
        several = len(uploads) > 1
        return [_New(self._single(actor, each, wish, several, sign)) for each in uploads]

    def _signing(self, actor: Actor, wish: Wish) -> _Sign:
        """What gives the signature of a deposit by its path (empty: the list) and digests."""
        if (signing := wish.signing) is None:
            return lambda _path, _digests: None
        signer = self._tools.cosigner.signer(actor, signing.key_id)
        ids = [deposit_id for deposit_id, _ in signing.items.values()]
        for start in range(0, len(ids), _IDS):
            query = select(Deposit.id).where(Deposit.id.in_(ids[start : start + _IDS]))
            with self._tools.database.reading() as session:
                if session.scalar(query.limit(1)) is not None:
                    raise id_used()
        return lambda path, digests: signer.signed(ENTRY_KIND, digests, signing.of(path))

    def _single(
        self, actor: Actor, upload: Upload, wish: Wish, several: bool, sign: _Sign
    ) -> Deposit:
        title = (
            f"{wish.title} · {upload.path}"[:MAX_TITLE] if several and wish.title else wish.title
        )
        metadata = Metadata(title, wish.note, upload.path, upload.media_type)
        deposit = new_draft(
            self._tools,
            actor,
            _digests(upload),
            metadata,
            kind="digest" if upload.stays else "file",
            size=upload.length,
            idempotency_key=None,
            signed=sign(upload.path, _digests(upload)),
        )
        deposit.vault_key = upload.vault_key
        return deposit

    def _folder(
        self,
        actor: Actor,
        draft: UploadDraft,
        uploads: Sequence[Upload],
        wish: Wish,
        sign: _Sign,
    ) -> _New:
        with_sm3 = all(each.sm3 for each in uploads)
        try:
            listed = FileList.of(
                ListedFile(
                    each.path, each.length, each.sha256 or "", each.sm3 if with_sm3 else None
                )
                for each in uploads
            )
            folder = NewFolder(listed, listed.encode(), seen=not any(u.stays for u in uploads))
        except BadList as error:
            message = "There are too many files, or too long names, for one list."
            raise BadInput("file_list", message, field="file") from error
        signed = sign("", folder.digests(self._tools))
        deposit = folder.draft(self._tools, actor, wish.title, wish.note, signed)
        deposit.vault_key = self._keep_list(draft, folder.content, deposit.sha256)
        keys = {each.path: each.vault_key for each in uploads}
        return _New(deposit, tuple(folder.rows(deposit.id, keys)))

    def _keep_list(self, draft: UploadDraft, content: bytes, sha256: str) -> str:
        """Put the list into the vault under a name the draft knows, so that it goes with it."""
        key = f"list/{draft.id}/{sha256[:32]}"
        try:
            if draft.list_key not in (None, key):
                self._tools.vault.delete(str(draft.list_key))
            with self._tools.database.transaction() as session:
                session.execute(
                    update(UploadDraft).where(UploadDraft.id == draft.id).values(list_key=key)
                )
            return self._tools.vault.put(key, content).key
        except VaultError as error:
            raise vault_problem(error) from error

    def _write(self, actor: Actor, draft: UploadDraft, new: Sequence[_New]) -> bool:
        """The one transaction; False when the draft is no longer what was read."""
        ids = json.dumps([each.deposit.id for each in new])
        with self._tools.database.transaction() as session:
            if not _end(session, draft, {"deposits": ids, "touched_at": self._tools.clock()}):
                return False
            delete_rows(session, Upload.draft_id == draft.id)
            session.execute(insert(_DEPOSITS), [columns_of(each.deposit) for each in new])
            files = [row for each in new for row in each.files]
            if files:
                session.execute(insert(_FILES), files)
            record_many(session, [_act(actor, each) for each in new])
        return True


_DEPOSITS: Final[Table] = Deposit.__table__  # type: ignore[assignment]
_FILES: Final[Table] = DepositFile.__table__  # type: ignore[assignment]


def _end(session: Session, draft: UploadDraft, values: dict[str, Any]) -> bool:
    result = session.execute(
        update(UploadDraft)
        .where(UploadDraft.id == draft.id, UploadDraft.state == DraftState.OPEN)
        .where(UploadDraft.revision == draft.revision)
        .values(state=DraftState.CONFIRMED, files=0, bytes=0, **values)
        .execution_options(synchronize_session=False)
    )
    return bool(result.rowcount == 1)  # type: ignore[attr-defined]


def _act(actor: Actor, new: _New) -> Act:
    detail: dict[str, str | int] = {**received_detail(new.deposit)}
    if new.files:
        detail["files"] = len(new.files)
    return Act(actor, "deposit.received", new.deposit.subject, detail)


def _check(uploads: Sequence[Upload], wish: Wish) -> None:
    if not uploads:
        raise BadInput("draft_empty", "There is no file in this draft.", field="file")
    for each in uploads:
        if not each.ready:
            message = (
                "The file %(path)s has not come completely, or its digest was not compared yet. "
                "Choose it once more, or remove it."
            )
            raise BadInput("upload_unready", message, field="file", path=each.path[:200])
    if wish.grouping is Grouping.EACH:
        empty = next((each for each in uploads if each.length == 0), None)
        if empty is not None:
            message = (
                "The file %(path)s is empty: by itself it has nothing to prove. Remove it, or "
                "deposit all files as one list."
            )
            raise BadInput("file_empty", message, field="file", path=empty.path[:200])


def _digests(upload: Upload) -> tuple[Digest, ...]:
    values = {"sha256": upload.sha256, "sm3": upload.sm3}
    return tuple(Digest.parse(name, value) for name, value in values.items() if value)
