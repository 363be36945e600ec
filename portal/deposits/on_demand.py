"""Letters of deposits that came by the thousand: made when first asked for, and then kept.

Such a deposit is issued with its proof. Its letter is dated then, and says what was fixed then;
what is made when somebody asks is only the paper. No record, no letter: there is nothing to ask
for before the deposit is issued.
"""

from __future__ import annotations

import secrets
from datetime import datetime

import structlog
from sqlalchemy import select, update

from chain_adapter import LedgerError
from portal.audit.service import record
from portal.deposits.letters import Letters
from portal.deposits.models import Deposit
from portal.deposits.steps import WORKER
from portal.deposits.tools import Tools
from portal.problems import Conflict, Unavailable
from portal.storage import VaultError
from timestamping.errors import TimestampError
from timestamping.pdf.errors import PdfError

_log = structlog.get_logger(__name__)


class OnDemand:
    """Thread-safe; when several ask at once, the letter kept first is everybody's."""

    def __init__(self, tools: Tools, letters: Letters) -> None:
        self._tools = tools
        self._letters = letters

    def with_letter(self, deposit: Deposit) -> Deposit:
        """``deposit`` with its letter, which is made now when there is none yet.

        Raises:
            Conflict: it is not issued yet.
            Unavailable: it cannot be sealed or kept just now.
        """
        if deposit.letter_key is not None:
            return deposit
        if not deposit.has_letter or deposit.issued_at is None:
            raise Conflict("letter_pending", "There is no letter yet; the deposit says why.")
        try:
            key, digest = self._made(deposit, deposit.issued_at)
        except (PdfError, TimestampError, LedgerError, VaultError) as error:
            _log.warning("letter_not_made", subject=deposit.subject, why=str(error))
            message = "The letter cannot be made just now; try again in a moment."
            raise Unavailable("letter_unavailable", message) from error
        if not self._kept(deposit, key, digest):
            self._tools.vault.delete(key)  # somebody else's is the deposit's; ours was never shown
        with self._tools.database.reading() as session:
            return session.scalars(select(Deposit).where(Deposit.id == deposit.id)).one()

    def _made(self, deposit: Deposit, moment: datetime) -> tuple[str, str]:
        letter = self._letters.issue(deposit, moment)
        stored = self._tools.vault.put(f"letter/{deposit.id}/{secrets.token_hex(8)}", letter)
        return stored.key, stored.content.sha256.hex

    def _kept(self, deposit: Deposit, key: str, digest: str) -> bool:
        with self._tools.database.transaction() as session:
            result = session.execute(
                update(Deposit)
                .where(Deposit.id == deposit.id, Deposit.letter_key.is_(None))
                .values(letter_key=key, letter_sha256=digest)
                .execution_options(synchronize_session=False)
            )
            if result.rowcount != 1:  # type: ignore[attr-defined]
                return False
            detail = {"letter_sha256": digest}
            record(session, WORKER, "deposit.letter_made", deposit.subject, detail)
        return True
