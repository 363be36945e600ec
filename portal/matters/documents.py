"""What applicants hand in: straight from the socket into the vault, encrypted, told by its bytes.

Before submission a document may be taken back or replaced; afterwards the office has had it before
its eyes, and further ones are added.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import IO, BinaryIO, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chain_adapter import Digest
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.deposits.filenames import MAX_NAME, download_name
from portal.deposits.streaming import streamed
from portal.downloads import Download
from portal.matters import access, mails
from portal.matters.drafting import application_of
from portal.matters.kit import Kit, vault_key
from portal.matters.models import (
    OPEN,
    Matter,
    MatterDocument,
    MatterMaterial,
    MatterState,
)
from portal.matters.parties import Parties, forget_content
from portal.matters.sides import side_of
from portal.matters.sniffing import TAKEN, sniffed
from portal.problems import BadInput, Conflict, NotFound, PortalError
from portal.storage import Content, Intake, Missing, VaultError
from portal.texts import storable
from portal.vault_problems import vault_problem

#: documents that were not taken back, of one line and of one matter
MOST_OF_ONE: Final = 10
MOST_OF_ALL: Final = 60
_BLOCK: Final = 256 * 1024
_TAKING: Final = ("missing", "handed-in")


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A file on its way: its name as given, where it was written, and its first bytes."""

    filename: str
    intake: Intake
    head: bytes


class Documents:
    """Every method checks whose matter it is, and every look is a custody entry."""

    def __init__(self, kit: Kit, parties: Parties) -> None:
        self._kit, self._parties = kit, parties

    @property
    def limit(self) -> int:
        """Bytes of one document."""
        return self._kit.tools.settings.matter_document_bytes

    def intake(self) -> Intake:
        """Begin to receive a document.

        Raises:
            Unavailable: the vault cannot take anything now.
        """
        try:
            return self._kit.tools.vault.intake(self.limit)
        except VaultError as error:
            raise vault_problem(error) from error

    def hand_in(self, actor: Actor, matter_id: str, material_id: str, file: HandedIn) -> str:
        """Keep a file for a line of the checklist; the document's id. The intake has ended
        afterwards either way.

        Raises:
            NotFound, Forbidden: see :func:`portal.matters.access.changeable`.
            Conflict: nothing is taken for this line (any more), or there are too many.
            BadInput: empty, or of a kind that is not taken.
            TooLarge: over the limit.
        """
        with file.intake as intake:
            # Before anything of it is kept; again with the row locked, when it is written down.
            with self._kit.tools.database.reading() as session:
                access.readable(session, actor, matter_id)
            try:
                content = intake.complete()
                media_type = _checked(file, content)
                key = intake.keep(vault_key()).key
            except VaultError as error:
                raise vault_problem(error) from error
        try:
            return self._write(actor, matter_id, material_id, file, content, media_type, key)
        except PortalError:
            forget_content(self._kit, [key])
            raise

    def take_back(self, actor: Actor, matter_id: str, document_id: str) -> None:
        """Forget the content of a document; that it was there stays known.

        Raises:
            Conflict: the application was submitted.
        """
        with self._kit.tools.database.transaction() as session:
            matter = access.changeable(session, actor, matter_id, MatterState.DRAFT)
            row = self._row(session, matter, document_id)
            if row.removed_at is not None:
                return
            key, row.vault_key, row.removed_at = row.vault_key, None, self._kit.now
            session.flush()
            line = session.get_one(MatterMaterial, row.material_id)
            if not _count(session, MatterDocument.material_id == line.id):
                line.state = "missing"
            detail = {"document": row.id, "sha256": row.sha256}
            record(session, actor, "matter.document_taken_back", matter.subject, detail)
        forget_content(self._kit, [key] if key else [])

    def download(self, actor: Actor, matter_id: str, document_id: str) -> Download:
        """One document, for either side; recorded when its stream is asked for."""
        with self._kit.tools.database.reading() as session:
            matter, _ = side_of(session, actor, matter_id)
            row = self._row(session, matter, document_id)
        if row.vault_key is None:
            raise NotFound("document_gone", "This document was taken back.")
        key, digest = row.vault_key, Digest.parse("sha256", row.sha256)

        def begin() -> Iterator[bytes]:
            stream = self._open(key, digest)
            try:
                with self._kit.tools.database.transaction() as session:
                    matter, side = side_of(session, actor, matter_id)
                    detail = {"document": row.id, "sha256": row.sha256, "side": side}
                    record(session, actor, "matter.document_read", matter.subject, detail)
            except BaseException:
                stream.close()
                raise
            return _blocks(stream)

        # Never the type it looks like: nothing of a stranger's may run as ours.
        return Download(_name(row), "application/octet-stream", begin, row.size)

    def everything(self, actor: Actor, matter_id: str) -> Download:
        """All that the applicant stated and handed in, as a zip, for the applicant's side."""
        with self._kit.tools.database.reading() as session:
            matter = access.readable(session, actor, matter_id)

        def begin() -> Iterator[bytes]:
            with self._kit.tools.database.transaction() as session:
                matter = access.readable(session, actor, matter_id)
                stated = self._stated(session, matter)
                rows = list(_kept(session, matter))
                detail = {"documents": len(rows)}
                record(session, actor, "matter.exported", matter.subject, detail)
            return streamed(lambda out: self._zip(out, stated, rows))

        return Download(f"{matter.number}.zip", "application/zip", begin)

    def _write(
        self,
        actor: Actor,
        matter_id: str,
        material_id: str,
        file: HandedIn,
        content: Content,
        media_type: str,
        key: str,
    ) -> str:
        with self._kit.tools.database.transaction() as session:
            states = (MatterState.DRAFT, *OPEN)
            matter = access.changeable(session, actor, matter_id, *states)
            line = session.get(MatterMaterial, material_id)
            if line is None or line.matter_id != matter.id:
                raise NotFound("material_not_found", "This application asks for no such material.")
            self._check_room(session, matter, line)
            row = MatterDocument(
                matter_id=matter.id,
                material_id=line.id,
                filename=file.filename,
                media_type=media_type,
                size=content.size,
                sha256=content.sha256.hex,
                vault_key=key,
                added_by=actor.id,
                added_at=self._kit.now,
            )
            session.add(row)
            was, line.state = line.state, "handed-in"
            session.flush()
            detail = {"document": row.id, "material": line.code, "sha256": row.sha256}
            record(session, actor, "matter.document_handed_in", matter.subject, detail)
            if matter.state != MatterState.DRAFT and was == "missing":
                mails.tell_office(self._kit, session, matter, "handed-in")
            return row.id

    def _check_room(self, session: Session, matter: Matter, line: MatterMaterial) -> None:
        if line.state not in _TAKING:
            message = "Nothing more is to be handed in for this line."
            raise Conflict("material_decided", message)
        if _count(session, MatterDocument.material_id == line.id) >= MOST_OF_ONE:
            message = "At most %(limit)s documents for one line; take one back first."
            raise Conflict("documents_many", message, limit=MOST_OF_ONE)
        if _count(session, MatterDocument.matter_id == matter.id) >= MOST_OF_ALL:
            message = "At most %(limit)s documents in one application."
            raise Conflict("documents_many", message, limit=MOST_OF_ALL)

    def _row(self, session: Session, matter: Matter, document_id: str) -> MatterDocument:
        row = session.get(MatterDocument, document_id)
        if row is None or row.matter_id != matter.id:
            raise NotFound("document_not_found", "This application has no such document.")
        return row

    def _open(self, key: str, digest: Digest) -> IO[bytes]:
        try:
            return self._kit.tools.vault.open(key, digest)
        except Missing as error:
            raise NotFound("content_gone", "The content is no longer kept.") from error
        except VaultError as error:
            raise vault_problem(error) from error

    def _stated(self, session: Session, matter: Matter) -> bytes:
        parties = [asdict(each) for each in self._parties.all_of(session, matter)]
        for each in parties:
            for name in ("checked_by", "checked_at"):
                each.pop(name)
        value = {
            "number": matter.number,
            "template": matter.template,
            **asdict(application_of(matter)),
            "parties": parties,
            "informed": {
                "edition": matter.informed_edition or "",
                "sha256": matter.informed_sha256 or "",
                "at": matter.informed_at.isoformat() if matter.informed_at else "",
            },
        }
        return json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"

    def _zip(self, out: BinaryIO, stated: bytes, rows: list[MatterDocument]) -> None:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("application.json", stated)
            for place, row in enumerate(rows, 1):
                digest = Digest.parse("sha256", row.sha256)
                name = f"documents/{place:02d}-{_name(row)}"
                with (
                    self._open(row.vault_key or "", digest) as source,
                    archive.open(name, "w", force_zip64=True) as target,
                ):
                    while block := source.read(_BLOCK):
                        target.write(block)


