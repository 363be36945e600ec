"""Archive volumes (公证法 35): one PDF and the packages of a matter, deposited like anything else.

A notary asks for it once a certificate is out; the worker makes it in a thread of its own. What it
needs of others (letters of the certificates' deposits, the vault) it waits for, longer each time,
and says so. A try pushes the next one into the future before it begins: a killed worker is followed
by another. One transaction deposits the volume and closes the matter; whoever comes second finds
it done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, Final

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.audit.service import Act, canonical, head, record, record_many
from portal.certificates import evidence, sealing
from portal.certificates.kit import WORKER, Kit
from portal.certificates.models import ArchiveVolume, Certificate, CertificateState
from portal.certificates.sealing import Kept
from portal.certificates.volume_sections import sections_of
from portal.certificates.volume_shelf import Shelf
from portal.database import advance
from portal.deposits.folders import VOLUME
from portal.deposits.models import Deposit, State
from portal.jobs.waiting import delay, wait_for
from portal.matters import access
from portal.matters.models import Matter, MatterState
from portal.problems import Conflict, PortalError
from timestamping.certificate import words as certified
from timestamping.certificate.volume import (
    CUSTODY,
    PDF,
    SUBJECT,
    VolumeData,
    certificate_path,
    custody_document,
    render_volume,
    write_volume,
)
from timestamping.filelist import ListedFile
from timestamping.letter import Words
from timestamping.letter.clock import Clock
from timestamping.package import PackageParts, build_package

_log = structlog.get_logger(__name__)
WAITING: Final = "waiting"
MADE: Final = "made"
#: How long one try may take before another worker begins anew.
_LEASE: Final = timedelta(minutes=5)
_TITLE: Final = "公证卷宗 Archive volume"


@dataclass(frozen=True)
class Made:
    """Everything of a volume but its deposit; all of it is in the vault."""

    manifest: Kept
    files: tuple[Kept, ...]


class NotYet(Exception):
    """Something that the volume holds is not there yet; the text says what."""


class Archiving:
    def __init__(self, kit: Kit) -> None:
        self._kit, self._tools = kit, kit.tools

    def ask(self, actor: Actor, matter_id: str) -> None:
        """Have the matter's volume made; asking again changes nothing.

        Raises:
            NotFound, Forbidden: not the notary who handles it.
            Conflict: no certificate is out, or another document is still being written.
        """
        with self._tools.database.transaction() as session:
            states = (MatterState.ISSUED, MatterState.ARCHIVED)
            matter = access.handled(session, actor, matter_id, *states)
            if session.get(ArchiveVolume, matter.id) is not None:
                return
            self._check_complete(session, matter)
            now = self._kit.now
            session.add(
                ArchiveVolume(
                    matter_id=matter.id,
                    state=WAITING,
                    next_attempt_at=now,
                    asked_by=actor.id,
                    asked_at=now,
                )
            )
            session.flush()
            record(session, actor, "matter.archive_asked", matter.subject)

    def advance(self) -> int:
        """Make one volume that is due; how many there were."""
        volume = self._taken()
        if volume is None:
            return 0
        try:
            self._make(volume.matter_id)
        except NotYet as error:
            self._waits(volume, str(error), passing=True)
        except PortalError as error:
            self._waits(volume, str(error), passing=True)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is shown and tried again
            wait = wait_for(error)
            self._waits(volume, wait.sentence, passing=wait.passing)
        return 1

    def _check_complete(self, session: Session, matter: Matter) -> None:
        states = {each.state for each in _documents(session, matter)}
        if CertificateState.ISSUED not in states:
            message = "There is no certificate yet; a volume is closed with one."
            raise Conflict("nothing_issued", message)
        if states & {CertificateState.DRAFT, CertificateState.APPROVED}:
            message = "Another document of this matter is still being written; finish it first."
            raise Conflict("draft_open", message)

    def _taken(self) -> ArchiveVolume | None:
        now = self._kit.now
        due = (ArchiveVolume.state == WAITING, ArchiveVolume.next_attempt_at <= now)
        with self._tools.database.reading() as session:
            query = select(ArchiveVolume).where(*due).order_by(ArchiveVolume.next_attempt_at)
            found = session.scalar(query.limit(1))
        if found is None:
            return None
        with self._tools.database.transaction() as session:
            taken = session.execute(
                update(ArchiveVolume)
                .where(ArchiveVolume.matter_id == found.matter_id, *due)
                .where(ArchiveVolume.attempts == found.attempts)
                .values(attempts=found.attempts + 1, next_attempt_at=now + _LEASE)
                .execution_options(synchronize_session=False)
            )
            if taken.rowcount != 1:  # type: ignore[attr-defined]
                return None
            return session.get_one(ArchiveVolume, found.matter_id)

    def _waits(self, volume: ArchiveVolume, sentence: str, *, passing: bool) -> None:
        pause = delay(volume.attempts - 1, passing=passing)
        with self._tools.database.transaction() as session:
            session.execute(
                update(ArchiveVolume)
                .where(ArchiveVolume.matter_id == volume.matter_id)
                .where(ArchiveVolume.state == WAITING, ArchiveVolume.attempts == volume.attempts)
                .values(trouble=sentence[:2000], next_attempt_at=self._kit.now + pause)
                .execution_options(synchronize_session=False)
            )

    def _make(self, matter_id: str) -> None:
        closed_at = self._kit.now.astimezone(UTC).replace(microsecond=0)
        with self._tools.database.reading() as session:
            matter = session.get_one(Matter, matter_id)
            issued = [
                each
                for each in _documents(session, matter)
                if each.state == CertificateState.ISSUED
            ]
            subject = session.get_one(Deposit, matter.deposit_id)
            deposits = [session.get_one(Deposit, each.deposit_id or "") for each in issued]
        if any(each.state != State.ISSUED for each in deposits):
            raise NotYet("A certificate's own deposit has no letter yet.")
        packages = {
            certificate_path(each.number or ""): self._package(deposit)
            for each, deposit in zip(issued, deposits, strict=True)
        }
        packages[SUBJECT] = evidence.package_of(self._kit, subject)
        made = self._keep(matter_id, closed_at, packages)
        try:
            done = self._write(matter_id, made)
        except Exception:
            _log.warning("volume_not_written", matter=matter_id, exc_info=True)
            raise
        if not done:
            sealing.forget(self._kit, (made.manifest, *made.files))

    def _package(self, deposit: Deposit) -> bytes:
        """A certificate's own deposit, whole: letter, proof and files."""
        downloads, letters = self._kit.downloads, self._kit.letters
        letter = downloads.letter_bytes(deposit)
        data = letters.data(deposit, deposit.issued_at or deposit.received_at)
        out = BytesIO()
        build_package(PackageParts(data, letter, None, downloads.folders.opener(deposit)), out)
        return out.getvalue()

    def _keep(self, matter_id: str, closed_at: datetime, packages: dict[str, bytes]) -> Made:
        """The PDF and the extract made, everything into the vault. Reading the parties' particulars
        for it is a look at them, and recorded as one before it is made."""
        settings = self._tools.settings
        with self._tools.database.transaction() as session:
            matter = session.get_one(Matter, matter_id)
            record(session, WORKER, "matter.particulars_read", matter.subject, {"for": "archive"})
        with self._tools.database.reading() as session:
            matter = session.get_one(Matter, matter_id)
            issued = [
                each
                for each in _documents(session, matter)
                if each.state == CertificateState.ISSUED
            ]
            subjects = [matter.subject, *(each.subject for each in issued)]
            entries, end = _entries(session, subjects), head(session)
            custody = custody_document(
                matter.number, subjects, (end.size, end.hash), map(_row, entries)
            )
            shelf = Shelf(
                session,
                matter,
                session.get_one(Deposit, matter.deposit_id),
                self._kit.matters.particulars_of(session, matter),
                issued,
                entries,
                Clock(settings.timezone),
            )
            kept = sealing.keep(self._kit, packages | {CUSTODY: custody})
            listed = [(each.path, each.content.size, each.digests["sha256"]) for each in kept]
            numbers = tuple(each.number or "" for each in issued)
            data = VolumeData(
                matter=matter.number,
                title=certified.MATTERS[matter.template],
                office=Words(settings.office_name_zh, settings.office_name_en),
                closed_at=closed_at,
                certificates=numbers,
                sections=sections_of(shelf, listed),
                custody=custody,
                zone=settings.timezone,
            )
            number = matter.number
        pdf = sealing.keep(self._kit, {PDF: render_volume(data)})
        files = tuple(sorted((*kept, *pdf), key=lambda each: each.path))
        manifest = write_volume(number, data.office, closed_at, numbers, map(_listed, files))
        return Made(sealing.keep(self._kit, {"": manifest})[0], files)

    def _write(self, matter_id: str, made: Made) -> bool:
        """The one transaction; whether it was this one that did it."""
        now = self._kit.now
        with self._tools.database.transaction() as session:
            matter = session.get_one(Matter, matter_id)
            title = f"{_TITLE} {matter.number}"
            deposit = sealing.deposit(
                session, self._kit, matter, made.manifest, made.files, title, VOLUME
            )
            moved = session.execute(
                update(ArchiveVolume)
                .where(ArchiveVolume.matter_id == matter_id, ArchiveVolume.state == WAITING)
                .values(state=MADE, made_at=now, deposit_id=deposit.id, trouble=None)
                .execution_options(synchronize_session=False)
            )
            values: dict[str, Any] = {"state": MatterState.ARCHIVED, "changed_at": now}
            closed = advance(session, Matter, matter_id, MatterState.ISSUED, **values)
            if moved.rowcount != 1 or not closed:  # type: ignore[attr-defined]
                session.rollback()
                return False
            received: dict[str, str | int] = {"kind": VOLUME, "sha256": deposit.sha256}
            detail = {"deposit": deposit.number, "sha256": deposit.sha256}
            acts = [
                Act(WORKER, "deposit.received", deposit.subject, received),
                Act(WORKER, "matter.archived", matter.subject, detail),
            ]
            record_many(session, acts)
        self._tools.nudge()
        return True


def _documents(session: Session, matter: Matter) -> Sequence[Certificate]:
    """All of a matter's documents, in the order they were issued, those being written last."""
    query = select(Certificate).where(Certificate.matter_id == matter.id)
    rows = session.scalars(query).all()
    far = datetime.max.replace(tzinfo=UTC)
    return sorted(rows, key=lambda each: (each.issued_at or far, each.drafted_at))


def _entries(session: Session, subjects: Sequence[str]) -> Sequence[AuditEntry]:
    query = select(AuditEntry).where(AuditEntry.subject.in_(subjects))
    return session.scalars(query.order_by(AuditEntry.seq)).all()


def _row(entry: AuditEntry) -> dict[str, Any]:
    """As its hash covers it, and the hash."""
    columns = {each.key: getattr(entry, each.key) for each in AuditEntry.__mapper__.column_attrs}
    return canonical(columns) | {"hash": entry.hash}


def _listed(kept: Kept) -> ListedFile:
    digests = kept.digests
    return ListedFile(kept.path, kept.content.size, digests["sha256"], digests.get("sm3"))
