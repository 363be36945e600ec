"""Bytes of an upload: kept encrypted piece by piece, each durable before it is acknowledged.

A request claims the upload, writes its piece into the vault under a key that holds the claim, and
moves the offset in one transaction that names the claim. Whoever meets an old claim removes what a
killed process left under it, so nothing is ever left without a name in the database. With the last
byte the pieces are read back once, digested, and become one content; a file that came in one piece
was digested while it came.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.deposits.tools import Tools
from portal.problems import BadInput, Conflict, NotFound, PortalError, TooLarge
from portal.storage import Content, VaultError
from portal.storage import TooLarge as TooMuch
from portal.uploads.adding import LEASE
from portal.uploads.models import DraftState, Upload, UploadDraft, UploadPiece
from portal.uploads.removing import claimed_keys
from portal.vault_problems import vault_problem

_BLOCK: Final = 64 * 1024
#: A claim is renewed while bytes still come, this often.
_RENEW: Final = LEASE / 4
_BUSY: Final = "Another request is writing to this upload; ask for its offset and try again."


@dataclass(frozen=True, slots=True)
class Body:
    """What one request brings.

    ``read(n)`` gives up to ``n`` bytes, none at the end, also when the connection broke; ``length``
    is how many were announced, None when nobody said; ``checksum`` is an algorithm and a digest.
    """

    read: Callable[[int], bytes]
    length: int | None = None
    checksum: tuple[str, bytes] | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    key: str
    content: Content


class Receiver:
    """Writes to uploads. Correct for any number of requests, threads and processes at once."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def find(self, actor: Actor, upload_id: str) -> Upload:
        """The actor's upload in an open draft.

        Raises:
            NotFound: no such upload any more, or another person's.
        """
        query = (
            select(Upload)
            .join(UploadDraft, UploadDraft.id == Upload.draft_id)
            .where(Upload.id == upload_id, Upload.owner_id == actor.id)
            .where(UploadDraft.state == DraftState.OPEN)
        )
        with self._tools.database.reading() as session:
            upload = session.scalar(query)
        if upload is None or upload.gone:
            raise NotFound("upload_not_found", "There is no such upload.")
        return upload

    def write(self, actor: Actor, upload_id: str, offset: int, body: Body) -> Upload:
        """Take the next piece, which begins at ``offset``.

        Raises:
            Conflict: the upload's offset is another, or somebody is writing just now.
            TooLarge: more bytes than the upload has left; none of them was kept.
            BadInput: the checksum differs; nothing was kept. ``digest_mismatch``: the whole has
                other digests than the browser said; the upload is gone.
            NotFound, Unavailable.
        """
        upload = self.find(actor, upload_id)
        _check_offset(upload, offset, body)
        claim = self._claim(upload_id, offset)
        return self.go_on(upload, claim, body)

    def go_on(self, upload: Upload, claim: str, body: Body) -> Upload:
        """As :meth:`write`, under a claim that this request has."""
        try:
            _check_offset(upload, upload.offset, body)
            piece = self._take(upload, claim, body)
        except BaseException:
            with suppress(Exception):  # else the claim ends by itself
                self._release(upload.id, claim)
            raise
        if piece is None:
            self._release(upload.id, claim)
            return upload
        return self._advance(upload, claim, piece)

    def _claim(self, upload_id: str, offset: int) -> str:
        claim, now = secrets.token_hex(8), self._tools.clock()
        with self._tools.database.transaction() as session:
            query = select(Upload).where(Upload.id == upload_id).with_for_update()
            upload = session.scalar(query)
            if upload is None or upload.gone:
                raise NotFound("upload_not_found", "There is no such upload.")
            if upload.offset != offset or upload.complete:
                raise _wrong_offset(upload.offset)
            if upload.claim and upload.claim_until and upload.claim_until > now:
                raise Conflict("upload_busy", _BUSY)
            left = claimed_keys(upload)
            upload.claim, upload.claim_until = claim, now + LEASE
        for key in left:  # of a request that was killed
            self._tools.vault.delete(key)
        return claim

    def _release(self, upload_id: str, claim: str) -> None:
        with self._tools.database.transaction() as session:
            session.execute(
                update(Upload)
                .where(Upload.id == upload_id, Upload.claim == claim)
                .values(claim=None, claim_until=None)
            )

    def _take(self, upload: Upload, claim: str, body: Body) -> _Piece | None:
        """Stream the body into the vault; None when it brought nothing to keep."""
        room = upload.length - upload.offset
        beat = _Heartbeat(self._tools, upload.id, claim)
        state = hashlib.new(body.checksum[0]) if body.checksum else None
        total = 0
        try:
            with self._tools.vault.intake(room) as intake:
                while block := body.read(_BLOCK):
                    intake.write(block)
                    total += len(block)
                    if state is not None:
                        state.update(block)
                    beat()
                broken = body.length is not None and total < body.length
                if state is not None and body.checksum is not None:
                    if broken:
                        return None  # a part cannot be checked, so it is not believed
                    if state.digest() != body.checksum[1]:
                        message = "The bytes that arrived do not have the checksum sent with them."
                        raise BadInput("checksum", message, field="Upload-Checksum")
                if total == 0 and upload.length > 0:
                    return None
                content = intake.complete()
                return _Piece(intake.keep(f"upload/{upload.id}/{claim}").key, content)
        except TooMuch as error:
            raise _too_long(upload) from error
        except VaultError as error:
            raise vault_problem(error) from error

    def _advance(self, upload: Upload, claim: str, piece: _Piece) -> Upload:
        offset = upload.offset + piece.content.size
        values: dict[str, Any] = {"offset": offset, "claim": None, "claim_until": None}
        whole = None
        if offset == upload.length:
            whole = piece if upload.offset == 0 else self._assemble(upload, claim, piece)
            found = {digest.algorithm: digest.hex for digest in whole.content.digests}
            values |= {"vault_key": whole.key, "sha256": found["sha256"], "sm3": found.get("sm3")}
        with self._tools.database.transaction() as session:
            kept = _touch(session, upload.draft_id, self._tools.clock()) and _move(
                session, upload.id, claim, values
            )
            if kept and whole is not piece:
                session.add(
                    UploadPiece(
                        upload_id=upload.id,
                        offset=upload.offset,
                        size=piece.content.size,
                        vault_key=piece.key,
                    )
                )
        if not kept:  # the claim went to somebody else, or the draft is gone
            self._drop(piece.key, *([whole.key] if whole else []))
            raise Conflict("upload_busy", _BUSY)
        if whole is not None and whole is not piece:
            self.forget_pieces(upload.id)
        return self._settled(upload.id)

    def _settled(self, upload_id: str) -> Upload:
        with self._tools.database.reading() as session:
            upload = session.get(Upload, upload_id)
        if upload is None:  # discarded a moment ago
            raise NotFound("upload_not_found", "There is no such upload.")
        return upload

    def _assemble(self, upload: Upload, claim: str, last: _Piece) -> _Piece:
        """One content of all pieces, digested while they are read back."""
        vault, beat = self._tools.vault, _Heartbeat(self._tools, upload.id, claim)
        with self._tools.database.reading() as session:
            query = select(UploadPiece).where(UploadPiece.upload_id == upload.id)
            rows = session.scalars(query.order_by(UploadPiece.offset)).all()
        try:
            with vault.intake(upload.length) as intake:
                for key in [*(row.vault_key for row in rows), last.key]:
                    with vault.open(key) as stream:
                        while block := stream.read(_BLOCK):
                            intake.write(block)
                            beat()
                content = intake.complete()
                if content.size != upload.length:
                    raise Conflict(
                        "upload_broken", "Pieces of this upload are missing; begin anew."
                    )
                return _Piece(intake.keep(f"upload/{upload.id}/{claim}-whole").key, content)
        except VaultError as error:
            raise vault_problem(error) from error

    def forget_pieces(self, upload_id: str) -> None:
        """Remove the pieces of a complete upload: first their content, then their rows."""
        with self._tools.database.reading() as session:
            query = select(UploadPiece.vault_key).where(UploadPiece.upload_id == upload_id)
            keys = session.scalars(query).all()
        self._drop(*keys)
        with self._tools.database.transaction() as session:
            session.execute(delete(UploadPiece).where(UploadPiece.upload_id == upload_id))

    def _drop(self, *keys: str) -> None:
        for key in keys:
            self._tools.vault.delete(key)


