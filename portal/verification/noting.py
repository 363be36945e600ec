"""When somebody of the office verifies, that is part of the chain of custody."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from portal.audit.actor import Actor
from portal.audit.service import record
from portal.database import Database
from portal.deposits.models import Deposit
from portal.verification.report import Report

STAFF: Final = ("notary", "auditor", "operator", "administrator")


def note(database: Database, actor: Actor, report: Report | None) -> None:
    """Record what a member of staff verified and what came of it. Others leave no trace: anybody
    may verify, and nobody is to be watched doing so."""
    if report is None or not actor.has(*STAFF):
        return
    with database.transaction() as session:
        subject = "verification:"
        if report.found is not None:
            query = select(Deposit.id).where(Deposit.number == report.found.number)
            deposit_id = session.scalar(query)
            subject = f"deposit:{deposit_id}" if deposit_id else subject
        detail = {"what": report.subject, "answer": str(report.answer)}
        record(session, actor, "verification.made", subject, detail)
