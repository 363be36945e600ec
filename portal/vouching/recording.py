"""What a reading found, written down: standing, voucher, custody entry and, if need be, the alarm,
in one transaction."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.service import Detail, record
from portal.deposits.models import Deposit
from portal.deposits.tools import Tools
from portal.privacy.models import Erasure, ErasureState
from portal.vouching.alarm import Post, tell_operators
from portal.vouching.judging import Finding
from portal.vouching.models import Outcome, Voucher, VouchStanding
from portal.vouching.picking import AGAIN

_log = structlog.get_logger(__name__)


class Recording:
    def __init__(self, tools: Tools, post: Post) -> None:
        self._tools, self._post = tools, post

    def record(self, actor: Actor, deposit: Deposit, finding: Finding) -> None:
        """Write down what was found.

        What concerns content that was erased while it was read is dropped: its absence is no
        fault.
        """
        now = self._tools.clock()
        with self._tools.database.transaction() as session:
            fresh = session.get_one(Deposit, deposit.id, with_for_update=True)
            standing = session.get(VouchStanding, deposit.id)
            if fresh.erased_at != deposit.erased_at or _is_being_erased(session, deposit.id):
                if standing is not None:  # gone, or going: it loses its standing either way
                    session.delete(standing)
                return
            self._note(session, standing, finding, now)
            self._keep(session, actor, fresh, finding, now)
            if finding.outcome is Outcome.TAMPERED and _is_news(standing):
                self._alarm(session, actor, fresh, finding, standing, now)

    def _keep(
        self, session: Session, actor: Actor, deposit: Deposit, finding: Finding, now: datetime
    ) -> None:
        faults = json.dumps([asdict(each) for each in finding.faults], ensure_ascii=False)
        if finding.outcome is Outcome.UNKNOWN:
            faults = json.dumps([{"detail": finding.trouble}], ensure_ascii=False)
        session.add(
            Voucher(
                deposit_id=deposit.id,
                at=now,
                outcome=finding.outcome,
                faults=faults,
                size=finding.size,
                milliseconds=finding.milliseconds,
                by=(actor.id or "worker")[:36],
            )
        )
        detail: Detail = {"outcome": str(finding.outcome), "bytes": finding.size}
        record(session, actor, "deposit.reread", deposit.subject, detail)

    def _note(
        self, session: Session, standing: VouchStanding | None, finding: Finding, now: datetime
    ) -> None:
        if standing is None:  # a digest alone, or not issued yet: nothing is read in turn
            return
        standing.asked_at = standing.asked_by = None
        if finding.outcome is Outcome.UNKNOWN:
            standing.trouble, standing.claimed_until = finding.trouble, now + AGAIN
            return
        standing.trouble = standing.claimed_until = None
        standing.checked_at = standing.read_at = now
        standing.outcome = finding.outcome
        if finding.outcome is Outcome.UNTAMPERED:
            standing.alarmed_at = standing.settled_at = standing.settled_by = None

    def _alarm(
        self,
        session: Session,
        actor: Actor,
        deposit: Deposit,
        finding: Finding,
        standing: VouchStanding | None,
        now: datetime,
    ) -> None:
        if standing is None:
            standing = VouchStanding(
                deposit_id=deposit.id, read_at=now, checked_at=now, outcome=finding.outcome
            )
            session.add(standing)
        standing.alarmed_at, standing.settled_at, standing.settled_by = now, None, None
        told = tell_operators(
            self._post, session, deposit, finding.faults, self._tools.settings.base_url
        )
        first = finding.faults[0]
        detail: Detail = {
            "check": first.number,
            "code": first.code,
            "what": first.detail,
            "faults": len(finding.faults),
        }
        record(session, actor, "deposit.tampered", deposit.subject, detail)
        _log.error("tampered", deposit=deposit.id, code=first.code, detail=first.detail, told=told)


def _is_being_erased(session: Session, deposit_id: str) -> bool:
    open_one = select(Erasure.id).where(
        Erasure.open_for == deposit_id, Erasure.state == ErasureState.ERASING
    )
    return session.scalar(open_one) is not None


def _is_news(standing: VouchStanding | None) -> bool:
    return standing is None or standing.alarmed_at is None
