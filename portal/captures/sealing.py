"""Sealing: one transaction in which a capture ends and a deposit begins.

All files are in the vault already. A process killed before the commit leaves the capture under
review, one killed after it the deposit; whoever seals again gets the same deposit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog
from sqlalchemy import Table, delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chain_adapter import Digest
from forensics.desktop.interface import Terminal
from portal.audit.actor import Actor
from portal.audit.service import Act, record_many
from portal.captures.access import changeable, readable
from portal.captures.kit import Kit, actor_of, move
from portal.captures.models import Capture, CaptureFile, CaptureState
from portal.cases.filing import Filing
from portal.deposits.drafts import columns_of, new_draft
from portal.deposits.models import Deposit, DepositFile
from portal.deposits.records import Metadata
from portal.organisations.acting import acting_for
from portal.problems import Conflict, PortalError

_log = structlog.get_logger(__name__)
KIND: Final = "capture"
#: A number met twice, once in a great while.
_TRIES: Final = 3
_DEPOSITS: Final[Table] = Deposit.__table__  # type: ignore[assignment]
_FILES: Final[Table] = DepositFile.__table__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Said:
    """What the person says of it; it is committed with the deposit."""

    title: str
    note: str


class Sealing:
    def __init__(self, kit: Kit, filing: Filing) -> None:
        self._kit, self._tools, self._filing = kit, kit.tools, filing

    def seal(self, actor: Actor, capture_id: str, said: Said) -> str:
        """Deposit what was captured; the deposit's id. Idempotent.

        Raises:
            NotFound, Forbidden: see :func:`portal.captures.access.changeable`.
            Conflict: there is nothing to seal (yet).
            BadInput: title or note do not fit.
        """
        actor = self._for_its_holder(actor, capture_id)
        for _ in range(_TRIES):
            try:
                deposit_id, case_id = self._write(actor, capture_id, said)
            except IntegrityError:  # the same number by chance
                continue
            self._tools.nudge()
            if case_id is not None:
                self._file(actor, deposit_id, case_id)
            return deposit_id
        raise Conflict("busy", "The deposit could not be recorded; send it again.")

    def advance(self) -> int:
        """Seal what was to be sealed without a person's review, when it is complete."""
        query = select(Capture).where(
            Capture.state == CaptureState.REVIEW,
            Capture.seal_itself.is_(True),
            Capture.terminal == Terminal.COMPLETE.value,
        )
        with self._tools.database.reading() as session:
            rows = session.scalars(query.limit(20)).all()
        return sum(self._by_itself(each) for each in rows)

    def _by_itself(self, capture: Capture) -> bool:
        actor = actor_of(capture.actor, self._kit)
        try:
            if actor is None:
                raise Conflict("not_a_member", "Who asked for it left the organisation.")
            self.seal(actor, capture.id, Said(capture.title, capture.purpose))
        except PortalError as error:
            # It waits for a person's review instead; the page says why.
            _log.warning("capture_not_sealed", capture=capture.id, reason=str(error))
            with self._tools.database.transaction() as session:
                row = session.get_one(Capture, capture.id)
                row.seal_itself, row.wait_detail = False, str(error)[:2000]
            return False
        return True

    def _for_its_holder(self, actor: Actor, capture_id: str) -> Actor:
        """The actor in the name of whom it was captured for, whatever name they act in now."""
        with self._tools.database.reading() as session:
            capture = readable(session, actor, capture_id)
        if capture.organisation_id == (actor.organisation or None):
            return actor
        plain = replace(actor, organisation="", organisation_role="", organisation_name="")
        if capture.organisation_id is None:
            return plain
        return acting_for(self._tools.database, plain, capture.organisation_id) or plain

    def _write(self, actor: Actor, capture_id: str, said: Said) -> tuple[str, str | None]:
        """The one transaction; the deposit's id and, when it is new, the case it shall go into."""
        with self._tools.database.transaction() as session:
            capture = changeable(session, actor, capture_id)
            if capture.deposit_id is not None:
                return capture.deposit_id, None
            if capture.state != CaptureState.REVIEW:
                raise Conflict("capture_not_ready", "This capture cannot be sealed now.")
            files = _files(session, capture)
            deposit = self._deposit(actor, capture, said)
            session.execute(insert(_DEPOSITS), columns_of(deposit))
            session.execute(insert(_FILES), [_row(deposit.id, each) for each in files])
            move(
                *(session, capture, CaptureState.REVIEW, CaptureState.SEALED),
                deposit_id=deposit.id,
                title=said.title or capture.title,
                ended_at=deposit.received_at,
            )
            session.execute(delete(CaptureFile).where(CaptureFile.capture_id == capture.id))
            record_many(session, _acts(actor, capture, deposit, len(files)))
            return deposit.id, capture.case_id

    def _deposit(self, actor: Actor, capture: Capture, said: Said) -> Deposit:
        values = {"sha256": capture.sha256, "sm3": capture.sm3}
        deposit = new_draft(
            self._tools,
            actor,
            [Digest.parse(name, value) for name, value in values.items() if value],
            Metadata(said.title or capture.title, said.note, "", ""),
            kind=KIND,
            size=capture.size,
            idempotency_key=None,
            files={"count": capture.file_count or 0, "seen": True},
        )
        # Whoever of an organisation seals it: it stays the deposit of who captured it.
        deposit.owner_id = capture.owner_id
        deposit.vault_key = capture.manifest_key
        return deposit

    def _file(self, actor: Actor, deposit_id: str, case_id: str) -> None:
        """Into its case. Should that fail (it was closed meanwhile), the deposit stands."""
        try:
            self._filing.move(actor, [deposit_id], case_id)
        except PortalError as error:
            _log.info("capture_not_filed", deposit=deposit_id, reason=str(error))


def _files(session: Session, capture: Capture) -> Sequence[CaptureFile]:
    query = select(CaptureFile).where(CaptureFile.capture_id == capture.id)
    files = session.scalars(query.order_by(CaptureFile.position)).all()
    if len(files) != capture.file_count or not files:
        raise Conflict("capture_not_ready", "This capture cannot be sealed now.")
    return files


def _row(deposit_id: str, file: CaptureFile) -> dict[str, Any]:
    names = ("position", "path", "size", "sha256", "sm3", "vault_key")
    return {"deposit_id": deposit_id, **{name: getattr(file, name) for name in names}}


def _acts(actor: Actor, capture: Capture, deposit: Deposit, files: int) -> list[Act]:
    made: dict[str, str | int] = {"kind": KIND, "sha256": deposit.sha256, "files": files}
    made |= {"capture": capture.id, "terminal": capture.terminal or ""}
    sealed: dict[str, str | int] = {"deposit": deposit.number, "sha256": deposit.sha256}
    sealed["terminal"] = capture.terminal or ""
    return [
        Act(actor, "deposit.received", deposit.subject, made),
        Act(actor, "capture.sealed", capture.subject, sealed),
    ]
