"""The recording of a capture, for the notary who checks where it came from. Each look is recorded
in the matter's log; looking on within minutes is the same look."""

from __future__ import annotations

from datetime import timedelta
from typing import BinaryIO, Final, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from chain_adapter import Digest
from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.audit.service import record
from portal.deposits.captured import Captured, Kept, read_captured
from portal.deposits.folders import CAPTURE
from portal.deposits.models import Deposit, DepositFile
from portal.deposits.tools import Tools
from portal.matters import access
from portal.matters.models import Matter
from portal.problems import Gone, NotFound
from portal.storage import Missing, VaultError
from portal.vault_problems import vault_problem

VIEWED: Final = "check.recording_viewed"
_SAME_LOOK: Final = timedelta(minutes=10)
#: A picture or segment larger than this is not shown, bytes.
_MOST_SHOWN: Final = 128 << 20


class Recordings:
    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def look(self, actor: Actor, matter_id: str) -> tuple[str, Captured]:
        """What was captured, and the id of its deposit.

        Raises:
            NotFound: no such matter for the actor, or it is about no capture.
            Gone: the content was erased.
        """
        deposit, files = self._files(actor, matter_id)
        if deposit.erased_at is not None:
            raise Gone("content_erased", "The recording was erased; only its proof is left.")

        def opener(file: Kept) -> BinaryIO:
            return cast(BinaryIO, self._tools.vault.open(file.vault_key or ""))

        try:
            return deposit.id, read_captured(files, opener)
        except Missing as error:
            raise NotFound("content_gone", "The content is no longer kept.") from error
        except VaultError as error:
            raise vault_problem(error) from error

    def shown(self, actor: Actor, matter_id: str, position: int) -> tuple[Kept, bytes]:
        """A picture or segment, whole. Raises as :meth:`look`."""
        _, files = self._files(actor, matter_id)
        file = files[position] if 0 <= position < len(files) else None
        if file is None or not file.path.endswith((".png", ".mp4")) or file.size > _MOST_SHOWN:
            raise NotFound("file_not_found", "There is no such file in this capture.")
        if file.vault_key is None:
            raise Gone("content_erased", "The content of this file was erased.")
        try:
            return file, self._tools.vault.read(file.vault_key, Digest.parse("sha256", file.sha256))
        except Missing as error:
            raise NotFound("content_gone", "The content is no longer kept.") from error
        except VaultError as error:
            raise vault_problem(error) from error

    def _files(self, actor: Actor, matter_id: str) -> tuple[Deposit, list[Kept]]:
        with self._tools.database.transaction() as session:
            matter = access.seen_by_office(session, actor, matter_id)
            deposit = session.get_one(Deposit, matter.deposit_id)
            if deposit.kind != CAPTURE:
                raise NotFound("no_recording", "This matter is about no recording.")
            query = select(DepositFile).where(DepositFile.deposit_id == deposit.id)
            rows = session.scalars(query.order_by(DepositFile.position)).all()
            self._record(session, actor, matter)
        return deposit, [
            Kept(row.position, row.path, row.size, row.sha256, row.vault_key) for row in rows
        ]

    def _record(self, session: Session, actor: Actor, matter: Matter) -> None:
        lately = select(AuditEntry.seq).where(
            AuditEntry.subject == matter.subject,
            AuditEntry.action == VIEWED,
            AuditEntry.actor_id == actor.id,
            AuditEntry.at > self._tools.clock() - _SAME_LOOK,
        )
        if session.scalar(lately.limit(1)) is None:
            record(session, actor, VIEWED, matter.subject)