class _Heartbeat:
    """Renews a claim now and then while there is progress."""

    def __init__(self, tools: Tools, upload_id: str, claim: str) -> None:
        self._tools = tools
        self._upload_id = upload_id
        self._claim = claim
        self._next = tools.clock() + _RENEW

    def __call__(self) -> None:
        now = self._tools.clock()
        if now < self._next:
            return
        self._next = now + _RENEW
        with self._tools.database.transaction() as session:
            if not _move(session, self._upload_id, self._claim, {"claim_until": now + LEASE}):
                raise Conflict("upload_busy", _BUSY)


def _move(session: Session, upload_id: str, claim: str, values: dict[str, Any]) -> bool:
    """Set ``values`` while the claim is still ours."""
    result = session.execute(
        update(Upload)
        .where(Upload.id == upload_id, Upload.claim == claim, Upload.gone.is_(False))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return bool(result.rowcount == 1)  # type: ignore[attr-defined]


def _touch(session: Session, draft_id: str, now: datetime) -> bool:
    """Whether the draft is open; it is now known to be in use. The time is kept roughly, so that
    uploads beside each other do not wait for one row."""
    query = select(UploadDraft.state, UploadDraft.touched_at).where(UploadDraft.id == draft_id)
    row = session.execute(query).one_or_none()
    if row is None or row.state != DraftState.OPEN:
        return False
    if row.touched_at < now - timedelta(minutes=1):
        session.execute(
            update(UploadDraft)
            .where(UploadDraft.id == draft_id)
            .values(touched_at=now)
            .execution_options(synchronize_session=False)
        )
    return True


def _check_offset(upload: Upload, offset: int, body: Body) -> None:
    if offset != upload.offset:
        raise _wrong_offset(upload.offset)
    if body.length is not None and offset + body.length > upload.length:
        raise _too_long(upload)


def _wrong_offset(offset: int) -> PortalError:
    message = "The upload goes on at byte %(offset)s, not where this piece begins."
    return Conflict("upload_offset", message, field="Upload-Offset", offset=offset)


def _too_long(upload: Upload) -> PortalError:
    message = "More bytes came than the %(length)s this upload was announced with."
    return TooLarge("upload_length", message, field="Upload-Length", length=upload.length)
