"""What the rest of the portal may ask of the custody log beyond writing to it. No Flask in here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, Literal, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import problems
from portal.audit.actor import Actor
from portal.audit.anchoring import SUBJECT, Anchoring
from portal.audit.anchoring import Tools as AnchoringTools
from portal.audit.export import as_lines, as_table
from portal.audit.models import AuditAnchor
from portal.audit.proving import (
    AnchorReport,
    Anchors,
    CustodyReport,
    prove,
    prove_anchor,
    stored_hash,
)
from portal.audit.service import Head, head, record, verify_chain, walk
from timestamping.package_trust import PackageTrust

Form = Literal["csv", "jsonl"]
_PAGE: Final = 20


class Tools(AnchoringTools, Protocol):
    """What proving needs beside what anchoring does."""

    def trust(self) -> PackageTrust: ...


class Custody:
    """The custody log's use cases. Roles are checked by the views."""

    def __init__(self, tools: Tools, anchor_hours: int) -> None:
        self._tools = tools
        self.anchoring = Anchoring(tools, anchor_hours)

    def housekeeping(self) -> None:
        """The daily anchor."""
        if self.anchoring.daily() is not None:
            self.anchoring.advance()

    def advance(self) -> int:
        """Move the anchors that are due; for workers."""
        return self.anchoring.advance()

    def prove(self, actor: Actor, *, with_ledger: bool = False) -> CustodyReport:
        """Prove the chain and every anchor; that it was done is an entry too.

        Args:
            with_ledger: also read the ledger through for anchors that are no longer here. It takes
                as long as the ledger is.
        """
        with self._tools.database.reading() as session:
            report = prove(session, self._anchors(with_ledger))
        bad = report.failed
        detail: dict[str, str | int] = {"entries": report.chain.size}
        detail |= {"anchors": len(report.anchors), "outcome": bad.code if bad else "intact"}
        with self._tools.database.transaction() as session:
            record(session, actor, "audit.verified", SUBJECT, detail)
        return report

    def anchors(self, below: int | None = None, size: int = _PAGE) -> list[AnchorReport]:
        """The latest anchors of heads smaller than ``below``, each verified by itself: that the
        log before it is intact, only :meth:`prove` shows."""
        query = select(AuditAnchor).order_by(AuditAnchor.size.desc()).limit(size)
        if below is not None:
            query = query.where(AuditAnchor.size < below)
        by = self._anchors()
        with self._tools.database.reading() as session:
            anchors = session.scalars(query).all()
            return [prove_anchor(each, stored_hash(session, each.size), by) for each in anchors]

    def anchor(self, anchor_id: str) -> AnchorReport:
        """One anchor, with the whole chain before it proved.

        Raises:
            NotFound: no such anchor.
        """
        with self._tools.database.reading() as session:
            anchor = session.get(AuditAnchor, anchor_id)
            if anchor is None:
                raise problems.NotFound("anchor_not_found", "There is no such anchor.")
            chain = verify_chain(session, (anchor.size,))
        return prove_anchor(anchor, chain.marks.get(anchor.size), self._anchors())

    def export(self, actor: Actor, form: Form) -> Iterator[bytes]:
        """The whole log, its taking away included; recorded before the first piece is given."""
        with self._tools.database.transaction() as session:
            record(session, actor, "audit.exported", SUBJECT, {"what": "whole log", "form": form})
            end = head(session)
        return self._pieces(form, end)

    def _pieces(self, form: Form, end: Head) -> Iterator[bytes]:
        with self._tools.database.reading() as session:
            entries = walk(session, end.size)
            if form == "csv":
                yield from as_table(entries)
                return
            fitting = (each for each in _all_anchors(session) if each.size <= end.size)
            yield from as_lines(end, entries, fitting, whole=True)

    def _anchors(self, with_ledger: bool = False) -> Anchors:
        trust = self._tools.trust()
        ledger = self._tools.ledger if with_ledger else None
        return Anchors(
            trust.certificates, self._tools.ledger_trust(), ledger, self._tools.entry_key.key_id
        )


def _all_anchors(session: Session) -> Iterator[AuditAnchor]:
    yield from session.scalars(select(AuditAnchor).order_by(AuditAnchor.size))


def last_anchored(session: Session) -> datetime | None:
    """When a head last reached the ledger; for those who watch."""
    query = select(AuditAnchor.anchored_at).where(AuditAnchor.anchored_at.is_not(None))
    return session.scalar(query.order_by(AuditAnchor.size.desc()).limit(1))
