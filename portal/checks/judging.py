"""One run of the machine over one matter: the four groups, and the report of them.

Nothing is written here. What needs others (ledgers) comes first, so that a ledger that cannot be
asked costs no second reading of large originals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.checks.content import judge_content
from portal.checks.document import Run, document_of
from portal.checks.evidence import Subject
from portal.checks.ledgers import judge_ledger
from portal.checks.origin import judge_origin
from portal.checks.shapes import CONTENT, LEDGER, ORIGIN, TIME
from portal.checks.times import judge_time
from portal.deposits.tools import Tools

#: Told the group that is judged now and how far it is, in hundredths.
Stage = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Begun:
    """Which run it is."""

    id: str
    n: int
    revision: int
    begun_at: datetime


def judge(tools: Tools, begun: Begun, subject: Subject, stage: Stage) -> dict[str, Any]:
    """Judge everything and make the report.

    Raises:
        LedgerError, VaultError: somebody who is needed cannot answer now.
    """
    started, trust = tools.clock(), tools.trust()
    stage(LEDGER, 0)
    ledger = judge_ledger(subject, tools.ledgers, trust.ledger)
    stage(TIME, 0)
    time = judge_time(subject, trust)
    stage(ORIGIN, 0)
    origin = judge_origin(subject, tools.vault, trust)
    stage(CONTENT, 0)
    content = judge_content(
        subject, tools.vault, lambda done, total: stage(CONTENT, 100 * done // max(total, 1))
    )
    run = Run(begun.id, begun.n, begun.revision, begun.begun_at, started, tools.clock())
    return document_of(run, subject, trust, (content, time, ledger, origin))