def _checked(file: HandedIn, content: Content) -> str:
    """The media type. Raises BadInput."""
    storable("file", file.filename)
    if len(file.filename) > MAX_NAME:
        raise BadInput("filename_long", "The file's name is too long.", field="file")
    if content.size == 0:
        raise BadInput("file_empty", "The file is empty.", field="file")
    media_type = sniffed(file.head)
    if media_type is None:
        message = (
            "This is none of the kinds of file that are taken: PDF, JPEG, PNG, WebP, HEIC or TIFF. "
            "Its name does not decide that, its content does."
        )
        raise BadInput("file_kind", message, field="file")
    return media_type


def _kept(session: Session, matter: Matter) -> Iterator[MatterDocument]:
    query = select(MatterDocument).where(
        MatterDocument.matter_id == matter.id, MatterDocument.removed_at.is_(None)
    )
    yield from session.scalars(query.order_by(MatterDocument.added_at, MatterDocument.id))


def _count(session: Session, which: object) -> int:
    query = select(func.count()).select_from(MatterDocument)
    return session.scalar(query.where(which, MatterDocument.removed_at.is_(None))) or 0  # type: ignore[arg-type]


def _name(row: MatterDocument) -> str:
    """The name it came with, with the suffix of what it is."""
    name = download_name(row.filename, row.id)
    suffix = TAKEN[row.media_type]
    ends = (f".{suffix}", ".jpeg", ".tiff") if suffix in ("jpg", "tif") else (f".{suffix}",)
    return name if name.lower().endswith(ends) else f"{name}.{suffix}"


class _blocks(Iterator[bytes]):  # noqa: N801 - read as a function
    """A stream in blocks; closed with the answer, also when nobody read it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def __next__(self) -> bytes:
        block = self._stream.read(_BLOCK)
        if not block:
            self.close()
            raise StopIteration
        return block

    def close(self) -> None:
        with suppress(OSError):
            self._stream.close()
