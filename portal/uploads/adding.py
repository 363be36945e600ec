"""Adding files to a draft: what is going to be uploaded, and what stays with its owner."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chain_adapter import Digest
from portal.audit.actor import Actor
from portal.deposits.access import check_depositing
from portal.deposits.drafts import check_digests, check_size
from portal.deposits.tools import Tools
from portal.problems import BadInput, Conflict, TooLarge
from portal.uploads.models import Upload
from portal.uploads.quota import open_draft, reserve
from timestamping.filelist import BadList, check_path

#: How long a claim holds while nothing is heard of whoever made it.
LEASE: Final = timedelta(seconds=20)
_MAX_MEDIA_TYPE: Final = 200
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class NewFile:
    """``path`` as given; ``modified`` in milliseconds since 1970, 0 when unknown. ``digests`` are
    what the browser computed, perhaps later. ``stays``: its bytes are not handed over."""

    path: str
    length: int
    modified: int = 0
    media_type: str = ""
    digests: tuple[Digest, ...] = ()
    stays: bool = False


@dataclass(frozen=True, slots=True)
class Added:
    """``claim`` is set when this very request may go on writing; ``known``: it was there before."""

    upload: Upload
    claim: str = ""
    known: bool = False


class Adding:
    """Every method takes the actor whose draft it is."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def file(self, actor: Actor, draft_id: str, new: NewFile) -> Added:
        """Begin an upload, claimed for the request that begins it. The same file again is the same
        upload: a repeated request, whose first answer was lost, makes no second one.

        Raises:
            BadInput: a path that is none, naming what is wrong.
            Conflict: another file of this path is in the draft.
            TooLarge: the file, or the drafts together, are over a limit.
            NotFound: another person's draft.
        """
        self._check(actor, new)
        for last in range(_TRIES):
            try:
                with self._tools.database.transaction() as session:
                    return self._insert(session, actor, draft_id, new)
            except IntegrityError:  # another request made the same draft or file at this moment
                if last == _TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    def digests(self, actor: Actor, draft_id: str, files: Sequence[NewFile]) -> None:
        """Add files that stay with their owner; those that are there already stay as they are.

        Raises:
            As :meth:`file`; nothing was added.
        """
        if not files:
            return  # nothing to add makes no draft
        for each in files:
            self._check(actor, each)
            check_digests(each.digests)
        with self._tools.database.transaction() as session:
            draft = open_draft(session, self._tools, actor, draft_id)
            query = select(Upload.path_sha256, Upload.sha256).where(Upload.draft_id == draft_id)
            there: dict[str, str | None] = {row[0]: row[1] for row in session.execute(query)}
            fresh = []
            for each in files:
                row = self._row(actor, draft_id, each)
                name, sha256 = row["path_sha256"], row["sha256"]
                if there.get(name, sha256) != sha256:
                    raise _twice(each)
                if name not in there:
                    there[name] = sha256
                    fresh.append(row)
            if fresh:
                reserve(session, self._tools, draft, len(fresh), 0)
                session.execute(insert(Upload), fresh)

    def _insert(self, session: Session, actor: Actor, draft_id: str, new: NewFile) -> Added:
        draft = open_draft(session, self._tools, actor, draft_id)
        row = self._row(actor, draft_id, new)
        query = select(Upload).where(
            Upload.draft_id == draft_id, Upload.path_sha256 == row["path_sha256"]
        )
        there = session.scalar(query)
        if there is not None:
            if (there.length, there.modified, there.stays) != (new.length, new.modified, new.stays):
                raise _twice(new)
            if there.gone:
                raise Conflict("upload_busy", "This file is just being removed; try again.")
            return Added(there, known=True)
        reserve(session, self._tools, draft, 1, new.length)
        claim = secrets.token_hex(8)
        upload = Upload(**row, claim=claim, claim_until=self._tools.clock() + LEASE)
        session.add(upload)
        return Added(upload, claim)

    def _check(self, actor: Actor, new: NewFile) -> None:
        check_depositing(actor)
        try:
            check_path(new.path)
        except BadList as error:
            message = (
                "A file's path leads from its folder to the file: without .. or a drive, and with "
                "at most 1024 characters."
            )
            raise BadInput("path", message, field="path") from error
        check_size(new.length)
        limit = self._tools.settings.max_upload_bytes
        if new.length > limit and not new.stays:
            message = "The file is larger than the limit of %(limit)s bytes."
            raise TooLarge("file_too_large", message, field="file", limit=limit)

    def _row(self, actor: Actor, draft_id: str, new: NewFile) -> dict[str, Any]:
        claimed = {digest.algorithm: digest.hex for digest in new.digests}
        known = claimed if new.stays else {}
        return {
            "id": str(uuid4()),
            "draft_id": draft_id,
            "owner_id": actor.id,
            "path": new.path,
            "path_sha256": hashlib.sha256(new.path.encode()).hexdigest(),
            "media_type": new.media_type.replace("\x00", "")[:_MAX_MEDIA_TYPE],
            "modified": new.modified,
            "length": new.length,
            "offset": new.length if new.stays else 0,
            "stays": new.stays,
            "gone": False,
            "sha256": known.get("sha256"),
            "sm3": known.get("sm3"),
            "claimed_sha256": claimed.get("sha256"),
            "claimed_sm3": claimed.get("sm3"),
            "created_at": self._tools.clock(),
        }


def _twice(new: NewFile) -> Conflict:
    message = "Another file of the name %(path)s is in this draft already; remove it first."
    return Conflict("file_twice", message, field="path", path=new.path[:200])
